import { Type } from '@sinclair/typebox'
import { EVENT_TYPES, TEST_TYPE } from './endpoint.ts'

const orNull = <T extends ReturnType<typeof Type.String> | ReturnType<typeof Type.Integer>>(schema: T) => Type.Union([schema, Type.Null()])
const time = Type.String({ format: 'date-time' })

const webhook = {
  id: Type.String(),
  url: Type.String(),
  description: orNull(Type.String()),
  events: Type.Array(Type.String({ enum: [...EVENT_TYPES] })),
  goals: Type.Array(Type.String()),
  include_machines: Type.Boolean(),
  is_active: Type.Boolean(),
  disabled_reason: orNull(Type.String({ description: 'Why the server switched it off; null unless it did' })),
  failing_since: orNull(time),
  secret_overlap_until: orNull(Type.String({ format: 'date-time', description: 'Until when the secret before this one signs as well' })),
  created_at: time,
  updated_at: time,
}

/** A webhook as the API gives it: never with its secret. */
export const WebhookAnswer = Type.Object(webhook)

/** A webhook whose secret was made just now. */
export const SecretAnswer = Type.Object({ ...webhook, secret: Type.String({ description: 'Shown in this answer alone' }) })

/** Every webhook. */
export const WebhooksAnswer = Type.Object({ webhooks: Type.Array(WebhookAnswer) })

/** One message and what became of it. */
export const DeliveryAnswer = Type.Object({
  id: Type.String({ description: 'The `webhook-id` of the message' }),
  webhook_id: Type.String(),
  event_type: Type.String({ enum: [...EVENT_TYPES, TEST_TYPE] }),
  state: Type.String({ enum: ['pending', 'delivered', 'failed'] }),
  attempts: Type.Integer(),
  status: orNull(Type.Integer({ description: 'Of the last answer; null where none came' })),
  reason: orNull(Type.String({ description: 'Why the last attempt failed' })),
  created_at: time,
  attempted_at: orNull(time),
  next_attempt_at: orNull(Type.String({ format: 'date-time', description: 'There while it is pending' })),
})

/** A page of messages. */
export const DeliveriesAnswer = Type.Object({ deliveries: Type.Array(DeliveryAnswer), cursor: orNull(Type.String({ description: 'For the next page; null on the last' })) })

/** The email family's error. */
export const Failure = Type.Object({ detail: Type.String() })
