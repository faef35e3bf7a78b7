import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { iso } from '../core/time.ts'
import { route } from '../http/route.ts'
import { fields, maybe } from '../http/validate.ts'
import { REFERRER_PATTERN } from '../tracking/index.ts'
import { DEFAULT_DAYS, MOST_DAYS } from './access.ts'
import { NAME_MAX, type PartnersWorld, createPartner, revokeToken, rotateToken } from './partners.ts'
import { Failure, PartnersAnswer, RevokedAnswer, TokenAnswer } from './schemas.ts'
import { type Partner, allPartners } from './store.ts'

const EMAIL_MAX = 254
const trackingId = Type.String({ pattern: REFERRER_PATTERN })
const IdSchema = fields({ trackingId })
const wanted = {
  expiresInDays: maybe(Type.Integer({ minimum: 1, maximum: MOST_DAYS, default: DEFAULT_DAYS, description: 'How long the token counts' })),
  sendInvite: maybe(Type.Boolean({ description: 'Mails the dashboard\'s address to the partner' })),
}
const NewPartnerSchema = fields({
  trackingId: Type.String({ pattern: REFERRER_PATTERN, description: 'The `referrer` of the events that are the partner\'s' }),
  partnerName: maybe(Type.String({ maxLength: NAME_MAX })),
  email: maybe(Type.String({ maxLength: EMAIL_MAX, description: 'Required with `sendInvite`' })),
  ...wanted,
})
/** A request without a body asks for what is default. */
const RotateSchema = Type.Unsafe<{ expiresInDays?: number | null; sendInvite?: boolean | null } | null>({ ...fields(wanted), type: ['object', 'null'] })

const INVITE = 'With `sendInvite` the answer says in `inviteSent` whether the mail server took the mail. Without a mail server, or where it fails, all else is done all the same and `inviteError` says why no mail was sent: hand out `dashboardUrl` yourself.'
const ONCE = 'The token is in this answer and never again; only its SHA-256 is kept. `Idempotency-Key` is not looked at, since a kept answer would keep the token.'

/** Registers what admins do with partners. */
export function partnerRoutes(app: FastifyInstance, world: PartnersWorld): void {
  route(app, {
    method: 'POST',
    url: '/api/tracking/partner/create',
    family: 'tracking',
    who: 'admin',
    summary: 'Make a partner, with a token for the private numbers',
    description: `${ONCE} A taken id is 409. ${INVITE}`,
    schema: { body: NewPartnerSchema, response: { 201: TokenAnswer, 400: Failure, 409: Failure } },
    handler: async (request, reply) => {
      const made = await createPartner(world, request.body)
      return reply.code(201).header('cache-control', 'no-store').send({ success: true, ...made })
    },
  })

  route(app, {
    method: 'GET',
    url: '/api/tracking/partners',
    family: 'tracking',
    who: 'viewer',
    summary: 'List the partners',
    description: 'Newest first, revoked and expired ones too, never with a token.',
    schema: { response: { 200: PartnersAnswer } },
    handler: async () => ({ partners: (await allPartners(world.sql)).map(listed) }),
  })

  route(app, {
    method: 'POST',
    url: '/api/tracking/partner/:trackingId/revoke',
    family: 'tracking',
    who: 'admin',
    summary: "End a partner's token",
    description: 'It ends at once, on every node. The public numbers stay, and so does the id; `rotate` gives access again. Repeating it is harmless.',
    schema: { params: IdSchema, response: { 200: RevokedAnswer, 400: Failure, 404: Failure } },
    handler: async (request) => ({ success: true, partner: listed(await revokeToken(world, request.params.trackingId)) }),
  })

  route(app, {
    method: 'POST',
    url: '/api/tracking/partner/:trackingId/rotate',
    family: 'tracking',
    who: 'admin',
    summary: "Put a new token in the place of a partner's",
    description: `The old one ends at once, on every node; the new one counts from now on, also for a partner that was revoked or has expired. ${ONCE} ${INVITE}`,
    schema: { params: IdSchema, body: RotateSchema, response: { 200: TokenAnswer, 400: Failure, 404: Failure } },
    handler: async (request, reply) => {
      const made = await rotateToken(world, request.params.trackingId, request.body ?? {})
      return reply.header('cache-control', 'no-store').send({ success: true, ...made })
    },
  })
}

/** A partner as the API gives it: without the token's hash. */
function listed(partner: Partner): object {
  const { id, trackingId: referrer, partnerName, email, isActive, createdAt, expiresAt, lastSeenAt } = partner
  return {
    id,
    trackingId: referrer,
    partnerName,
    email,
    createdAt: iso(createdAt),
    isActive,
    expiresAt: iso(expiresAt),
    lastSeenAt: lastSeenAt === null ? null : iso(lastSeenAt),
  }
}
