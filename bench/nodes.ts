import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Cluster, canStartCluster, startCluster } from '../test/support/cluster.ts'
import { type Figure, atMost, below } from './figure.ts'
import { median, quantile } from './histogram.ts'
import { askAll, seedProduct } from './product.ts'
import { type Bench, type Row, pause } from './row.ts'
import { KEY, type Waymark, startWaymark } from './server.ts'
import { type Store, freshStore } from './stores.ts'
import { type LoadReport, otherwise, sendLoad } from './traffic.ts'

const CONNECTIONS = 64
const LINKS = 200
const SIZE = 500
const LOADED = 'waymark_loader_events_total'
const ANSWERS = 'waymark_replica_answers'
/** Captures a second that come in beside the questions, sent by so many visitors at a time. */
const CAPTURES = 1_000
const VISITORS = 256
const DAYS = 90
const P95_MS = 500
/** What a database server has as it is installed, and room for a replica that falls behind. */
const DATABASE = { shared_buffers: '128MB', wal_keep_size: '1GB' }
const SETTINGS = { JWT_SECRET: 'a secret of at least thirty-two bytes', TRUST_PROXY: '127.0.0.1', RATE_LIMIT_CAPTURE: '1000000' }

/** Servers that share a primary and its replica: what two do beside one, and reports from the replica while events come in. */
export const nodes: Row = {
  name: 'nodes',
  engines: ['postgres'],
  steps: ({ pick }) => 1 + 4 * pick(3, 1) + 2,
  async run(bench) {
    if (!canStartCluster()) throw new Error('There are no PostgreSQL programs here to start a primary and its replica with.')
    const cluster = await startCluster({ settings: DATABASE })
    try {
      return [...(await throughput(bench, cluster)), ...(await reports(bench, cluster))]
    } finally {
      await cluster.drop()
    }
  },
}

/** Two servers of one store, the second with a folder of its own. */
async function startTwo(store: Store, env: Record<string, string>): Promise<[Waymark, Waymark]> {
  const dataDir = join(store.dataDir, 'second')
  await mkdir(dataDir)
  return [await startWaymark(store, env), await startWaymark({ ...store, dataDir }, env)]
}

/** The same load to one server and, shared out, to both, in turns. */
async function throughput(bench: Bench, cluster: Cluster): Promise<Figure[]> {
  bench.step('nodes: start and warm-up')
  const store = await freshStore('postgres', cluster.primary.url)
  const both = await startTwo(store, SETTINGS)
  const links = await both[0].makeLinks(LINKS)
  await pause(bench.pick(2_000, 1_000))
  const loaded = async (): Promise<number> => (await Promise.all(both.map((node) => node.metrics()))).reduce((sum, figures) => sum + (figures.get(LOADED) ?? 0), 0)
  let events = 0
  const figures: Figure[] = []
  const kinds = [
    { what: 'redirects, clicks durable', requests: { kind: 'redirects', links }, expect: 302, size: 1 },
    { what: `events in batches of ${SIZE}, in the store`, requests: { kind: 'clicks', links, key: KEY, size: SIZE }, expect: 200, size: SIZE },
  ] as const
  for (const { what, requests, expect, size } of kinds) {
    const sent: LoadReport[] = []
    const load = async (to: readonly Waymark[], seconds: number): Promise<number> => {
      const spec = { connections: CONNECTIONS / to.length, requests, expect, warmupSeconds: 0.5, seconds }
      const came = await Promise.all(to.map(({ port }) => sendLoad({ port, ...spec })))
      for (const node of both) await node.settled()
      sent.push(...came)
      events += came.reduce((sum, report) => sum + report.answersEver, 0) * size
      return came.reduce((sum, report) => sum + report.rate, 0) * size
    }
    await load(both, 1)
    const [one, two]: [number[], number[]] = [[], []]
    const pairs = bench.pick(3, 1)
    for (let pair = 1; pair <= pairs; pair++) {
      bench.step(`nodes: ${what}, one server, ${pair} of ${pairs}`)
      one.push(await load(both.slice(0, 1), bench.pick(8, 3)))
      bench.step(`nodes: ${what}, two servers, ${pair} of ${pairs}`)
      two.push(await load(both, bench.pick(8, 3)))
    }
    figures.push(
      { what: `${what}: one server`, value: median(one), unit: 'per second', note: `${CONNECTIONS} connections, whether to one or shared out to both; the databases and the load generator have the same cores` },
      { what: 'two servers', value: median(two), unit: 'per second' },
      { what: 'two against one, median of the pairs', value: median(two.map((rate, at) => rate / (one[at] as number))), unit: 'ratio' },
      otherwise(sent, expect, `${what}: answered otherwise than expected`),
    )
  }
  const missing = events - (await loaded())
  await Promise.all(both.map((node) => node.stop()))
  await store.drop()
  return [
    ...figures,
    { what: 'answered, but not in the store', value: missing, unit: 'count', target: atMost(0) },
  ]
}

