import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { Fault } from '../core/errors.ts'
import { cursorParts } from '../http/cursor.ts'
import { route } from '../http/route.ts'
import { fields } from '../http/validate.ts'
import { ExplainedAnswer, type Reporter, answerReport, explainQuery, rangeOf, zoneOf } from '../reports/index.ts'
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
  ...explainQuery,
}

/** Registers the numbers of campaigns. */
export function statsRoutes(app: FastifyInstance, { reporter }: { reporter: Reporter }): void {
  route(app, {
    method: 'GET',
    url: '/api/tracking/stats',
    family: 'tracking',
    who: 'viewer',
    summary: 'Captures in numbers: by referrer, campaign and landing page',
    description: `${RANGE} The maps hold the 100 largest, \`recent\` the last events.`,
    schema: { querystring: fields(query), response: { 200: Type.Union([StatsAnswer, ExplainedAnswer]), 400: Failure } },
    handler: (request) => {
      const { limit = EVENTS, timezone } = request.query
      const range = rangeOf(request.query, zoneOf(timezone))
      return answerReport(request, reporter, (asked) => trackingStats(asked, range, limit))
    },
  })

  route(app, {
    method: 'GET',
    url: '/api/tracking/referrer/:referrerId',
    family: 'tracking',
    who: 'viewer',
    summary: "One referrer's captures: in numbers, by campaign, and event by event",
    description: `${RANGE} Newest first; send \`cursor\` with the next call for the page behind.`,
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
