import { hashSync } from '@node-rs/bcrypt'
import { type Figure, atMost, below } from './figure.ts'
import { type Bench, type Row, pause, whenAnswered } from './row.ts'
import type { SeedOrder } from './seed.ts'
import { type Waymark, startBare, startWaymark } from './server.ts'
import { type Store, freshStore } from './stores.ts'
import { runTask } from './task.ts'
import { oddities, otherwise, sendCrowd, sendLoad } from './traffic.ts'

const RATE = 1_000
/** Visitors share no connection: with few, an answer after the store's commit would bound the rate, and what waits for a free one be all that is measured. */
const CONNECTIONS = 256
const CROWD = 1_000
const DASHBOARDS = 100
const REFERRERS = 50
/** Captures a second that come in beside the dashboards. */
const TRICKLE = 20
const DAYS = 90
const P95_MS = 500
const ADMIN = { email: 'bench@example.com', password: 'correct horse battery' }
/** Visitors come through a proxy, all dashboards from one address, and none so often that a limit would be the bound. */
const SETTINGS = {
  TRUST_PROXY: '127.0.0.1',
  RATE_LIMIT_CAPTURE: '1000000',
  RATE_LIMIT_ADMIN: '1000000',
  RATE_LIMIT_ANALYTICS: '1000000',
  ADMIN_EMAIL: ADMIN.email,
  ADMIN_PASSWORD_HASH: hashSync(ADMIN.password, 4),
}

/** A campaign's day: a steady flow of captures, a thousand visitors at one moment, and a hundred dashboards over a million events. */
export const tracking: Row = {
  name: 'tracking',
  steps: () => 7,
  run: async (bench) => {
    const store = await freshStore(bench.engine)
    const server = await startWaymark(store, SETTINGS)
    const figures = [...(await flow(bench, server)), ...(await crowd(bench, server))]
    await server.stop()
    await store.drop()
    return [...figures, ...(await dashboards(bench, await freshStore(bench.engine)))]
  },
}

/** So many captures a second, each sent at its time whatever came of those before. */
async function flow(bench: Bench, server: Waymark): Promise<Figure[]> {
  const paced = { connections: CONNECTIONS, requests: { kind: 'captures' }, expect: 200, warmupSeconds: 2, rate: RATE } as const
  const seconds = bench.pick(60, 8)
  bench.step(`tracking: ${RATE} captures/s for ${seconds} s`)
  const report = await sendLoad({ port: server.port, ...paced, seconds })
  await server.settled()
  bench.step('tracking: the same to Fastify alone')
  const bare = await startBare()
  const alone = await sendLoad({ port: bare.port, ...paced, seconds: bench.pick(20, 4) })
  await bare.stop()
  return [
    {
      what: `${RATE} captures/s for ${seconds} s: p50`,
      value: report.p50,
      unit: 'ms',
      note: `${whenAnswered(bench)}the generator itself was late by ${report.lateP99.toFixed(1)} ms (p99), ${report.lateWorst.toFixed(1)} ms (worst), which is in it; ${beside(alone)}`,
    },
    { what: 'p99', value: report.p99, unit: 'ms', target: { ...below(100), aim: 20 } },
    { what: 'worst', value: report.worst, unit: 'ms' },
    otherwise([report], 200),
  ]
}

/** A thousand who connect and send at one moment. */
async function crowd(bench: Bench, server: Waymark): Promise<Figure[]> {
  const times = bench.pick(10, 3)
  const come = { clients: CROWD, times, requests: { kind: 'captures' }, expect: 200 } as const
  bench.step(`tracking: ${CROWD} at once, ${times} times`)
  const report = await sendCrowd({ port: server.port, ...come })
  bench.step('tracking: the same to Fastify alone')
  const bare = await startBare()
  const alone = await sendCrowd({ port: bare.port, ...come })
  await bare.stop()
  const odd = oddities([report], 200)
  return [
    { what: `${CROWD} clients connect and send at once, ${times} times: p50`, value: report.p50, unit: 'ms', note: `connecting is in it; ${beside(alone)}` },
    { what: 'p99', value: report.p99, unit: 'ms' },
    { what: 'worst', value: report.worst, unit: 'ms' },
    { what: 'refused, lost or answered otherwise', value: CROWD * times - report.answers, unit: 'count', target: atMost(0), ...(odd === '' ? {} : { note: odd }) },
  ]
}

