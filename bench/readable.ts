import { type Figure, atMost, below } from './figure.ts'
import { quantile } from './histogram.ts'
import { type Bench, type Row, pause } from './row.ts'
import { KEY, type Waymark, startWaymark } from './server.ts'
import { freshStore } from './stores.ts'
import { oddities, sendLoad } from './traffic.ts'

const RATE = 1_000
const CONNECTIONS = 64
const LINKS = 200
/** Links that are clicked once each, so that their numbers tell whether that click can be read. */
const FRESH_LINKS = 1_000
const POLL_MS = 20
const FLUSHED = 'waymark_journal_group_events_sum'
const LOADED = 'waymark_loader_events_total'

/** How soon what was acknowledged is in a report, under a steady load: when somebody asks, and when nobody does. */
export const readable: Row = {
  name: 'readable',
  steps: () => 3,
  run: measure,
}

async function measure(bench: Bench): Promise<Figure[]> {
  bench.step('readable: start')
  const store = await freshStore(bench.engine)
  const server = await startWaymark(store)
  const links = await server.makeLinks(LINKS)
  const fresh = await server.makeLinks(FRESH_LINKS)
  const seconds = bench.pick(30, 6)
  const load = () => sendLoad({ port: server.port, connections: CONNECTIONS, requests: { kind: 'clicks', links, key: KEY, size: 1 }, expect: 200, warmupSeconds: 1, rate: RATE, seconds })

  bench.step(`readable: ${RATE} events/s, nobody asks`)
  const unasked = load()
  await pause(1_000)
  const lags = await sampleLags(server, seconds * 1000 - 500)
  const reports = [await unasked]

  bench.step(`readable: ${RATE} events/s, and questions`)
  const asked = load()
  await pause(1_000)
  const own = await readOwnWrites(server, fresh, seconds * 1000 - 500)
  reports.push(await asked)
  await server.stop()
  await store.drop()

  const odd = oddities(reports, 200)
  return [
    { what: 'a report with the event, asked for once it was acknowledged: p50', value: quantile(own.times, 0.5), unit: 'ms', note: `${own.times.length} times beside ${RATE} events/s: one click, then the link's numbers; each question is five reports` },
    { what: 'p99', value: quantile(own.times, 0.99), unit: 'ms', target: below(250) },
    { what: 'worst', value: quantile(own.times, 1), unit: 'ms' },
    { what: 'reports without the event', value: own.missed, unit: 'count', target: atMost(0) },
    { what: 'in the store when nobody asks: p50', value: quantile(lags, 0.5), unit: 'ms', note: `from the journal's counter to the store's, read each ${POLL_MS} ms` },
    { what: 'p99', value: quantile(lags, 0.99), unit: 'ms', target: below(250) },
    { what: 'worst', value: quantile(lags, 1), unit: 'ms' },
    { what: 'acknowledgements meanwhile: p99', value: Math.max(...reports.map((report) => report.p99)), unit: 'ms', ...(odd === '' ? {} : { note: odd }) },
  ]
}

/** One click on each of some links nobody clicked before, and at once the question for its numbers; the times of the questions in ms. */
async function readOwnWrites(server: Waymark, links: readonly string[], forMs: number): Promise<{ times: number[]; missed: number }> {
  const times: number[] = []
  let missed = 0
  const end = performance.now() + forMs
  for (const link of links) {
    await server.ask('POST', '/api/tracking-ingest/batch', { events: [{ tracking_id: link, click_source: 'linkedin' }] })
    const start = performance.now()
    const { clicks } = (await server.ask('GET', `/api/link-tracking/links/${link}/stats`)) as { clicks: number }
    times.push(performance.now() - start)
    if (clicks !== 1) missed++
    if (performance.now() >= end) break
    await pause(forMs / links.length)
  }
  return { times, missed }
}

/** How long after each reading of the journal's counter the store's had come as far, in ms. */
async function sampleLags(server: Waymark, forMs: number): Promise<number[]> {
  const samples: { at: number; flushed: number; loaded: number }[] = []
  const end = performance.now() + forMs
  while (performance.now() < end) {
    const figures = await server.metrics()
    samples.push({ at: performance.now(), flushed: figures.get(FLUSHED) ?? 0, loaded: figures.get(LOADED) ?? 0 })
    await pause(POLL_MS)
  }
  const lags: number[] = []
  let reached = 0
  for (const { at, flushed } of samples) {
    while (reached < samples.length && (samples[reached] as { loaded: number }).loaded < flushed) reached++
    const then = samples[reached]
    if (then) lags.push(Math.max(0, then.at - at))
  }
  return lags
}
