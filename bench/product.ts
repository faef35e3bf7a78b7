import { type Figure, atMost, below } from './figure.ts'
import { median, quantile } from './histogram.ts'
import { type Bench, type Row, pause } from './row.ts'
import type { SeedOrder } from './seed.ts'
import { type Waymark, startWaymark } from './server.ts'
import { type EngineName, freshStore } from './stores.ts'
import { runTask } from './task.ts'
import { FREQUENT } from './visits.ts'

const DAY_MS = 86_400_000
const DAYS_A_MILLION = 90
const TENFOLD = 10
const P95_MS: Record<EngineName, number> = { duckdb: 100, postgres: 500 }
const P95_TENFOLD_MS = 500

/** Every report of a product, over a million events and ten. */
export const product: Row = {
  name: 'product',
  steps: (bench) => sizes(bench).length * 2,
  run: async (bench) => {
    const measured = []
    for (const events of sizes(bench)) measured.push(await measure(bench, events))
    const [small, large] = measured
    const growth: Figure[] =
      small && large
        ? [...small.medians].filter(([what]) => what.endsWith(LAST_30)).map(([what, value]) => ({ what: `growth of ${what}, from a million to ten`, value: (large.medians.get(what) as number) / value, unit: 'ratio', target: atMost(2) }))
        : []
    return [...measured.flatMap(({ figures }) => figures), ...growth]
  },
}

/** Ten million only where it was asked for, and in the embedded store. */
function sizes({ pick, full, engine }: Pick<Bench, 'pick' | 'full'> & Partial<Bench>): number[] {
  const events = pick(1_000_000, 200_000)
  return full && engine !== 'postgres' ? [events, TENFOLD * events] : [events]
}

const ALL_TIME = 'all time'
const LAST_30 = '30 days'

async function measure(bench: Bench, events: number): Promise<{ figures: Figure[]; medians: Map<string, number> }> {
  const size = `${(events / 1e6).toLocaleString('en-US')} M events`
  const days = Math.max(DAYS_A_MILLION, (events / 1e6) * DAYS_A_MILLION)
  bench.step(`product: ${size} into the store`)
  const store = await freshStore(bench.engine)
  const first = await startWaymark(store)
  const { projectKey } = (await first.ask('POST', '/v1/projects', { name: 'Bench' })) as { projectKey: string }
  await first.stop()
  await runTask<SeedOrder, { seconds: number }>(new URL('./seed.js', import.meta.url), { dataDir: store.dataDir, databaseUrl: store.databaseUrl, of: { project: projectKey }, events, days })

  bench.step(`product: questions over ${size}`)
  const server = await startWaymark(store)
  await pause(bench.pick(5_000, 1_000))
  const large = events > 2_000_000
  const times = large ? bench.pick(10, 3) : bench.pick(20, 5)
  const medians = new Map<string, number>()
  const figures: Figure[] = []
  for (const [what, ask] of questions(server, projectKey)) {
    for (const range of [LAST_30, ALL_TIME]) {
      const from = range === LAST_30 ? new Date(Date.now() - 30 * DAY_MS).toISOString() : undefined
      const took = await timed(times, () => ask(from))
      const name = `${what}, ${range}`
      medians.set(name, median(took))
      // The design leaves out funnels over all of ten million events.
      const target = large ? (what.startsWith('funnel') && range === ALL_TIME ? undefined : below(P95_TENFOLD_MS)) : below(P95_MS[bench.engine])
      figures.push({ what: `${size}: ${name}: p95`, value: quantile(took, 0.95), unit: 'ms', ...(target ? { target } : {}), note: `median ${median(took).toFixed(1)} ms of ${times}` })
    }
  }
  const { most } = server.memory()
  await server.stop()
  await store.drop()
  figures.push({ what: `${size}: memory at most`, value: most, unit: 'MB', target: below(700) })
  return { figures, medians }
}

/** Each report by its name, asked from a moment on. */
function questions(server: Waymark, projectKey: string): [string, (from: string | undefined) => Promise<unknown>][] {
  const get = (path: string) => (from: string | undefined) => server.ask('GET', `/v1/reports/${path}${path.includes('?') ? '&' : '?'}projectKey=${projectKey}${from ? `&from=${from}` : ''}`)
  const post = (path: string, body: object) => (from: string | undefined) => server.ask('POST', `/v1/reports/${path}`, { projectKey, ...body, ...(from ? { from } : {}) })
  const steps = ['app_open', 'screen_view', 'login_success', 'purchase_success']
  return [
    ['overview', get('overview')],
    ['top events', get('top-events?limit=10')],
    ['by day', get('events-timeseries?interval=day')],
    ['by day in New York', get('events-timeseries?interval=day&timezone=America/New_York')],
    ['one event by week', get('events-timeseries?interval=week&eventName=search')],
    ['funnel of 4 steps', post('funnel', { steps })],
    ['funnel of 4 steps within a day', post('funnel', { steps, windowSeconds: 86_400 })],
    ['funnel of 20 steps', post('funnel', { steps: FREQUENT.slice(0, 20) })],
    ['conversion', get('conversion?eventName=purchase_success')],
    ['retention by week', get('retention?interval=week')],
    ['paths after an event', post('paths', { eventName: 'search' })],
    ['users by country', post('query', { metrics: ['events', 'users'], by: ['country'] })],
    ['users by a property', post('query', { metrics: ['events', 'users'], by: ['property:plan'] })],
    ['overview of a property', get('overview?filter[plan]=team')],
  ]
}

/** How long each of so many took, in ms, after one to warm up. */
async function timed(count: number, work: () => Promise<unknown>): Promise<number[]> {
  await work()
  const took: number[] = []
  for (let i = 0; i < count; i++) {
    const start = performance.now()
    await work()
    took.push(performance.now() - start)
  }
  return took
}
