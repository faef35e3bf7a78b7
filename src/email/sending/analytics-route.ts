import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { invalidField } from '../../core/errors.ts'
import { route } from '../../http/route.ts'
import { fields } from '../../http/validate.ts'
import { ExplainedAnswer, type Range, type Reporter, answerReport, passedBefore, rangeOf, reportQuery, zoneOf } from '../../reports/index.ts'
import type { Sql } from '../../store/sql.ts'
import { campaignAnalytics, campaignNumbers } from './analytics.ts'
import { existingCampaign } from './campaign.ts'
import { READERS } from './campaign-routes.ts'
import { AnalyticsAnswer, Failure, NUMBER_ID } from './schemas.ts'

/** Registers the numbers of campaigns. */
export function analyticsRoute(app: FastifyInstance, { sql, reporter, now }: { sql: Sql; reporter: Reporter; now: () => number }): void {
  route(app, {
    method: 'GET',
    url: '/api/v1/campaigns/analytics',
    family: 'email',
    who: READERS,
    summary: "A campaign's numbers: mails sent, opens, clicks, unsubscribes, and their rates",
    description: 'Totals hold every event; `machine` are those of scanners and proxies. `unique` counts leads, and rates are percentages of `sent`, both of people alone. Without `campaign_id` the numbers are those of all campaigns. `from` belongs to the range, `to` does not; a date alone is a whole day. Days are those of `timezone`.',
    schema: {
      querystring: fields({
        campaign_id: Type.Optional(NUMBER_ID),
        from: Type.Optional(Type.String({ description: 'ISO 8601' })),
        to: Type.Optional(Type.String({ description: 'ISO 8601' })),
        timezone: Type.Optional(Type.String({ maxLength: 64, description: 'IANA name of the zone whose days these are, UTC when missing', examples: ['Europe/Berlin'] })),
        compare: Type.Optional(Type.Boolean({ description: 'With the period before beside it; `from` and `to` are needed then' })),
        ...reportQuery,
      }),
      response: { 200: Type.Union([AnalyticsAnswer, ExplainedAnswer]), 400: Failure, 404: Failure },
    },
    handler: async (request) => {
      const { campaign_id: campaignId = null } = request.query
      const zone = zoneOf(request.query.timezone)
      const range = rangeOf(request.query, zone)
      if (campaignId !== null) await existingCampaign(sql, campaignId)
      const earlier = request.query.compare ? earlierThan(range, zone, now()) : null
      return answerReport(request, reporter, async (asked) => {
        const [answer, before] = await Promise.all([campaignAnalytics(asked, campaignId, range, zone), earlier && campaignNumbers(asked, campaignId, earlier)])
        return before ? { ...answer, before } : answer
      })
    },
  })
}

/** As much of the period before as has passed of this one. Throws Fault 'invalid' for an open range. */
function earlierThan({ from, to }: Range, zone: string, now: number): Range {
  if (from === null || to === null) throw invalidField('compare', 'needs from and to')
  return passedBefore({ from, to, zone }, now)
}
