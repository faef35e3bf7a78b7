import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { Fault, invalidField } from '../core/errors.ts'
import { iso } from '../core/time.ts'
import type { Interval } from '../core/zones.ts'
import { route } from '../http/route.ts'
import { fields } from '../http/validate.ts'
import { type ComparedSource, NAMED_BY, compared } from './comparison.ts'
import { rangeOf, zoneOf } from './range.ts'
import type { Where } from './report.ts'
import type { Reporter } from './run.ts'
import { ComparisonAnswer, Failure } from './schemas.ts'

const SOURCES = Object.keys(NAMED_BY) as ComparedSource[]
const NAME = Type.Optional(Type.String({ minLength: 1, maxLength: 255 }))

/** Registers the numbers of all families side by side. `open`: product numbers are open to viewers too. */
export function comparisonRoute(app: FastifyInstance, { reporter, open, now }: { reporter: Reporter; open: boolean; now: () => number }): void {
  route(app, {
    method: 'GET',
    url: '/api/numbers',
    family: 'tracking',
    who: 'viewer',
    summary: 'Clicks, captures, product events and mails of a period, beside the period before',
    description:
      'In one call what a page shows: totals, series and the 10 largest parts of each `source`. `from` belongs to the range, `to` does not; a date alone is a whole day by the clocks of `timezone`. Of the period before, `total` holds as much as has passed of this one. In production product numbers are for admins.',
    schema: {
      querystring: fields({
        from: Type.String({ description: 'ISO 8601' }),
        to: Type.String({ description: 'ISO 8601' }),
        timezone: Type.Optional(Type.String({ maxLength: 64, description: 'IANA name, UTC when missing', examples: ['Europe/Berlin'] })),
        interval: Type.Optional(Type.String({ enum: ['hour', 'day', 'week', 'month'], default: 'day' })),
        source: Type.Optional(Type.Array(Type.String({ enum: SOURCES }), { maxItems: SOURCES.length, description: 'All that the caller may see when missing' })),
        trackingId: NAME,
        referrer: NAME,
        campaign: NAME,
      }),
      response: { 200: ComparisonAnswer, 400: Failure, 403: Failure },
    },
    handler: async (request) => {
      const { query, caller } = request
      const zone = zoneOf(query.timezone)
      const { from, to } = rangeOf(query, zone)
      if (from === null || to === null) throw invalidField(from === null ? 'from' : 'to', 'is required')
      const allowed = open || caller?.kind === 'admin' ? SOURCES : SOURCES.filter((source) => source !== 'product')
      const sources = query.source === undefined ? allowed : SOURCES.filter((source) => query.source?.includes(source))
      if (sources.some((source) => !allowed.includes(source))) throw new Fault('forbidden', 'Product numbers need a signed-in admin.')
      const interval = (query.interval ?? 'day') as Interval
      const asked = { period: { from, to, zone }, interval, where: whereOf(query), now: now() }
      return { from: iso(from), to: iso(to), timezone: zone, interval, sources: await Promise.all(sources.map((source) => compared(reporter, source, asked))) }
    },
  })
}

function whereOf({ trackingId, referrer, campaign }: { trackingId?: string; referrer?: string; campaign?: string }): Where {
  for (const [field, value] of Object.entries({ trackingId, referrer, campaign })) {
    // The store keeps no NUL: PostgreSQL would refuse the very question.
    if (value?.includes('\0')) throw invalidField(field, 'must be printable')
  }
  return { ...(trackingId === undefined ? {} : { tracking_id: trackingId }), ...(referrer === undefined ? {} : { referrer }), ...(campaign === undefined ? {} : { campaign }) }
}