/** Dashboards that ask again as soon as they have their answer: whole numbers, those of a referrer, and those of a partner. */
async function dashboards(bench: Bench, store: Store): Promise<Figure[]> {
  const events = bench.pick(1_000_000, 200_000)
  const size = `${(events / 1e6).toLocaleString('en-US')} M captures`
  bench.step(`tracking: ${size} into the store`)
  const first = await startWaymark(store, SETTINGS)
  const { token } = (await first.ask('POST', '/api/auth/login', ADMIN)) as { token: string }
  const referrers = Array.from({ length: REFERRERS }, (_, at) => `partner_${at}`)
  const tokens = await Promise.all(referrers.map((trackingId) => makePartner(first, token, trackingId)))
  await first.stop()
  await runTask<SeedOrder, { seconds: number }>(new URL('./seed.js', import.meta.url), { dataDir: store.dataDir, databaseUrl: store.databaseUrl, of: { referrers }, events, days: DAYS })

  const server = await startWaymark(store, SETTINGS)
  await pause(bench.pick(5_000, 1_000))
  const seconds = bench.pick(20, 5)
  const read = (paths: string[], connections: number, time: number) => sendLoad({ port: server.port, connections, requests: { kind: 'reads', paths, token }, expect: 200, warmupSeconds: 1, seconds: time })
  const kinds = {
    'stats': ['/api/tracking/stats'],
    'a referrer': referrers.map((id) => `/api/tracking/referrer/${id}`),
    'an engagement': referrers.map((id, at) => `/api/tracking/engagement/${id}?token=${tokens[at]}`),
  }
  bench.step(`tracking: ${DASHBOARDS} dashboards over ${size}`)
  const alone: string[] = []
  for (const [what, paths] of Object.entries(kinds)) alone.push(`${what} ${(await read(paths, 1, bench.pick(5, 2))).p50.toFixed(0)} ms`)
  const paths = referrers.flatMap((_, at) => Object.values(kinds).map((list) => list[at % list.length] as string))
  const report = await read(paths, DASHBOARDS, seconds)
  bench.step(`tracking: ${DASHBOARDS} dashboards while captures come in`)
  const trickle = sendLoad({ port: server.port, connections: 8, requests: { kind: 'captures' }, expect: 200, warmupSeconds: 0, rate: TRICKLE, seconds: seconds + 2 })
  const busy = await read(paths, DASHBOARDS, seconds)
  await trickle
  const { most } = server.memory()
  await server.stop()
  await store.drop()
  return [
    { what: `${DASHBOARDS} dashboards that never rest, ${size}: p50`, value: report.p50, unit: 'ms', note: `a third each reads stats, a referrer and an engagement, over all time; one reader alone: ${alone.join(', ')} (p50)` },
    { what: 'p95', value: report.p95, unit: 'ms', target: below(P95_MS) },
    { what: 'worst', value: report.worst, unit: 'ms' },
    { what: 'reads', value: report.rate, unit: 'per second', note: 'nothing comes in meanwhile, so that an answer is given again to whoever asks the same' },
    { what: `p95 while ${TRICKLE} captures/s come in`, value: busy.p95, unit: 'ms', note: `${busy.rate.toFixed(0)} reads/s, p50 ${busy.p50.toFixed(0)} ms: each question is asked anew when something has come that concerns it, once for all who wait` },
    otherwise([report, busy], 200),
    { what: 'memory at most, dashboards', value: most, unit: 'MB', target: below(700) },
  ]
}

/** Makes a partner and gives the token of its private numbers. */
async function makePartner(server: Waymark, session: string, trackingId: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${server.port}/api/tracking/partner/create`, {
    method: 'POST',
    headers: { authorization: `Bearer ${session}`, 'content-type': 'application/json' },
    body: JSON.stringify({ trackingId }),
  })
  if (response.status !== 201) throw new Error(`No partner, but ${response.status}: ${await response.text()}`)
  return ((await response.json()) as { accessToken: string }).accessToken
}

function beside({ p50, p99, worst }: { p50: number; p99: number; worst: number }): string {
  return `Fastify alone: p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(1)} ms, worst ${worst.toFixed(1)} ms`
}
