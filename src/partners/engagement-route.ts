import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Type } from '@sinclair/typebox'
import { MINUTE_MS } from '../core/time.ts'
import { type Limiter, countRequest } from '../http/limits.ts'
import { route } from '../http/route.ts'
import { fields } from '../http/validate.ts'
import type { Reporter } from '../reports/index.ts'
import type { Sql } from '../store/sql.ts'
import { REFERRER_PATTERN } from '../tracking/index.ts'
import { accessOf } from './access.ts'
import { engagement } from './engagement.ts'
import { existing } from './partners.ts'
import { EngagementAnswer, Failure } from './schemas.ts'
import { notePartnerSeen, partnerOf } from './store.ts'

/** What a partner's numbers are answered with. */
export interface EngagementWorld {
  sql: Sql
  reporter: Reporter
  limiter: Limiter
  /** The key that counts an address for limits. */
  limitKeyOf: (request: FastifyRequest) => string
  now: () => number
}

/** Registers the numbers of a partner, which anybody may ask for; the token decides how much is told. */
export function engagementRoute(app: FastifyInstance, world: EngagementWorld): void {
  route(app, {
    method: 'GET',
    url: '/api/tracking/engagement/:trackingId',
    family: 'tracking',
    who: 'public',
    summary: "A partner's numbers",
    description:
      'Without `token` the totals and `clicksByDay`, and the rest as empty lists; with the token of this partner all of it. A token that is wrong, has expired or was revoked is 403. Counts hold every event of the referrer, clicks of links with this `partner` too; human and machine parts stand beside them, and `conversionRate` follows people alone. Days are UTC, newest first, the last of them today. The lists hold the 100 largest, `recentActivity` the last 50 events.',
    schema: {
      params: fields({ trackingId: Type.String({ pattern: REFERRER_PATTERN }) }),
      querystring: fields({
        token: Type.Optional(Type.String({ description: 'What was shown when the partner was made' })),
        days: Type.Optional(Type.Integer({ minimum: 1, maximum: 366, default: 30, description: 'How many days `clicksByDay` has' })),
      }),
      response: { 200: EngagementAnswer, 400: Failure, 403: Failure, 404: Failure, 429: Failure },
    },
    before: async (request, reply) => {
      // The address may hold the token: it is for nobody else, nor for pages that are opened from here.
      reply.headers({ 'cache-control': 'private, no-store', 'referrer-policy': 'no-referrer' })
      await countRequest(world.limiter, world.limitKeyOf(request), reply)
    },
    handler: async (request) => {
      const { trackingId } = request.params
      const { token, days = 30 } = request.query
      const now = world.now()
      const partner = existing(await partnerOf(world.sql, trackingId))
      const access = accessOf(partner, token, now)
      const seen = access === 'private' && request.method === 'GET' && now - (partner.lastSeenAt ?? 0) >= MINUTE_MS
      const [answer] = await Promise.all([
        engagement(world.reporter, trackingId, { access, days, now }),
        // For people to see: a failure is made good the next time.
        seen ? notePartnerSeen(world.sql, trackingId, now).catch(() => undefined) : undefined,
      ])
      return answer
    },
  })
}
