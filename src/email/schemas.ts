import { Type } from '@sinclair/typebox'

const orNull = <T extends ReturnType<typeof Type.String>>(schema: T) => Type.Union([schema, Type.Null()])
const time = Type.String({ format: 'date-time' })

/** Whether a lead may be mailed, and why not. */
export const LeadStatus = Type.Union([Type.Literal('active'), Type.Literal('opted_out'), Type.Literal('bounced')])

/** A lead, as the reference describes it. */
export const LeadAnswer = Type.Object({
  id: Type.Integer(),
  email: Type.String(),
  first_name: orNull(Type.String()),
  last_name: orNull(Type.String()),
  fields: Type.Object({}, { additionalProperties: true }),
  status: LeadStatus,
  email_opened: Type.Boolean({ description: 'By a person' }),
  email_opened_at: orNull(time),
  email_clicked: Type.Boolean({ description: 'By a person' }),
  email_clicked_at: orNull(time),
  email_unsubscribed: Type.Boolean(),
  email_unsubscribed_at: orNull(time),
  bounced_at: orNull(time),
  bounce_reason: orNull(Type.String()),
  created_at: time,
  updated_at: time,
})

/** A page of leads. */
export const LeadsAnswer = Type.Object({
  leads: Type.Array(LeadAnswer),
  cursor: orNull(Type.String({ description: 'Where the next page begins; null on the last' })),
  counts: Type.Optional(Type.Object({ leads: Type.Integer(), mailable: Type.Integer({ description: 'Those who have neither unsubscribed nor bounced: so many would a mailing reach' }) }, { description: 'There with `counts`: of all pages' })),
})

/** What became of each row of a CSV. */
export const ImportAnswer = Type.Object({
  total: Type.Integer(),
  created: Type.Integer(),
  existing: Type.Integer({ description: 'Addresses that were there, or came twice; nothing of them changed' }),
  failed: Type.Integer(),
  rows: Type.Array(
    Type.Object({
      row: Type.Integer({ description: 'From 1, the header left out' }),
      status: Type.Union([Type.Literal('created'), Type.Literal('existing'), Type.Literal('failed')]),
      lead_id: Type.Optional(Type.Integer()),
      field: Type.Optional(Type.String()),
      error: Type.Optional(Type.String()),
    }),
  ),
})

/** The email family's error. */
export const Failure = Type.Object({ detail: Type.String() })
