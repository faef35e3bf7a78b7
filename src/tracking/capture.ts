import { Type } from '@sinclair/typebox'
import { normalAddress } from '../capture/address.ts'
import type { FieldError } from '../core/errors.ts'
import { isPrivateHost } from '../core/hosts.ts'
import { isPrintable } from '../core/text.ts'
import { parseTime } from '../core/time.ts'
import { parseHttpUrl } from '../core/urls.ts'
import { reachesPrototype } from '../http/json-body.ts'
import { type Static, errorsOf, fields, maybe } from '../http/validate.ts'
import type { Draft } from '../ingest/index.ts'

/** The project of all captures: campaigns belong to the server, not to a product. */
export const TRACKING_PROJECT = 'tracking'
/** What the id of a referrer, be it a partner or a channel, is made of. */
export const REFERRER_PATTERN = '^[A-Za-z0-9_-]{1,255}$'
const TEXT_MAX = 8 * 1024
const AGENT_MAX = 2_048

/** What a page tells of a visit that came in, or of one that goes on elsewhere. */
export const CaptureSchema = fields({
  referrer: Type.String({ pattern: REFERRER_PATTERN, description: 'Who sent the visitor: the tracking id of a partner or channel', examples: ['partner_john'] }),
  campaign: Type.String({ minLength: 1, maxLength: 255, examples: ['facebook_nov_2024'] }),
  landingPage: Type.String({ minLength: 1, maxLength: TEXT_MAX, examples: ['/about'] }),
  originalSource: maybe(Type.String({ maxLength: 255 })),
  destinationUrl: maybe(Type.String({ maxLength: TEXT_MAX, description: 'Where the visitor goes: http or https, on a public host' })),
  eventType: maybe(Type.String({ enum: ['inbound', 'outbound', null], default: 'inbound', description: '`inbound` for a visit, `outbound` for a click away, which is a conversion' })),
  userAgent: maybe(Type.String({ maxLength: TEXT_MAX, description: 'The User-Agent header when missing' })),
  sessionId: maybe(Type.String({ maxLength: 255 })),
  eventId: maybe(Type.String({ minLength: 1, maxLength: 128, description: 'Your own id of this event; a repeat within 7 days is stored once' })),
  timestamp: maybe(Type.String({ description: 'ISO 8601; the time of arrival when missing' })),
  ipAddress: maybe(Type.String({ maxLength: 45, description: "The visitor's address; counts only with an ingest key" })),
})

/** What a page tells, as it was checked. */
export type Capture = Static<typeof CaptureSchema>

/** Who sent it, as far as the request tells. */
export type Sender = Pick<Draft, 'address' | 'country' | 'userAgent' | 'agentSeen' | 'purpose'>

const check = errorsOf(CaptureSchema, 'body')

/** Reads a body, `text` as it was sent: the capture, or for each field that is wrong what was expected there. */
export function readCapture(body: unknown, text: string): { capture: Capture } | { errors: FieldError[] } {
  if (reachesPrototype(body, text)) return { errors: [{ field: 'body', error: 'must not have a key named __proto__ or constructor.prototype' }] }
  const issues = check(body)
  if (body === null || typeof body !== 'object' || Array.isArray(body)) return { errors: issues }
  const capture = body as Capture
  const errors = [...issues, ...[destinationError(capture), eventIdError(capture), timeError(capture), addressError(capture)].filter((error) => error !== null)]
  return errors.length > 0 ? { errors: errors.filter(({ field }, at) => errors.findIndex((other) => other.field === field) === at) } : { capture }
}

/** The event that a capture is. It happened at `now` (UTC ms) unless it says otherwise; `eventId` is for one that has none of its own. */
export function draftOf(capture: Capture, sender: Sender, now: number, eventId?: string): Draft {
  return {
    family: 'tracking',
    project: TRACKING_PROJECT,
    source: 'web',
    name: capture.eventType ?? 'inbound',
    ts: capture.timestamp ? parseTime(capture.timestamp) : now,
    eventId: capture.eventId ?? eventId,
    sessionId: capture.sessionId || null,
    referrer: capture.referrer,
    campaign: capture.campaign,
    landingPage: capture.landingPage,
    originalSource: capture.originalSource || null,
    destinationUrl: capture.destinationUrl || null,
    ...sender,
    userAgent: capture.userAgent ? capture.userAgent.slice(0, AGENT_MAX) : sender.userAgent,
  }
}

function destinationError({ destinationUrl: url }: Capture): FieldError | null {
  if (typeof url !== 'string' || url === '') return null
  const parsed = parseHttpUrl(url, TEXT_MAX)
  if (parsed === null) return { field: 'destinationUrl', error: 'must be an http or https URL, without user info' }
  return isPrivateHost(parsed.hostname) ? { field: 'destinationUrl', error: 'must lead to a public host, not to a private or loopback address' } : null
}

function eventIdError({ eventId }: Capture): FieldError | null {
  return typeof eventId !== 'string' || isPrintable(eventId, 1, 128) ? null : { field: 'eventId', error: 'must be 1 to 128 printable characters' }
}

function timeError({ timestamp }: Capture): FieldError | null {
  return typeof timestamp !== 'string' || timestamp === '' || parseTime(timestamp) !== null ? null : { field: 'timestamp', error: 'must be an ISO 8601 time, such as 2026-11-22T14:30:00Z' }
}

function addressError({ ipAddress }: Capture): FieldError | null {
  return typeof ipAddress !== 'string' || ipAddress === '' || normalAddress(ipAddress) !== null ? null : { field: 'ipAddress', error: 'must be an IPv4 or IPv6 address' }
}