/** A product's reports at one server, which asks the replica, while captures come in at the other. */
async function reports(bench: Bench, cluster: Cluster): Promise<Figure[]> {
  const events = bench.pick(1_000_000, 200_000)
  const size = `${(events / 1e6).toLocaleString('en-US')} M events`
  bench.step(`nodes: ${size} into the store`)
  const store = await freshStore('postgres', cluster.primary.url)
  const projectKey = await seedProduct(store, events, DAYS)

  const replica = new URL(store.databaseUrl as string)
  replica.port = String(cluster.replica.port)
  const [taking, asked] = await startTwo(store, { ...SETTINGS, DATABASE_REPLICA_URLS: replica.href, REPORT_TIMEOUT_MS: '60000' })
  await replicaInUse(asked)
  const times = bench.pick(10, 3)
  bench.step(`nodes: questions over ${size} while ${CAPTURES} captures/s come in`)
  const before = (await asked.metrics()).get(ANSWERS) ?? 0
  let done = false
  const questions = askAll(asked, projectKey, times).finally(() => (done = true))
  // Seen to below; until then it is nobody's that it failed.
  questions.catch(() => undefined)
  const came: LoadReport[] = []
  while (!done) came.push(await sendLoad({ port: taking.port, connections: VISITORS, requests: { kind: 'captures' }, expect: 200, warmupSeconds: 0, rate: CAPTURES, seconds: bench.pick(15, 5) }))
  const took = await questions
  const answers = ((await asked.metrics()).get(ANSWERS) ?? 0) - before
  await Promise.all([taking.stop(), asked.stop()])
  await store.drop()
  return [
    ...[...took].map(([name, durations]): Figure => ({ what: `${size}, from the replica, ${CAPTURES} captures/s: ${name}: p95`, value: quantile(durations, 0.95), unit: 'ms', target: below(P95_MS), note: `median ${median(durations).toFixed(1)} ms of ${times}` })),
    { what: 'questions that the replica answered', value: answers, unit: 'count', note: `of ${took.size * (times + 1)} reports` },
    { what: "the captures' p99 meanwhile", value: Math.max(...came.map(({ p99 }) => p99)), unit: 'ms', target: below(100), note: `the worst of ${came.length} stretches, ${Math.round(median(came.map(({ rate }) => rate)))} a second` },
    otherwise(came, 200, 'captures answered otherwise than expected'),
  ]
}

/** Ends when a server reads its reports from the replica. */
async function replicaInUse(server: Waymark): Promise<void> {
  const patience = performance.now() + 120_000
  while (((await server.metrics()).get('waymark_replica_used') ?? 0) !== 1) {
    if (performance.now() > patience) throw new Error(`The replica is not used after two minutes.\n${server.said()}`)
    await pause(200)
  }
}
