import { normalAddress } from '../capture/address.ts'
import type { FieldError } from '../core/errors.ts'
import { elementSpans } from '../core/json-spans.ts'
import { deeperThan, isPrintable } from '../core/text.ts'
import { parseTime } from '../core/time.ts'
import { reachesPrototype } from '../http/json-body.ts'
import { type Static, checkOf, fields, maybe } from '../http/validate.ts'
import type { Draft, Refusal } from '../ingest/index.ts'
import { Type } from '@sinclair/typebox'
import { LINK_PROJECT } from './click.ts'
import type { Target } from './directory.ts'
import { TRACKING_ID_PATTERN } from './link.ts'

export const BATCH_EVENTS = 1_000
const METADATA_BYTES = 32 * 1024
const METADATA_DEPTH = 32
const TEXT_MAX = 8 * 1024

/** One click of a batch, as another domain reports it. */
export const ClickSchema = fields({
  tracking_id: Type.String({ pattern: TRACKING_ID_PATTERN, description: 'Which link was clicked' }),
  event_id: maybe(Type.String({ minLength: 1, maxLength: 128, description: 'Your own id of this click; a repeat within 7 days is stored once' })),
  clicked_at: maybe(Type.String({ description: 'ISO 8601; the time of arrival when missing' })),
  ip_address: maybe(Type.String({ maxLength: 45, description: "The visitor's address" })),
  user_agent: maybe(Type.String({ maxLength: TEXT_MAX })),
  referrer_url: maybe(Type.String({ maxLength: 1_000 })),
  click_source: maybe(Type.String({ maxLength: 50, description: 'Such as linkedin or calendly' })),
  session_id: maybe(Type.String({ maxLength: 100 })),
  metadata: maybe(Type.Object({}, { additionalProperties: true, description: 'Anything of your own, up to 32 KiB' })),
  purpose: maybe(Type.String({ maxLength: 100, description: "`Sec-Purpose`, `Purpose` or `X-Moz` of the visitor's request, where it had one: a prefetch is a machine's" })),
})
type Click = Static<typeof ClickSchema>

const check = checkOf(ClickSchema)

/** A click that was refused: which, and why. */
export interface ClickError {
  index: number
  tracking_id: string | null
  field: string
  error: string
}

/** A batch, read: each event is a draft or an error, by its index. */
export interface ReadBatch {
  drafts: Draft[]
  /** The index in the request of each draft. */
  indexes: number[]
  errors: ClickError[]
}

/** Reads the events of a batch one by one; a bad one costs its neighbours nothing. `now` is UTC ms. */
export function readBatch(events: readonly unknown[], now: number, eventIdOf: (index: number) => string | undefined): ReadBatch {
  const batch: ReadBatch = { drafts: [], indexes: [], errors: [] }
  events.forEach((event, index) => {
    const read = readClick(event, now, eventIdOf(index))
    if ('error' in read) batch.errors.push({ index, tracking_id: idOf(event), field: read.field, error: read.error })
    else {
      batch.drafts.push(read)
      batch.indexes.push(index)
    }
  })
  return batch
}

/** Ties drafts to the links they are of: campaign, partner and destination come from the link. Gives the number without one. */
export function matchLinks(drafts: readonly Draft[], links: ReadonlyMap<string, Target>): number {
  let unmatched = 0
  for (const draft of drafts) {
    const target = links.get(draft.trackingId as string)
    if (!target) {
      unmatched++
      continue
    }
    draft.campaign = target.campaign
    draft.referrer = target.partner
    draft.destinationUrl = target.destination
  }
  return unmatched
}

/** What is kept of refused clicks: the very text that was sent, cut out of their request's body. */
export function refusalsOf(errors: readonly ClickError[], request: { bodyText: string }, reason: Refusal['reason'] = 'invalid'): Refusal[] {
  if (errors.length === 0) return []
  const { bodyText } = request
  const spans = elementSpans(bodyText, 'events')
  return errors.map(({ index, field, error }) => {
    const [start, end] = spans[index] ?? [0, 0]
    return { family: 'links', project: LINK_PROJECT, reason, field, error, original: bodyText.slice(start, end) }
  })
}

function readClick(event: unknown, now: number, derivedId: string | undefined): Draft | FieldError {
  const issue = check(event)
  if (issue) return issue
  const click = event as Click
  const clickedAt = !click.clicked_at ? now : parseTime(click.clicked_at)
  if (clickedAt === null) return { field: 'clicked_at', error: 'must be an ISO 8601 time, such as 2026-11-22T14:30:00Z' }
  const address = click.ip_address == null || click.ip_address === '' ? null : normalAddress(click.ip_address)
  if (address === null && click.ip_address) return { field: 'ip_address', error: 'must be an IPv4 or IPv6 address' }
  if (click.event_id != null && !isPrintable(click.event_id, 1, 128)) return { field: 'event_id', error: 'must be 1 to 128 printable characters' }
  if (click.metadata != null && deeperThan(click.metadata, METADATA_DEPTH)) return { field: 'metadata', error: `must not be nested deeper than ${METADATA_DEPTH}` }
  const metadata = click.metadata == null ? null : JSON.stringify(click.metadata)
  if (metadata !== null && reachesPrototype(click.metadata, metadata)) return { field: 'metadata', error: 'must not have a key named __proto__ or constructor.prototype' }
  if (metadata !== null && metadata.length > METADATA_BYTES) return { field: 'metadata', error: 'must be at most 32 KiB' }
  return {
    family: 'links',
    project: LINK_PROJECT,
    source: 'link',
    name: 'link_clicked',
    ts: clickedAt,
    eventId: click.event_id ?? derivedId,
    trackingId: click.tracking_id,
    clickSource: click.click_source || null,
    referrerUrl: click.referrer_url || null,
    sessionId: click.session_id || null,
    address,
    userAgent: click.user_agent || null,
    agentSeen: false,
    purpose: click.purpose || undefined,
    properties: metadata,
  }
}

function idOf(event: unknown): string | null {
  const id = event !== null && typeof event === 'object' && 'tracking_id' in event ? event.tracking_id : null
  return typeof id === 'string' ? id.slice(0, 100) : null
}
