import { type TInteger, Type } from '@sinclair/typebox'
import { fields, maybe, theseFields } from '../../http/validate.ts'
import { STATES, type State } from './message.ts'

const orNull = <T extends ReturnType<typeof Type.String> | ReturnType<typeof Type.Integer>>(schema: T) => Type.Union([schema, Type.Null()])
const time = Type.String({ format: 'date-time' })
/** Ids of this family are whole numbers. */
export const NUMBER_ID = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
const SUBJECT_MAX = 998
const BODY_MAX = 2 * 1024 * 1024

const written = {
  subject: maybe(Type.String({ maxLength: SUBJECT_MAX, description: 'May hold fields, such as {{first_name}}' })),
  html: maybe(Type.String({ maxLength: BODY_MAX, description: 'May hold fields' })),
  text: maybe(Type.String({ maxLength: BODY_MAX, description: 'For readers without HTML; made from `html` when missing' })),
}
const name = Type.String({ minLength: 1, maxLength: 255 })
export const NewCampaign = fields({ name, ...written })
export const ChangedCampaign = fields({ name: Type.Optional(name), ...written })

/** What is to be sent to whom. */
export const NewMailing = theseFields({
  lead_id: maybe(NUMBER_ID),
  lead_ids: maybe(Type.Array(NUMBER_ID, { minItems: 1, maxItems: 10_000 })),
  all: maybe(Type.Boolean({ description: 'To every lead that the filter leaves' })),
  filter: maybe(
    theseFields({ email_opened: maybe(Type.Boolean()), email_clicked: maybe(Type.Boolean()), email_unsubscribed: maybe(Type.Boolean()), status: maybe(Type.String({ enum: ['active', 'opted_out', 'bounced'] })), q: maybe(Type.String({ maxLength: 200 })) }),
  ),
  campaign_id: maybe(NUMBER_ID),
  ...written,
  event_id: maybe(Type.String({ minLength: 1, maxLength: 128, description: 'Your own id of this mailing: a repeat sends nothing' })),
})

/** A campaign, as the reference describes it. */
const campaign = { id: Type.Integer(), name: Type.String(), subject: orNull(Type.String()), created_at: time, updated_at: time }
export const CampaignAnswer = Type.Object({ ...campaign, html: orNull(Type.String()), text: orNull(Type.String()) })
const cursor = orNull(Type.String({ description: 'For the next page; null on the last' }))
export const TokenAnswer = Type.Object({ token: Type.String(), open_url: Type.String(), unsubscribe_url: Type.String(), click_url: Type.String({ description: 'Add the link behind it, URL-encoded' }) })
export const QueuedAnswer = Type.Object({
  mailing_id: Type.String(),
  campaign_id: Type.Integer(),
  message_ids: Type.Array(Type.String(), { description: 'The first 1,000' }),
  queued: Type.Integer(),
  skipped: Type.Array(Type.Object({ lead_id: Type.Integer(), reason: Type.String({ description: 'unsubscribed, bounced or not_found' }) })),
  truncated: Type.Boolean({ description: 'Whether the lists leave some out' }),
  duplicate: Type.Boolean({ description: 'Whether this `event_id` was there before, so that nothing was queued now' }),
})
/** A mailing and where its messages are. */
export const MailingAnswer = Type.Object({
  id: Type.String(),
  campaign_id: Type.Integer(),
  subject: Type.String(),
  total: Type.Integer(),
  ...(Object.fromEntries(STATES.map((state) => [state, Type.Integer()])) as Record<State, TInteger>),
  created_at: time,
  ended_at: orNull(time),
})
export const MailingsAnswer = Type.Object({ mailings: Type.Array(MailingAnswer), cursor })
/** A message of the ledger. */
export const MessageAnswer = Type.Object({
  id: Type.String(),
  mailing_id: Type.String(),
  campaign_id: Type.Integer(),
  lead_id: Type.Integer(),
  state: Type.String({ enum: [...STATES] }),
  reason: orNull(Type.String()),
  attempts: Type.Integer(),
  due_at: time,
  sent_at: orNull(time),
  updated_at: time,
})
export const MessagesAnswer = Type.Object({ messages: Type.Array(MessageAnswer), cursor })
/** The email family's error. */
export const Failure = Type.Object({ detail: Type.String() })

const figures = { total: Type.Integer(), unique: Type.Integer({ description: 'Leads, by people alone' }), machine: Type.Integer() }
const rate = Type.Number({ description: 'Percentage with two decimals, of people alone' })
const numbers = {
  sent: Type.Integer(),
  bounced: Type.Integer(),
  opens: Type.Object(figures),
  clicks: Type.Object(figures),
  unsubscribes: Type.Integer(),
  open_rate: rate,
  click_rate: rate,
  click_to_open_rate: rate,
  unsubscribe_rate: rate,
}
export const CampaignsAnswer = Type.Object({
  campaigns: Type.Array(Type.Object({ ...campaign, numbers: Type.Optional(Type.Object(numbers, { description: 'There with `numbers`: of all time' })) })),
  cursor,
})
export const AnalyticsAnswer = Type.Object({
  campaign_id: orNull(Type.Integer()),
  ...numbers,
  before: Type.Optional(Type.Object(numbers, { description: 'There with `compare`: as much of the period before as has passed of this one' })),
  top_links: Type.Array(Type.Object({ url: Type.String(), clicks: Type.Integer(), unique_clicks: Type.Integer(), machine_clicks: Type.Integer() })),
  by_day: Type.Array(
    Type.Object({
      date: Type.String({ format: 'date' }),
      sent: Type.Integer(),
      bounced: Type.Integer(),
      opens: Type.Integer(),
      unique_opens: Type.Integer(),
      clicks: Type.Integer(),
      unique_clicks: Type.Integer(),
      unsubscribes: Type.Integer(),
    }),
  ),
})
