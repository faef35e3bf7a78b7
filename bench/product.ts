import { type Figure, atMost, below } from './figure.ts'
import { median, quantile } from './histogram.ts'
import { type Bench, type Row, pause, timed } from './row.ts'
import type { SeedOrder } from './seed.ts'
import { type Waymark, startWaymark } from './server.ts'
import { type EngineName, type Store, freshStore } from './stores.ts'
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
  const projectKey = await seedProduct(store, events, days)

  bench.step(`product: questions over ${size}`)
  // Longer than one who asks is made to wait: what takes too long is a figure, too.
  const server = await startWaymark(store, { REPORT_TIMEOUT_MS: '60000' })
  await pause(bench.pick(5_000, 1_000))
  const large = events > 2_000_000
  const times = large ? bench.pick(10, 3) : bench.pick(20, 5)
  const took = await askAll(server, projectKey, times)
  const figures: Figure[] = [...took].map(([name, durations]) => {
    // The design leaves out funnels over all of ten million events.
    const target = large ? (name.startsWith('funnel') && name.endsWith(ALL_TIME) ? undefined : below(P95_TENFOLD_MS)) : below(P95_MS[bench.engine])
    return { what: `${size}: ${name}: p95`, value: quantile(durations, 0.95), unit: 'ms', ...(target ? { target } : {}), note: `median ${median(durations).toFixed(1)} ms of ${times}` }
  })
  const { most } = server.memory()
  await server.stop()
  await store.drop()
  figures.push({ what: `${size}: memory at most`, value: most, unit: 'MB', target: below(700) })
  return { figures, medians: new Map([...took].map(([name, durations]) => [name, median(durations)])) }
}

/** Fills a store with so many believable events of a product over so many days up to now, and gives the product's key. */
export async function seedProduct(store: Store, events: number, days: number): Promise<string> {
  const first = await startWaymark(store)
  const { projectKey } = (await first.ask('POST', '/v1/projects', { name: 'Bench' })) as { projectKey: string }
  await first.stop()
  await runTask<SeedOrder, { seconds: number }>(new URL('./seed.js', import.meta.url), { dataDir: store.dataDir, databaseUrl: store.databaseUrl, of: { project: projectKey }, events, days })
  return projectKey
}

/** Asks for each report of a product so many times over 30 days and over all time. Gives how long each took, in ms, by the report's name and range. */
export async function askAll(server: Waymark, projectKey: string, times: number): Promise<Map<string, number[]>> {
  const took = new Map<string, number[]>()
  for (const [what, ask] of questions(server, projectKey)) {
    for (const range of [LAST_30, ALL_TIME]) {
      // Each is another question by a millisecond: an answer that is given again says nothing of the engine.
      let at = Date.now()
      const askAnew = () => ask(range === LAST_30 ? { from: new Date(at++ - 30 * DAY_MS).toISOString() } : { to: new Date(at++ + DAY_MS).toISOString() })
      // One to warm up.
      await askAnew()
      took.set(`${what}, ${range}`, await timed(times, askAnew))
    }
  }
  return took
}

/** From a moment on, or up to one. */
type Range = { from: string } | { to: string }

/** Each report by its name, asked in a range. */
function questions(server: Waymark, projectKey: string): [string, (range: Range) => Promise<unknown>][] {
  const get = (path: string) => (range: Range) => server.ask('GET', `/v1/reports/${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams({ projectKey, ...range })}`)
  const post = (path: string, body: object) => (range: Range) => server.ask('POST', `/v1/reports/${path}`, { projectKey, ...body, ...range })
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
