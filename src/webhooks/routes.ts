import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { invalidField } from '../core/errors.ts'
import { iso } from '../core/time.ts'
import { cursorOf, cursorParts } from '../http/cursor.ts'
import { route } from '../http/route.ts'
import { fields, maybe } from '../http/validate.ts'
import type { Delivery } from './delivery.ts'
import { EVENT_TYPES, type Endpoint, type EventType } from './endpoint.ts'
import { type EndpointsWorld, changeEndpoint, createEndpoint, existing, removeEndpoint, replayDelivery, rotateSecret, testEndpoint } from './endpoints.ts'
import { DeliveriesAnswer, DeliveryAnswer, Failure, SecretAnswer, WebhookAnswer, WebhooksAnswer } from './schemas.ts'
import { allEndpoints, deliveriesOf, endpointById } from './store.ts'

const IdSchema = fields({ id: Type.String({ pattern: '^[0-9A-Za-z_-]{1,100}$' }) })
const url = Type.String({ minLength: 1, description: 'Where messages are posted to: https, on a public host, port 80, 443 or one from 1024', examples: ['https://example.com/hooks'] })
const events = Type.Array(Type.Unsafe<EventType>({ type: 'string', enum: [...EVENT_TYPES] }), { minItems: 1, maxItems: EVENT_TYPES.length, uniqueItems: true, examples: [['email_opened', 'email_clicked', 'email_unsubscribed']] })
const others = {
  description: maybe(Type.String()),
  goals: maybe(Type.Array(Type.String(), { maxItems: 50, description: 'Names of product events that are told as `goal.converted`; required with it' })),
  include_machines: Type.Optional(Type.Boolean({ description: 'Whether what machines did is told, too; false unless given' })),
  is_active: Type.Optional(Type.Boolean()),
}
const NewSchema = fields({ url, events, ...others })
const ChangeSchema = fields({ url: Type.Optional(url), events: Type.Optional(events), ...others })

const ONCE = 'The secret is in this answer and never again. `Idempotency-Key` is not looked at, since a kept answer would keep the secret.'

