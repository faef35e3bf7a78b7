import { join } from 'node:path'
import { type Figure, atLeast, atMost, below } from './figure.ts'
import { median } from './histogram.ts'
import { type Bench, type Row, pause } from './row.ts'
import { type Running, startBare, startEdge, startWaymark } from './server.ts'
import { freshStore } from './stores.ts'
import { type LoadReport, otherwise, sendLoad } from './traffic.ts'

const CONNECTIONS = 64
const LINKS = 200
const DRAIN_MS = 180_000

/** Redirects of the edge with its click flushed, its origin away, beside a redirect that records nothing; then how fast the origin gets the clicks. */
export const edge: Row = {
  name: 'edge',
  steps: (bench) => 2 + 2 * pairsOf(bench),
  run: runEdge,
}

const pairsOf = (bench: Pick<Bench, 'pick'>): number => bench.pick(5, 2)

async function runEdge(bench: Bench): Promise<Figure[]> {
  bench.step('edge: start and warm-up')
  const store = await freshStore(bench.engine)
  const [bare, origin] = await Promise.all([startBare(), startWaymark(store)])
  const links = await origin.makeLinks(LINKS)
  const running = await startEdge(origin.port, join(store.dataDir, 'of-the-edge'), { JOURNAL_MAX_MB: '4096' })
  // From here on the edge goes by its copy, and nothing but it takes processor time.
  await origin.stop()
  const load = (server: Running, seconds: number): Promise<LoadReport> =>
    sendLoad({ port: server.port, connections: CONNECTIONS, requests: { kind: 'redirects', links }, expect: 302, warmupSeconds: 0.5, seconds })

  const warmup = await load(running, bench.pick(4, 2))
  await load(bare, bench.pick(3, 1.5))
  const real: LoadReport[] = []
  const alone: LoadReport[] = []
  const pairs = pairsOf(bench)
  for (let pair = 1; pair <= pairs; pair++) {
    bench.step(`Fastify alone: 302, ${pair} of ${pairs}`)
    alone.push(await load(bare, bench.pick(6, 3)))
    bench.step(`edge: redirect, click flushed, ${pair} of ${pairs}`)
    real.push(await load(running, bench.pick(6, 3)))
  }
  const sent = [warmup, ...real].reduce((sum, report) => sum + report.answersEver, 0)
  const clicks = await running.metrics()
  const { most } = running.memory()

  bench.step('edge: the origin is back')
  const back = await startWaymark(store, { PORT: String(origin.port) })
  const start = performance.now()
  const first = await (async () => {
    while (((await running.metrics()).get('waymark_edge_events_total') ?? 0) === 0) await within(start)
    return performance.now()
  })()
  while (((await running.metrics()).get('waymark_edge_waiting_bytes') ?? 0) > 0) await within(start)
  const seconds = (performance.now() - first) / 1000
  await back.drained()
  const stored = (await back.metrics()).get('waymark_loader_events_total') ?? 0
  await Promise.all([back.stop(), running.stop(), bare.stop()])
  await store.drop()

  const of = (pick: (report: LoadReport) => number, reports: LoadReport[]): number => median(reports.map(pick))
  return [
    { what: 'Fastify alone: 302', value: of((report) => report.rate, alone), unit: 'per second' },
    { what: 'edge: redirect, click flushed', value: of((report) => report.rate, real), unit: 'per second', note: 'the origin away' },
    { what: 'ratio, median of the pairs', value: median(real.map((report, i) => report.rate / (alone[i] as LoadReport).rate)), unit: 'ratio', target: atLeast(0.34, 0.45) },
    { what: 'p50', value: of((report) => report.p50, real), unit: 'ms' },
    { what: 'p99', value: of((report) => report.p99, real), unit: 'ms', target: below(10) },
    { what: 'worst of all', value: Math.max(...real.map((report) => report.worst)), unit: 'ms', target: below(100) },
    otherwise(real, 302),
    { what: 'clicks sent to the origin when it was back', value: sent / seconds, unit: 'per second', note: `${sent} clicks in batches of up to 500, one after the other` },
    { what: 'redirected, but not in the store', value: sent - stored, unit: 'count', target: atMost(0), note: `recorded ${clicks.get('waymark_edge_clicks_total') ?? 0}` },
    { what: 'memory at most, this load', value: most, unit: 'MB' },
  ]
}

async function within(start: number): Promise<void> {
  if (performance.now() - start > DRAIN_MS) throw new Error(`The origin has not all clicks after ${DRAIN_MS / 1000} s.`)
  await pause(20)
}
