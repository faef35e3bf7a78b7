import { Type } from '@sinclair/typebox'
import type { FieldError } from '../core/errors.ts'
import { elementSpans } from '../core/json-spans.ts'
import { deeperThan, isPrintable } from '../core/text.ts'
import { parseTime } from '../core/time.ts'
import { reachesPrototype } from '../http/json-body.ts'
import { type Static, checkOf, fields, maybe } from '../http/validate.ts'
import type { Draft, Refusal } from '../ingest/index.ts'

export const BATCH_EVENTS = 1_000
const ID_MAX = 255
const PROPERTIES_MAX = 32 * 1024
const PROPERTIES_DEPTH = 32

/** One event of a batch, as a product reports it. */
export const EventSchema = fields({
  eventName: Type.String({ minLength: 1, maxLength: ID_MAX, examples: ['purchase_success'] }),
  timestamp: Type.Optional(Type.Unknown({ description: 'ISO 8601; an event without a time, or with none that is one, is stored and left out of reports' })),
  anonymousId: maybe(Type.String({ maxLength: ID_MAX, description: 'The browser or device; one of anonymousId and userId is required' })),
  userId: maybe(Type.String({ maxLength: ID_MAX, description: 'The user; an anonymousId once seen with a user is that user, also in earlier events' })),
  sessionId: maybe(Type.String({ maxLength: ID_MAX })),
  properties: maybe(Type.Object({}, { additionalProperties: true, description: 'Anything of your own, up to 32 KiB' })),
  eventId: maybe(Type.String({ minLength: 1, maxLength: 128, description: 'Your own id of this event; a repeat within 7 days is stored once' })),
})
type ProductEvent = Static<typeof EventSchema>

const check = checkOf(EventSchema)

/** Who sent a batch, as far as the request tells. */
export interface Sender {
  address: string | null
  userAgent: string | null
  country: string | null
}

/** A batch, read: each event is a draft or an error, by its index. */
export interface ReadBatch {
  drafts: Draft[]
  errors: (FieldError & { index: number })[]
}

/** Reads the events of a batch one by one; a bad one costs its neighbours nothing. */
export function readBatch(project: string, events: readonly unknown[], sender: Sender, eventIdOf: (index: number) => string | undefined): ReadBatch {
  const batch: ReadBatch = { drafts: [], errors: [] }
  events.forEach((event, index) => {
    const read = readEvent(project, event, sender, eventIdOf(index))
    if ('error' in read) batch.errors.push({ index, field: read.field, error: read.error })
    else batch.drafts.push(read)
  })
  return batch
}

/** What is kept of refused events: the very text that was sent, cut out of their request's body. */
export function refusalsOf(project: string, errors: ReadBatch['errors'], request: { bodyText: string }): Refusal[] {
  if (errors.length === 0) return []
  const { bodyText } = request
  const spans = elementSpans(bodyText, 'events')
  return errors.map(({ index, field, error }) => {
    const [start, end] = spans[index] ?? [0, 0]
    return { family: 'product', project, reason: 'invalid', field, error, original: bodyText.slice(start, end) }
  })
}

function readEvent(project: string, value: unknown, sender: Sender, derivedId: string | undefined): Draft | FieldError {
  const issue = check(value)
  if (issue) return issue
  const event = value as ProductEvent
  if (!event.userId && !event.anonymousId) return { field: 'anonymousId', error: 'is required where there is no userId' }
  if (event.eventId != null && !isPrintable(event.eventId, 1, 128)) return { field: 'eventId', error: 'must be 1 to 128 printable characters' }
  if (event.properties != null && deeperThan(event.properties, PROPERTIES_DEPTH)) return { field: 'properties', error: `must not be nested deeper than ${PROPERTIES_DEPTH}` }
  const properties = event.properties == null ? null : JSON.stringify(event.properties)
  if (properties !== null && reachesPrototype(event.properties, properties)) return { field: 'properties', error: 'must not have a key named __proto__ or constructor.prototype' }
  if (properties !== null && properties.length > PROPERTIES_MAX) return { field: 'properties', error: 'must be at most 32 KiB' }
  return {
    family: 'product',
    project,
    source: 'product',
    name: event.eventName,
    ts: typeof event.timestamp === 'string' ? parseTime(event.timestamp) : null,
    eventId: event.eventId ?? derivedId,
    userId: event.userId || null,
    anonymousId: event.anonymousId || null,
    sessionId: event.sessionId || null,
    ...sender,
    // A library or an app of the product's own may send it: that there is no browser's agent tells nothing.
    agentSeen: false,
    properties,
  }
}
