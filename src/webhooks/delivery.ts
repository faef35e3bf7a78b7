import { sha256 } from '../core/ids.ts'
import type { FedEvent } from '../ingest/index.ts'
import type { LinkNews } from '../links/index.ts'
import { type Endpoint, type EventType, TEST_TYPE, typeFor } from './endpoint.ts'

/** One message to one endpoint. What it says is not in it, but made from its subject when it is sent. Times are UTC ms. */
export interface Delivery {
  /** The `webhook-id` of the message: the same in every attempt. */
  id: string
  webhookId: string
  eventType: string
  /** What it tells of: the number of an event, or the tracking id of a link. */
  subject: string
  /** Where that stands in the order of events, or of changes to links. */
  place: number
  state: 'pending' | 'delivered' | 'failed'
  attempts: number
  /** When it was first due. */
  since: number
  dueAt: number
  /** The status of the last answer; null where none came. */
  status: number | null
  /** Why the last attempt failed. */
  reason: string | null
  createdAt: number
  attemptedAt: number | null
}

/** What some endpoints are told of some events. */
export function ofEvents(endpoints: readonly Endpoint[], events: readonly FedEvent[], now: number): Delivery[] {
  return events.flatMap((event) =>
    endpoints.flatMap((endpoint) => {
      const type = typeFor(endpoint, event)
      return type === null ? [] : [queued(endpoint, type, String(event.seq), event.seq, event.id, now)]
    }),
  )
}

/** What some endpoints are told of links that were made or changed. */
export function ofLinks(endpoints: readonly Endpoint[], links: readonly LinkNews[], now: number): Delivery[] {
  return links.flatMap(({ trackingId, version, made, changed }) => {
    const types = [...(made ? (['link.created'] as const) : []), ...(changed ? (['link.updated'] as const) : [])]
    return endpoints.flatMap((endpoint) => types.filter((type) => endpoint.events.includes(type)).map((type) => queued(endpoint, type, trackingId, version, `${trackingId} ${version}`, now)))
  })
}

/** A message that tries an endpoint. */
export function ofTest(endpoint: Endpoint, id: string, now: number): Delivery {
  return queued(endpoint, TEST_TYPE, '', 0, id, now)
}

/** The id follows from what is told to whom, so that what is read twice is queued once. */
function queued(endpoint: Endpoint, eventType: EventType | typeof TEST_TYPE, subject: string, place: number, what: string, now: number): Delivery {
  const id = `msg_${sha256(`${endpoint.id} ${eventType} ${what}`).slice(0, 32)}`
  return { id, webhookId: endpoint.id, eventType, subject, place, state: 'pending', attempts: 0, since: now, dueAt: now, status: null, reason: null, createdAt: now, attemptedAt: null }
}