/** Registers webhooks and the log of their deliveries. */
export function webhookRoutes(app: FastifyInstance, world: EndpointsWorld): void {
  route(app, {
    method: 'POST',
    url: '/api/v1/webhooks',
    family: 'email',
    who: 'admin',
    summary: 'Make a webhook',
    description: `${ONCE} The address must lead to a public host, here and whenever something is sent.`,
    schema: { body: NewSchema, response: { 201: SecretAnswer, 400: Failure, 409: Failure } },
    handler: async (request, reply) => {
      const { endpoint, secret } = await createEndpoint(world, request.body)
      return reply.code(201).header('cache-control', 'no-store').send({ ...viewOf(endpoint, world.now()), secret })
    },
  })

  route(app, {
    method: 'GET',
    url: '/api/v1/webhooks',
    family: 'email',
    who: 'viewer',
    summary: 'List the webhooks',
    description: 'Oldest first, never with a secret. `disabled_reason` says why the server switched one off.',
    schema: { response: { 200: WebhooksAnswer } },
    handler: async () => ({ webhooks: (await allEndpoints(world.sql)).map((endpoint) => viewOf(endpoint, world.now())) }),
  })

  route(app, {
    method: 'PATCH',
    url: '/api/v1/webhooks/:id',
    family: 'email',
    who: 'admin',
    summary: 'Change a webhook, or switch it on or off',
    description: 'What is not named stays. While it is off nothing is queued for it, and what was queued before waits. Switched on, it starts anew.',
    schema: { params: IdSchema, body: ChangeSchema, response: { 200: WebhookAnswer, 400: Failure, 404: Failure } },
    handler: async (request) => viewOf(await changeEndpoint(world, request.params.id, request.body), world.now()),
  })

  route(app, {
    method: 'DELETE',
    url: '/api/v1/webhooks/:id',
    family: 'email',
    who: 'admin',
    summary: 'Delete a webhook, and the log of its deliveries',
    schema: { params: IdSchema, response: { 204: Type.Null(), 404: Failure } },
    handler: async (request, reply) => {
      await removeEndpoint(world, request.params.id)
      return reply.code(204).send()
    },
  })

  route(app, {
    method: 'POST',
    url: '/api/v1/webhooks/:id/rotate',
    family: 'email',
    who: 'admin',
    summary: "Put a new secret in the place of a webhook's",
    description: `For 24 hours messages carry two signatures, by the new secret and by the one before. ${ONCE}`,
    schema: { params: IdSchema, response: { 200: SecretAnswer, 404: Failure } },
    handler: async (request, reply) => {
      const { endpoint, secret } = await rotateSecret(world, request.params.id)
      return reply.header('cache-control', 'no-store').send({ ...viewOf(endpoint, world.now()), secret })
    },
  })

  route(app, {
    method: 'POST',
    url: '/api/v1/webhooks/:id/test',
    family: 'email',
    who: 'admin',
    summary: 'Send a test message at once',
    description: 'A signed message of the type `webhook.test`, also to a webhook that is switched off. The answer says what became of it; it is not tried again.',
    schema: { params: IdSchema, response: { 200: DeliveryAnswer, 404: Failure } },
    handler: async (request) => deliveryView(await testEndpoint(world, request.params.id)),
  })

  route(app, {
    method: 'GET',
    url: '/api/v1/webhooks/:id/deliveries',
    family: 'email',
    who: 'viewer',
    summary: 'What became of the messages to a webhook',
    description: 'Newest first, for 30 days. Neither what was sent nor what the receiver answered is kept, but the status.',
    schema: {
      params: IdSchema,
      querystring: fields({
        state: Type.Optional(Type.String({ enum: ['pending', 'delivered', 'failed'] })),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 100 })),
        cursor: Type.Optional(Type.String({ maxLength: 500 })),
      }),
      response: { 200: DeliveriesAnswer, 400: Failure, 404: Failure },
    },
    handler: async (request) => {
      const { state = null, limit = 100, cursor } = request.query
      const after = cursor === undefined ? null : cursorParts(cursor)
      if (cursor !== undefined && after === null) throw invalidField('cursor', 'must be the cursor of an earlier call')
      const { id } = existing(await endpointById(world.sql, request.params.id))
      const found = await deliveriesOf(world.sql, id, { state, limit: limit + 1, after })
      const page = found.slice(0, limit)
      const last = found.length > limit ? page.at(-1) : undefined
      return { deliveries: page.map(deliveryView), cursor: last ? cursorOf([last.createdAt, last.id]) : null }
    },
  })

  route(app, {
    method: 'POST',
    url: '/api/v1/webhooks/deliveries/:id/replay',
    family: 'email',
    who: 'admin',
    summary: 'Send a message again',
    description: 'Under the same `webhook-id`, with all its attempts before it again; whatever became of it before.',
    schema: { params: IdSchema, response: { 202: DeliveryAnswer, 404: Failure, 409: Failure } },
    handler: async (request, reply) => reply.code(202).send(deliveryView(await replayDelivery(world, request.params.id))),
  })
}

/** A webhook as the API gives it. `now` is UTC ms. */
function viewOf(endpoint: Endpoint, now: number): object {
  const { id, description, events: types, goals, includeMachines, isActive, disabledReason, failingSince, oldSecretUntil, createdAt, updatedAt } = endpoint
  return {
    id,
    url: endpoint.url,
    description,
    events: types,
    goals,
    include_machines: includeMachines,
    is_active: isActive,
    disabled_reason: disabledReason,
    failing_since: isoOrNull(failingSince),
    secret_overlap_until: oldSecretUntil !== null && now < oldSecretUntil ? iso(oldSecretUntil) : null,
    created_at: iso(createdAt),
    updated_at: iso(updatedAt),
  }
}

function deliveryView({ id, webhookId, eventType, state, attempts, status, reason, createdAt, attemptedAt, dueAt }: Delivery): object {
  return {
    id,
    webhook_id: webhookId,
    event_type: eventType,
    state,
    attempts,
    status,
    reason,
    created_at: iso(createdAt),
    attempted_at: isoOrNull(attemptedAt),
    next_attempt_at: state === 'pending' ? iso(dueAt) : null,
  }
}

function isoOrNull(time: number | null): string | null {
  return time === null ? null : iso(time)
}
