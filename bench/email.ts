import { makeToken } from '../src/email/token.ts'
import { engineOn } from '../test/support/store.ts'
import { type Figure, atLeast, atMost, below } from './figure.ts'
import type { Bench, Row } from './row.ts'
import { KEY, type Running, type Waymark, startBare, startWaymark } from './server.ts'
import { type Store, freshStore } from './stores.ts'
import { type LoadReport, otherwise, sendLoad } from './traffic.ts'

const SECRET = 'a secret of at least thirty-two bytes'
const LEADS = 5_000
const CONNECTIONS = 64
const CROWD = 10_000
const EVENTS_A_MINUTE = 100_000
const ENV = {
  TRACKING_TOKEN_SECRET: SECRET,
  EMAIL_REDIRECT_ALLOWED_DOMAINS: 'example.com',
  // Readers come through a proxy, and no limit is to be the bound.
  TRUST_PROXY: '127.0.0.1',
  EMAIL_RATE_LIMIT_OPENS: '10000000',
  EMAIL_RATE_LIMIT_CLICKS: '10000000',
}

/** Opens and clicks of mails: beside a route that answers the same and records nothing, at a steady rate, and by a crowd at once. */
export const email: Row = {
  name: 'email',
  steps: () => 5,
  run: measure,
}

async function measure(bench: Bench): Promise<Figure[]> {
  bench.step('mails: start, leads and a campaign')
  const store = await freshStore(bench.engine)
  await prepare(store)
  const [bare, server] = await Promise.all([startBare(), startWaymark(store, ENV)])
  // Each load has mails of its own, so that no token comes to its limit.
  let mailing = 0
  const tokens = (): string[] => {
    const at = Math.floor(Date.now() / 1000) - 3_600 - ++mailing
    return Array.from({ length: LEADS }, (_, lead) => makeToken({ campaignId: 1, leadId: lead + 1, at }, SECRET))
  }
  const load = (running: Running, kind: 'opens' | 'mail clicks', seconds: number, more: { rate?: number; connections?: number } = {}): Promise<LoadReport> =>
    sendLoad({ port: running.port, connections: CONNECTIONS, requests: { kind, tokens: tokens() }, expect: kind === 'opens' ? 200 : 302, warmupSeconds: 1, seconds, ...more })

  const pairs: Record<'opens' | 'mail clicks', [LoadReport, LoadReport]> = { opens: [NOTHING, NOTHING], 'mail clicks': [NOTHING, NOTHING] }
  for (const kind of ['opens', 'mail clicks'] as const) {
    bench.step(`mails: ${kind}`)
    const alone = await load(bare, kind, bench.pick(6, 3))
    pairs[kind] = [await load(server, kind, bench.pick(6, 3)), alone]
    await server.settled()
  }
  bench.step(`mails: ${EVENTS_A_MINUTE} opens a minute`)
  const steady = await load(server, 'opens', bench.pick(120, 10), { rate: EVENTS_A_MINUTE / 60 })
  await server.settled()
  bench.step(`mails: ${CROWD} connections at once`)
  const crowd = await load(server, 'opens', bench.pick(10, 5), { rate: CROWD / 2, connections: CROWD })
  await server.settled()
  const kept = await missing(server, [...Object.values(pairs).map(([real]) => real), steady, crowd])
  await Promise.all([server.stop(), bare.stop()])
  await store.drop()

  const [open, bareOpen] = pairs.opens
  const [click, bareClick] = pairs['mail clicks']
  return [
    { what: 'opens, durable', value: open.rate, unit: 'per second', note: `Fastify alone: ${Math.round(bareOpen.rate)}` },
    { what: 'opens, ratio to Fastify alone', value: open.rate / bareOpen.rate, unit: 'ratio' },
    { what: 'clicks, durable', value: click.rate, unit: 'per second', note: `Fastify alone: ${Math.round(bareClick.rate)}` },
    { what: 'clicks, ratio to Fastify alone', value: click.rate / bareClick.rate, unit: 'ratio' },
    { what: `opens at ${EVENTS_A_MINUTE} a minute: answered`, value: steady.rate * 60, unit: 'count', target: atLeast(EVENTS_A_MINUTE * 0.99, EVENTS_A_MINUTE) },
    { what: 'p50 at that rate', value: steady.p50, unit: 'ms' },
    { what: 'p99 at that rate', value: steady.p99, unit: 'ms', target: below(20) },
    { what: 'worst at that rate', value: steady.worst, unit: 'ms' },
    { what: `${CROWD} connections at once: p99`, value: crowd.p99, unit: 'ms' },
    otherwise([open, steady, crowd], 200, 'opens answered otherwise than expected'),
    { what: 'answered, but not in the store', value: kept, unit: 'count', target: atMost(0) },
  ]
}

const NOTHING = {} as LoadReport

/** A campaign and leads; the server that makes the tables is ended before the campaign is written. */
async function prepare(store: Store): Promise<void> {
  const first = await startWaymark(store, ENV)
  const csv = `email\n${Array.from({ length: LEADS }, (_, at) => `lead${at}@example.com\n`).join('')}`
  const answer = await fetch(`http://127.0.0.1:${first.port}/api/v1/leads/import`, { method: 'POST', headers: { 'x-api-key': KEY, 'content-type': 'text/csv' }, body: csv })
  if (answer.status !== 200) throw new Error(`No leads, but ${answer.status}`)
  await first.stop()
  const engine = await engineOn(store)
  await engine.transaction('rows', (tx) => tx.rows(`insert into campaigns (id, name, created_at, updated_at) values (1, 'a campaign', 0, 0)`))
  await engine.close()
}

async function missing(server: Waymark, reports: readonly LoadReport[]): Promise<number> {
  const figures = await server.metrics()
  const sent = reports.reduce((sum, report) => sum + report.answersEver, 0)
  return sent - (figures.get('waymark_loader_events_total') ?? 0)
}
