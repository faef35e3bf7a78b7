import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { Fault, invalidField } from '../../core/errors.ts'
import { iso } from '../../core/time.ts'
import { cursorOf, cursorParts } from '../../http/cursor.ts'
import type { Idempotency } from '../../http/idempotency.ts'
import { type Who, route } from '../../http/route.ts'
import { fields } from '../../http/validate.ts'
import type { Reporter } from '../../reports/index.ts'
import { openUrl, unsubscribeUrl } from '../addresses.ts'
import { makeToken } from '../token.ts'
import { withNumbers } from './analytics.ts'
import { changeCampaign, createCampaign, existingCampaign } from './campaign.ts'
import type { MailingWorld } from './mailing.ts'
import { CampaignAnswer, CampaignsAnswer, ChangedCampaign, Failure, NUMBER_ID, NewCampaign, TokenAnswer } from './schemas.ts'
import { type Campaign, leadsKnown, listCampaigns } from './store.ts'

export const WRITERS = ['ingest key', 'admin'] as const satisfies readonly Who[]
export const READERS = ['ingest key', 'viewer'] as const satisfies readonly Who[]
/** A mail's source may be as long as a body. */
export const BODY_LIMIT = 2 * 1024 * 1024
export const IdSchema = fields({ id: NUMBER_ID })
export const pageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 50 })),
  cursor: Type.Optional(Type.String({ maxLength: 500, description: '`cursor` of the page before' })),
}

/** Registers the routes that make, list and change campaigns, and hand out tokens. */
export function campaignRoutes(app: FastifyInstance, world: MailingWorld & { idempotency: Idempotency; reporter: Reporter; baseUrl: () => string }): void {
  const { sql, secret, idempotency, reporter, baseUrl, now } = world
  route(app, {
    method: 'POST',
    url: '/api/v1/campaigns',
    family: 'email',
    who: WRITERS,
    summary: 'Make a campaign',
    description: 'What it is written in may wait until a mailing is sent.',
    schema: { body: NewCampaign, response: { 201: CampaignAnswer, 400: Failure } },
    bodyLimit: BODY_LIMIT,
    repeatable: idempotency.hooks(),
    handler: async (request, reply) => reply.code(201).send(campaignView(await createCampaign(sql, request.body, now()))),
  })

  route(app, {
    method: 'GET',
    url: '/api/v1/campaigns',
    family: 'email',
    who: READERS,
    summary: 'List the campaigns, newest first',
    schema: {
      querystring: fields({ ...pageQuery, numbers: Type.Optional(Type.Boolean({ description: 'With the numbers of each campaign, of all time' })) }),
      response: { 200: CampaignsAnswer, 400: Failure },
    },
    handler: async (request) => {
      const { limit = 50, cursor, numbers = false } = request.query
      const campaigns = await listCampaigns(sql, cursor === undefined ? null : placeOf(cursor)[0], limit)
      const last = campaigns.at(-1)
      const views = campaigns.map(({ created_at, updated_at, ...rest }) => ({ ...rest, created_at: iso(created_at), updated_at: iso(updated_at) }))
      return { campaigns: numbers ? await withNumbers(reporter, views) : views, cursor: last && campaigns.length === limit ? cursorOf([last.id, '']) : null }
    },
  })

  route(app, {
    method: 'GET',
    url: '/api/v1/campaigns/:id',
    family: 'email',
    who: READERS,
    summary: 'One campaign',
    schema: { params: IdSchema, response: { 200: CampaignAnswer, 404: Failure } },
    handler: async (request) => campaignView(await existingCampaign(sql, request.params.id)),
  })

  route(app, {
    method: 'PATCH',
    url: '/api/v1/campaigns/:id',
    family: 'email',
    who: WRITERS,
    summary: 'Change a campaign',
    description: 'Null takes a field away. Mailings that were queued go out as they were.',
    schema: { params: IdSchema, body: ChangedCampaign, response: { 200: CampaignAnswer, 400: Failure, 404: Failure } },
    bodyLimit: BODY_LIMIT,
    repeatable: idempotency.hooks(),
    handler: async (request) => campaignView(await changeCampaign(sql, request.params.id, request.body, now())),
  })

  route(app, {
    method: 'POST',
    url: '/api/v1/campaigns/tracking-token',
    family: 'email',
    who: WRITERS,
    summary: 'Make the token of a lead in a campaign, for mails that you send yourself',
    description: 'It names the two and the time, signed; nothing is stored. Add to `click_url` the link, URL-encoded; its host must be one of `EMAIL_REDIRECT_ALLOWED_DOMAINS`.',
    schema: { body: fields({ campaign_id: NUMBER_ID, lead_id: NUMBER_ID }), response: { 200: TokenAnswer, 400: Failure, 404: Failure } },
    handler: async (request) => {
      const { campaign_id: campaignId, lead_id: leadId } = request.body
      await existingCampaign(sql, campaignId)
      if ((await leadsKnown(sql, [leadId])).length === 0) throw new Fault('not_found', 'Lead not found')
      const token = makeToken({ campaignId, leadId, at: Math.floor(now() / 1000) }, secret)
      return { token, open_url: openUrl(baseUrl(), token), unsubscribe_url: unsubscribeUrl(baseUrl(), token), click_url: `${baseUrl()}/api/v1/tracking/click/${token}?url=` }
    },
  })
}

/** A cursor's parts. Throws Fault 'invalid' when it is none of ours. */
export function placeOf(cursor: string): [number, string] {
  const parts = cursorParts(cursor)
  if (parts === null) throw invalidField('cursor', 'must be the cursor of an earlier page')
  return parts
}

function campaignView({ created_at, updated_at, ...campaign }: Campaign) {
  return { ...campaign, created_at: iso(created_at), updated_at: iso(updated_at) }
}
