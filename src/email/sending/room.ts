import type { FastifyInstance } from 'fastify'
import { parseHttpUrl } from '../../core/urls.ts'
import { isPrivateHost } from '../../core/hosts.ts'
import type { Idempotency } from '../../http/idempotency.ts'
import type { Ingest } from '../../ingest/index.ts'
import type { Reporter } from '../../reports/index.ts'
import type { Job } from '../../store/jobs.ts'
import type { Sql } from '../../store/sql.ts'
import type { Mailer } from '../mailer.ts'
import { analyticsRoute } from './analytics-route.ts'
import { campaignRoutes } from './campaign-routes.ts'
import { URL_MAX } from './fields.ts'
import { mailingRoutes } from './mailing-routes.ts'
import { mailingJob } from './worker.ts'

/** What sending stands on. */
export interface SendingSettings {
  sql: Sql
  ingest: Ingest
  reporter: Reporter
  idempotency: Idempotency
  /** Null where no mail server is set. */
  mailer: Mailer | null
  /** How many messages may go out in a minute. */
  perMinute: number
  /** Signs tokens and links. */
  secret: string
  baseUrl: () => string
  now: () => number
}

/** Campaigns, and the sending of mails: its routes, and the work that goes on behind them. */
export function sendingRoom(settings: SendingSettings): { routes(app: FastifyInstance): void; jobs: Job[] } {
  const { mailer, perMinute: rate, secret, baseUrl, now } = settings
  const world = { ...settings, mails: mailer !== null }
  const mail = () => ({ base: baseUrl(), secret, counted })
  return {
    routes(app) {
      campaignRoutes(app, world)
      mailingRoutes(app, world)
      analyticsRoute(app, world)
    },
    jobs: mailer === null ? [] : [mailingJob({ ...settings, deliver: mailer.deliver, rate, mail, now })],
  }
}

/** What the click route sends on by a signature alone: https, to a host that may be public. */
function counted(url: string): string | null {
  const parsed = parseHttpUrl(url, URL_MAX)
  return parsed?.protocol === 'https:' && !isPrivateHost(parsed.hostname) ? parsed.href : null
}
