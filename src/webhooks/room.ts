import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { DAY_MS, HOUR_MS } from '../core/time.ts'
import type { Metrics } from '../http/metrics.ts'
import type { Feed } from '../ingest/index.ts'
import type { LinkFeed } from '../links/index.ts'
import { type Job, openLease } from '../store/jobs.ts'
import type { Sql } from '../store/sql.ts'
import { startDeliveries } from './deliver.ts'
import { webhookRoutes } from './routes.ts'
import { createSeal } from './seal.ts'
import { dropDeliveries } from './store.ts'
import { type TargetRules, systemResolver } from './target.ts'

/** How long the log of deliveries is kept. */
const LOG_MS = 30 * DAY_MS
const TIMEOUT_MS = 15_000

/** What the room stands on. */
export interface WebhooksSettings {
  sql: Sql
  feed: Feed
  links: LinkFeed
  /** Whether other nodes have the same store, so that they must agree who delivers. */
  shared: boolean
  /** Which node this is. */
  node: string
  /** The server's own secret, of which the key is derived that endpoints' secrets are kept under. */
  secret: string
  /** Signs the tokens of mails. */
  tokenSecret: string
  allowPrivate: boolean
  /** Whether messages may go out without TLS. */
  allowHttp: boolean
  version: string
  metrics: Metrics
  log: FastifyBaseLogger
  now: () => number
}

/** Webhooks: who is told of what, and the deliveries, which one node makes for all. */
export function webhooksRoom(settings: WebhooksSettings): {
  routes(app: FastifyInstance): void
  jobs: readonly Job[]
  /** Begins to deliver. */
  start(): void
  /** Ends what is under way, or breaks it off. */
  stop(): Promise<void>
} {
  const { sql, feed, links, shared, node, secret, tokenSecret, allowPrivate, allowHttp, version, metrics, log, now } = settings
  const rules: TargetRules = { allowPrivate, allowHttp, resolve: systemResolver }
  const world = { sql, feed, links, now, tokenSecret, seal: createSeal(secret), send: { rules, timeoutMs: TIMEOUT_MS, now, userAgent: `Waymark/${version}` } }
  const deliveries = metrics.counter('waymark_webhook_deliveries_total', 'Attempts to deliver a message, by outcome: delivered, retried, failed for good, dropped with nothing left to tell', ['outcome'])
  metrics.gauge('waymark_webhook_queue', 'Messages that wait to be delivered, on the node that delivers', () => running?.depth() ?? 0)
  let running: ReturnType<typeof startDeliveries> | null = null
  return {
    routes: (app) => webhookRoutes(app, world),
    jobs: [{ name: 'old webhook deliveries', everyMs: HOUR_MS, work: () => dropDeliveries(sql, now() - LOG_MS) }],
    start() {
      running = startDeliveries({ ...world, lease: openLease(sql, 'webhooks', { shared, node, now }), log, count: (outcome) => deliveries.inc({ outcome }) })
    },
    stop: async () => running?.stop(),
  }
}
