import { type Figure, type Target, atMost, below } from './figure.ts'
import { median } from './histogram.ts'
import type { RequestPlan } from './requests.ts'
import type { Bench } from './row.ts'
import { KEY, type Running, type Waymark, startBare, startWaymark } from './server.ts'
import { freshStore } from './stores.ts'
import { type LoadReport, otherwise, sendLoad } from './traffic.ts'

const CONNECTIONS = 64
const LINKS = 200
const LOOP = 'nodejs_eventloop_lag_p99_seconds'

/** What is measured against Fastify alone. */
export interface Contest {
  /** The names of both sides. */
  real: string
  bare: string
  /** One event a request. */
  requests: (links: string[], key: string) => RequestPlan
  expect: number
  /** Settings of the server under these requests. */
  env?: Record<string, string>
  ratio: Target
  /** Whether a visitor waits, who is answered after RECORD_WAIT_MS whatever the disk does. */
  visitorWaits: boolean
  /** What must be known to read the server's figures. */
  note?: string
}

/** The steps `runContest` tells of. */
export const contestSteps = (bench: Pick<Bench, 'pick'>): number => 1 + 2 * pairsOf(bench)

/** Sends the same requests to the server and to Fastify alone, in turns, and compares the medians of the pairs. */
export async function runContest(bench: Bench, contest: Contest): Promise<Figure[]> {
  bench.step(`${contest.real}: start and warm-up`)
  const store = await freshStore(bench.engine)
  const [bare, server] = await Promise.all([startBare(), startWaymark(store, contest.env)])
  const links = await server.makeLinks(LINKS)
  const load = (running: Running, seconds: number): Promise<LoadReport> =>
    sendLoad({ port: running.port, connections: CONNECTIONS, requests: contest.requests(links, KEY), expect: contest.expect, warmupSeconds: 0.5, seconds })

  const warmups = [await load(server, bench.pick(4, 2))]
  await load(bare, bench.pick(3, 1.5))
  const real: LoadReport[] = []
  const alone: LoadReport[] = []
  const delays: number[] = []
  const bareDelays: number[] = []
  const costs: Cost[] = []
  const bareCosts: Cost[] = []
  const pairs = pairsOf(bench)
  for (let pair = 1; pair <= pairs; pair++) {
    await server.settled()
    bench.step(`${contest.bare}, ${pair} of ${pairs}`)
    await bare.metrics()
    const bareBefore = bare.cpu()
    alone.push(await load(bare, bench.pick(6, 3)))
    bareCosts.push(costOf(bare, bareBefore, alone.at(-1) as LoadReport))
    bareDelays.push(((await bare.metrics()).get(LOOP) ?? Number.NaN) * 1000)
    bench.step(`${contest.real}, ${pair} of ${pairs}`)
    await server.metrics()
    const before = server.cpu()
    real.push(await load(server, bench.pick(6, 3)))
    costs.push(costOf(server, before, real.at(-1) as LoadReport))
    delays.push(((await server.metrics()).get(LOOP) ?? Number.NaN) * 1000)
  }
  await server.settled()
  const idle = ((await server.metrics()).get(LOOP) ?? Number.NaN) * 1000
  const sent = [...warmups, ...real].reduce((sum, report) => sum + report.answersEver, 0)
  const kept = await keptOf(server, sent)
  const { most } = server.memory()
  await Promise.all([server.stop(), bare.stop()])
  await store.drop()

  const figures = (pick: (report: LoadReport) => number, reports: LoadReport[]): number[] => reports.map(pick)
  const cpu = (reports: LoadReport[]): string => `${Math.round(median(figures((report) => report.cpu, reports)) * 100)} %`
  return [
    { what: contest.bare, value: median(figures((report) => report.rate, alone)), unit: 'per second', note: `the load generator took ${cpu(alone)} of a core against Fastify alone, ${cpu(real)} against the server` },
    { what: contest.real, value: median(figures((report) => report.rate, real)), unit: 'per second', ...(contest.note === undefined ? {} : { note: contest.note }) },
    { what: 'ratio, median of the pairs', value: median(real.map((report, i) => report.rate / (alone[i] as LoadReport).rate)), unit: 'ratio', target: contest.ratio },
    { what: 'processor time a request, main thread', value: median(costs.map((cost) => cost.main)), unit: 'µs', note: `Fastify alone: ${median(bareCosts.map((cost) => cost.main)).toFixed(1)} µs; with all threads of the server, the store's included, ${median(costs.map((cost) => cost.all)).toFixed(1)} µs` },
    { what: 'p50', value: median(figures((report) => report.p50, real)), unit: 'ms', note: `Fastify alone: p50 ${ms(median(figures((report) => report.p50, alone)))}, p99 ${ms(median(figures((report) => report.p99, alone)))}, worst ${ms(Math.max(...figures((report) => report.worst, alone)))}` },
    { what: 'p99', value: median(figures((report) => report.p99, real)), unit: 'ms', target: below(10) },
    { what: 'worst of all', value: Math.max(...figures((report) => report.worst, real)), unit: 'ms', target: below(100) },
    { what: 'event loop delay p99 under this load', value: median(delays), unit: 'ms', note: `sampled each 10 ms, which are in it: idle ${ms(idle)}, Fastify alone under its load ${ms(median(bareDelays))}` },
    otherwise(real, contest.expect),
    { what: 'answered, but not in the store', value: kept.missing, unit: 'count', target: atMost(0) },
    ...(contest.visitorWaits ? [{ what: 'answered before the flush (RECORD_WAIT_MS)', value: kept.late, unit: 'count' as const, target: atMost(0) }] : []),
    { what: 'memory at most, this load', value: most, unit: 'MB' },
  ]
}

const pairsOf = (bench: Pick<Bench, 'pick'>): number => bench.pick(5, 2)

/** Processor time a request, in µs. */
interface Cost {
  all: number
  main: number
}

function costOf(running: Running, before: Cost, { answersEver }: LoadReport): Cost {
  const now = running.cpu()
  return { all: ((now.all - before.all) / answersEver) * 1e6, main: ((now.main - before.main) / answersEver) * 1e6 }
}

/** What the store has of the events that were answered. */
async function keptOf(server: Waymark, sent: number): Promise<{ missing: number; late: number }> {
  const figures = await server.metrics()
  return { missing: sent - (figures.get('waymark_loader_events_total') ?? 0), late: figures.get('waymark_events_late_total') ?? 0 }
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`
}

