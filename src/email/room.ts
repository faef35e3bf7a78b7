import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { VisitorReader } from '../capture/visitor.ts'
import type { ListedHost } from '../core/hosts.ts'
import { HOUR_MS } from '../core/time.ts'
import type { Idempotency } from '../http/idempotency.ts'
import type { LimiterOf } from '../http/limits.ts'
import type { Feed, Ingest } from '../ingest/index.ts'
import type { Job } from '../store/jobs.ts'
import type { Reporter } from '../reports/index.ts'
import type { Sql } from '../store/sql.ts'
import { Existence } from './existence.ts'
import { createLeadFollower } from './follower.ts'
import { leadKeeper } from './keeper.ts'
import { leadRoutes } from './lead-routes.ts'
import { deleteOldEvents } from './retention.ts'
import type { Mailer } from './mailer.ts'
import { sendingRoom } from './sending/room.ts'
import { Traces } from './traces.ts'
import { trackingRoutes } from './tracking-routes.ts'
import { unsubscribeRoutes } from './unsubscribe-routes.ts'

/** What the room stands on. */
export interface EmailSettings {
  sql: Sql
  ingest: Ingest
  feed: Feed
  reporter: Reporter
  idempotency: Idempotency
  /** Null where no mail server is set. */
  mailer: Mailer | null
  baseUrl: () => string
  /** Ends when the store holds all that was acknowledged. */
  settled: () => Promise<void>
  /** Lets go of what is remembered of people outside the tables. */
  forget: () => Promise<void>
  /** Erases a person by address wherever there is something of them. */
  erase: (email: string) => Promise<Record<string, number>>
  limiterOf: LimiterOf
  limitKeyOf: (request: FastifyRequest) => string
  reader: VisitorReader
  honorDnt: boolean
  /** Whether other nodes have the same store. */
  shared: boolean
  now: () => number
  /** The settings of the family; times in ms. */
  secret: string
  tokenMs: number
  listed: ListedHost
  confirms: boolean
  opensLimit: number
  clicksLimit: number
  retentionMs: number
  /** How many mails of mailings may go out in a minute. */
  perMinute: number
}

/** Mail proxies share few addresses. */
const ADDRESS_LIMIT = 600
const TOKEN_LIMIT = 30
const MANUAL_LIMIT = 5
const FOLLOW_MS = 1_000

/** The email family: campaigns and their mailings; opens, clicks, unsubscribing, and the leads that they are about. */
export function emailRoom(settings: EmailSettings) {
  const { sql, ingest, now, limiterOf } = settings
  const existence = new Existence(sql, () => ingest.storeAway, settings.shared)
  const follower = createLeadFollower(settings)
  const world = {
    ...settings,
    existence,
    follower,
    traces: new Traces(),
    manualLimiter: limiterOf('unsubscribe', MANUAL_LIMIT),
    limits: {
      opens: limiterOf('opens', settings.opensLimit),
      clicks: limiterOf('clicks', settings.clicksLimit),
      address: limiterOf('mail-address', ADDRESS_LIMIT),
      token: limiterOf('mail-token', TOKEN_LIMIT),
    },
  }
  const sending = sendingRoom(settings)
  const jobs: readonly Job[] = [
    { name: 'leads by their events', everyMs: FOLLOW_MS, work: (goOn) => follower.follow(goOn) },
    {
      name: 'mail events past their time',
      everyMs: HOUR_MS,
      async work(goOn) {
        if (await deleteOldEvents(sql, now() - settings.retentionMs, goOn)) await settings.forget()
      },
    },
  ]
  return {
    routes(app: FastifyInstance): void {
      trackingRoutes(app, world)
      unsubscribeRoutes(app, world)
      leadRoutes(app, world)
      sending.routes(app)
    },
    jobs,
    /** Sends what is due: beside the others, for it may take hours. */
    mailings: sending.jobs,
    keeper: leadKeeper(world),
    /** Before the first event. */
    open: () => follower.begin(),
  }
}
