import { createSkew, randomFrom } from '../src/cli/crowd.ts'
import { type Figure, atMost, below } from './figure.ts'
import { median, quantile } from './histogram.ts'
import { type Bench, type Row, pause, timed } from './row.ts'
import type { SeedOrder } from './seed.ts'
import { KEY, type Waymark, startWaymark } from './server.ts'
import { type EngineName, freshStore } from './stores.ts'
import { runTask } from './task.ts'
import { sendLoad } from './traffic.ts'

const LINKS = 500
const DAY_MS = 86_400_000
const DAYS_A_MILLION = 90
const P95_MS: Record<EngineName, number> = { duckdb: 100, postgres: 500 }

/** A link's numbers over a store of a million events; memory and start with that much in it. */
export const reports: Row = {
  name: 'reports',
  steps: ({ full }) => (full ? 8 : 4),
  run: async (bench) => {
    const events = bench.pick(1_000_000, 200_000)
    const small = await measure(bench, events)
    if (!bench.full) return small.figures
    const large = await measure(bench, 10 * events)
    return [
      ...small.figures,
      ...large.figures,
      {
        what: "growth of a link's last 30 days, from a million to ten",
        value: large.month / small.month,
        unit: 'ratio',
        target: atMost(2),
        note: 'ten times the events in ten times the days: the thirty days hold as many',
      },
    ]
  },
}

async function measure(bench: Bench, events: number): Promise<{ figures: Figure[]; month: number }> {
  const name = `${(events / 1e6).toLocaleString('en-US')} M events`
  bench.step(`reports: ${name} into the store`)
  const store = await freshStore(bench.engine)
  const first = await startWaymark(store)
  const links = await first.makeLinks(LINKS)
  await first.stop()
  const empty = (await store.size()).store
  const { seconds } = await runTask<SeedOrder, { seconds: number }>(new URL('./seed.js', import.meta.url), {
    dataDir: store.dataDir,
    databaseUrl: store.databaseUrl,
    of: { links },
    events,
    days: Math.max(DAYS_A_MILLION, (events / 1e6) * DAYS_A_MILLION),
  })
  const size = await store.size()

  bench.step(`reports: start on ${name}, idle`)
  const server = await startWaymark(store)
  await pause(bench.pick(45_000, 5_000))
  const idle = server.memory().now

  bench.step(`reports: questions over ${name}`)
  const questions = bench.pick(200, 40)
  await ask(server, links, 5)
  const drawn = await ask(server, links, questions)
  const top = links[0] as string
  const busiest = await timed(bench.pick(30, 10), () => statsOf(server, top, null))
  const month = await timed(bench.pick(30, 10), () => statsOf(server, top, 30))

  bench.step(`reports: questions and load over ${name}`)
  const load = sendLoad({ port: server.port, connections: 16, requests: { kind: 'clicks', links, key: KEY, size: 100 }, expect: 200, warmupSeconds: 0, rate: 50, seconds: bench.pick(10, 4) })
  const loaded: number[] = []
  let done = false
  void load.finally(() => (done = true)).catch(() => undefined)
  while (!done) loaded.push(...(await ask(server, links, 5)))
  await load
  const { most } = server.memory()
  await server.stop()
  await store.drop()

  const target = below(P95_MS[bench.engine])
  const figures: Figure[] = [
    { what: `a link's numbers over ${name}: p50`, value: quantile(drawn, 0.5), unit: 'ms', note: `${questions} questions for links drawn like their clicks, over all time, 30 or 7 days; each is five reports` },
    { what: 'p95', value: quantile(drawn, 0.95), unit: 'ms', target },
    { what: 'of the busiest link over all time: p95', value: quantile(busiest, 0.95), unit: 'ms', target },
    { what: 'of the busiest link over 30 days: p50', value: median(month), unit: 'ms' },
    { what: 'p95 while 5,000 events/s come in', value: quantile(loaded, 0.95), unit: 'ms', note: `${loaded.length} questions, each of which waits until all acknowledged events are in the store` },
    { what: `memory, ${name}, idle`, value: idle, unit: 'MB', target: below(150) },
    { what: `memory at most, ${name}, questions and load`, value: most, unit: 'MB', target: below(700) },
    { what: `start to the first answer, ${name}`, value: server.startMs / 1000, unit: 's', target: below(1.5) },
    { what: 'on the disk, per million events', value: (size.store - empty) / events, unit: 'MB', note: `put there in ${seconds.toFixed(0)} s` },
  ]
  return { figures, month: median(month) }
}

/** Asks for the numbers of links drawn like their clicks, over a range drawn too; how long each took, in ms. */
async function ask(server: Waymark, links: readonly string[], count: number): Promise<number[]> {
  const random = randomFrom(4)
  const link = createSkew(links.length, 1, random)
  return timed(count, () => statsOf(server, links[link()] as string, [null, 30, 7][Math.floor(random() * 3)] as number | null))
}

let asked = 0

async function statsOf(server: Waymark, link: string, days: number | null): Promise<void> {
  // Each is another question: an answer that is given again says nothing of the engine.
  const at = Date.now() + asked++
  const range = days === null ? `to=${new Date(at + DAY_MS).toISOString()}` : `from=${new Date(at - days * DAY_MS).toISOString()}`
  await server.ask('GET', `/api/link-tracking/links/${link}/stats?${range}`)
}
