import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { Fault, invalidField } from '../core/errors.ts'
import { cursorParts } from '../http/cursor.ts'
import { route } from '../http/route.ts'
import { fields } from '../http/validate.ts'
import { ExplainedAnswer, type Reporter, answerReport, rangeOf, reportQuery, zoneOf } from '../reports/index.ts'
import { REFERRER_PATTERN } from './capture.ts'
import { Failure, ReferrerAnswer, StatsAnswer } from './schemas.ts'
import { referrerStats, trackingStats } from './stats.ts'

const EVENTS = 50
const RANGE = 'Counts hold every event; the human and machine ones beside each are its parts. `from` belongs to the range, `to` does not; a date alone is a whole day.'

const query = {
  from: Type.Optional(Type.String({ description: 'ISO 8601' })),
  to: Type.Optional(Type.String({ description: 'ISO 8601' })),
  timezone: Type.Optional(Type.String({ maxLength: 64, description: 'IANA name of the zone whose days dates are, UTC when missing', examples: ['Europe/Berlin'] })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: EVENTS, description: 'Events listed' })),
  ...reportQuery,
}

/** Registers the numbers of campaigns. */
export function statsRoutes(app: FastifyInstance, { reporter }: { reporter: Reporter }): void {
  route(app, {
    method: 'GET',
    url: '/api/tracking/stats',
    family: 'tracking',
    who: 'viewer',
    summary: 'Events with a referrer in numbers: by referrer, campaign and landing page',
    description: `${RANGE} Clicks of links with a \`partner\` count too. The maps hold the 100 largest, \`recent\` the last events.`,
    schema: { querystring: fields({ ...query, campaign: Type.Optional(Type.String({ maxLength: 255, description: 'Only this campaign' })), utm: Type.Optional(Type.Boolean({ description: 'Also by what the `utm_` parameters of landing pages and of links say' })) }), response: { 200: Type.Union([StatsAnswer, ExplainedAnswer]), 400: Failure } },
    handler: (request) => {
      const { limit = EVENTS, timezone, campaign, utm = false } = request.query
      const range = rangeOf(request.query, zoneOf(timezone))
      if (campaign?.includes('\0')) throw invalidField('campaign', 'must be printable')
      return answerReport(request, reporter, (asked) => trackingStats(asked, range, { campaign, utm, limit }))
    },
  })

  route(app, {
    method: 'GET',
    url: '/api/tracking/referrer/:referrerId',
    family: 'tracking',
    who: 'viewer',
    summary: "One referrer's events: in numbers, by campaign, and event by event",
    description: `${RANGE} Clicks of links with this \`partner\` count too, as in the partner's own numbers. Newest first; send \`cursor\` with the next call for the page behind.`,
    schema: {
      params: fields({ referrerId: Type.String({ pattern: REFERRER_PATTERN }) }),
      querystring: fields({ ...query, cursor: Type.Optional(Type.String({ maxLength: 500, description: '`cursor` of the page before' })) }),
      response: { 200: Type.Union([ReferrerAnswer, ExplainedAnswer]), 400: Failure },
    },
    handler: (request) => {
      const { limit = EVENTS, timezone, cursor } = request.query
      const range = rangeOf(request.query, zoneOf(timezone))
      const after = cursor === undefined ? null : placeOf(cursor)
      return answerReport(request, reporter, (asked) => referrerStats(asked, request.params.referrerId, range, { limit, after }))
    },
  })
}

function placeOf(cursor: string): { ts: number; id: string } {
  const [ts, id] = cursorParts(cursor) ?? [0, '']
  if (/^[0-9a-f-]{36}$/.test(id)) return { ts, id }
  throw new Fault('invalid', 'cursor is none of ours.', { errors: [{ field: 'cursor', error: 'must be the cursor of an earlier page' }] })
}
