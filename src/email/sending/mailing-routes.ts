import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { Fault, invalidField } from '../../core/errors.ts'
import { isPrintable } from '../../core/text.ts'
import { iso } from '../../core/time.ts'
import { cursorOf } from '../../http/cursor.ts'
import { type Idempotency, eventIdsOf } from '../../http/idempotency.ts'
import { route } from '../../http/route.ts'
import { fields } from '../../http/validate.ts'
import { existingCampaign } from './campaign.ts'
import { BODY_LIMIT, IdSchema, READERS, WRITERS, pageQuery, placeOf } from './campaign-routes.ts'
import { type MailingWorld, queueMailing } from './mailing.ts'
import { type Message, STATES, type State } from './message.ts'
import { Failure, MailingAnswer, MailingsAnswer, MessageAnswer, MessagesAnswer, NewMailing, QueuedAnswer } from './schemas.ts'
import { type Mailing, cancelMailing, mailingBy, mailingsOf, messageById, messagesOf, requeue } from './store.ts'

const UuidSchema = fields({ id: Type.String({ pattern: '^[0-9a-f-]{36}$' }) })

/** Registers the routes that send, and tell what became of it. `mails`: whether there is a way out for mails. */
export function mailingRoutes(app: FastifyInstance, world: MailingWorld & { idempotency: Idempotency; mails: boolean }): void {
  const { sql, idempotency, mails, now } = world
  const existingMailing = async (id: string) => {
    const mailing = await mailingBy(sql, 'id', id)
    if (!mailing) throw new Fault('not_found', 'Mailing not found')
    return mailing
  }
  route(app, {
    method: 'POST',
    url: '/api/v1/campaigns/send',
    family: 'email',
    who: WRITERS,
    summary: 'Send a mail to one lead, some, or all that a filter leaves',
    description:
      'The answer comes when all of it is queued; look for what became of it under `/api/v1/campaigns/mailings/{mailing_id}`. What the request leaves out is taken from the campaign. A lead that has unsubscribed or bounced gets no mail: for a single one the answer is 409, in lists it is named in `skipped`. Without `SMTP_URL` it is 503. Repeat a request whose answer you did not get with the same `Idempotency-Key` or `event_id`: nobody is mailed twice.',
    schema: { body: NewMailing, response: { 202: QueuedAnswer, 400: Failure, 404: Failure, 409: Failure, 503: Failure } },
    bodyLimit: BODY_LIMIT,
    repeatable: idempotency.hooks(),
    handler: async (request, reply) => {
      const { event_id: eventId, ...given } = request.body
      if (eventId && !isPrintable(eventId, 1, 128)) throw invalidField('event_id', 'must be 1 to 128 printable characters')
      if (!mails) throw new Fault('unavailable', 'No mail server is set. Set SMTP_URL and EMAIL_FROM, or SMTP_URL=log: to write mails into the data folder.')
      const key = eventId ? `event ${eventId}` : request.idempotency && `request ${eventIdsOf(request.idempotency)}`
      return reply.code(202).send(await queueMailing(world, given, key))
    },
  })

  route(app, {
    method: 'GET',
    url: '/api/v1/campaigns/:id/mailings',
    family: 'email',
    who: READERS,
    summary: "A campaign's mailings, newest first, and where their messages are",
    schema: { params: IdSchema, querystring: fields(pageQuery), response: { 200: MailingsAnswer, 400: Failure, 404: Failure } },
    handler: async (request) => {
      const { limit = 50, cursor } = request.query
      await existingCampaign(sql, request.params.id)
      const mailings = await mailingsOf(sql, request.params.id, cursor === undefined ? null : placeOf(cursor)[1], limit)
      const last = mailings.at(-1)
      return { mailings: mailings.map(mailingView), cursor: last && mailings.length === limit ? cursorOf([0, last.id]) : null }
    },
  })

  route(app, {
    method: 'GET',
    url: '/api/v1/campaigns/mailings/:id',
    family: 'email',
    who: READERS,
    summary: 'One mailing, and how many of its messages are in each state',
    description: '`sent`: the mail server has taken it. `bounced`: the address takes no mail. `failed`: this mail is not taken. `doubtful`: the server or the connection ended before the answer came, so that it may or may not have been sent; it is not sent again by itself. `skipped`: the lead had unsubscribed, bounced or gone, or the mailing was cancelled.',
    schema: { params: UuidSchema, response: { 200: MailingAnswer, 404: Failure } },
    handler: async (request) => mailingView(await existingMailing(request.params.id)),
  })

  route(app, {
    method: 'POST',
    url: '/api/v1/campaigns/mailings/:id/cancel',
    family: 'email',
    who: WRITERS,
    summary: 'Stop a mailing',
    description: 'Whatever is still queued becomes `skipped` with the reason `cancelled`, and is sent no more. What is under way goes out. Repeating it is harmless.',
    schema: { params: UuidSchema, response: { 200: MailingAnswer, 404: Failure } },
    handler: async (request) => {
      await existingMailing(request.params.id)
      await cancelMailing(sql, request.params.id, now())
      return mailingView(await existingMailing(request.params.id))
    },
  })

  route(app, {
    method: 'GET',
    url: '/api/v1/campaigns/mailings/:id/messages',
    family: 'email',
    who: READERS,
    summary: 'The messages of a mailing',
    schema: {
      params: UuidSchema,
      querystring: fields({ state: Type.Optional(Type.String({ enum: [...STATES] })), ...pageQuery }),
      response: { 200: MessagesAnswer, 400: Failure, 404: Failure },
    },
    handler: async (request) => {
      const { state, limit = 50, cursor } = request.query
      await existingMailing(request.params.id)
      const messages = await messagesOf(sql, request.params.id, state === undefined ? null : [state as State], cursor === undefined ? null : placeOf(cursor)[1], limit)
      const last = messages.at(-1)
      return { messages: messages.map(messageView), cursor: last && messages.length === limit ? cursorOf([0, last.id]) : null }
    },
  })

  route(app, {
    method: 'POST',
    url: '/api/v1/campaigns/messages/:id/retry',
    family: 'email',
    who: 'admin',
    summary: 'Send a message again whose end is doubtful, or that has failed',
    description: 'A doubtful one may have been sent: its reader may then get it twice.',
    schema: { params: UuidSchema, response: { 202: MessageAnswer, 404: Failure, 409: Failure } },
    handler: async (request, reply) => {
      const message = await requeue(sql, request.params.id, now())
      if (message) return reply.code(202).send(messageView(message))
      const there = await messageById(sql, request.params.id)
      if (!there) throw new Fault('not_found', 'Message not found')
      throw new Fault('conflict', there.state === 'doubtful' || there.state === 'failed' ? 'This lead gets no mail: it has unsubscribed, bounced or gone.' : `Only a doubtful or failed message can be sent again; this one is ${there.state}.`)
    },
  })
}

function mailingView({ counts, created_at, ended_at, ...mailing }: Mailing & { counts: Partial<Record<State, number>> }) {
  return { ...mailing, ...Object.fromEntries(STATES.map((state) => [state, counts[state] ?? 0])), created_at: iso(created_at), ended_at: ended_at === null ? null : iso(ended_at) }
}

function messageView({ id, mailing_id, campaign_id, lead_id, state, reason, attempts, due_at, sent_at, updated_at }: Message) {
  return { id, mailing_id, campaign_id, lead_id, state, reason, attempts, due_at: iso(due_at), sent_at: sent_at === null ? null : iso(sent_at), updated_at: iso(updated_at) }
}
