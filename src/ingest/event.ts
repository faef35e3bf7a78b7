import type { Verdict } from '../capture/machine.ts'
import type { Cell } from '../store/engine.ts'

/** Where an event came in. */
export type Source = 'link' | 'web' | 'email' | 'product'

/** The API families, each a door of its own. */
export type Family = 'links' | 'tracking' | 'email' | 'product'

/** What a door says of a touchpoint, in Waymark's words. Times are UTC ms; what is unknown is left out or null. */
export interface Draft {
  family: Family
  project: string
  source: Source
  name: string
  /** When it happened, by the client's clock; null when the client gave none that is a time. */
  ts: number | null
  /** The client's own id, for which a repeat is a duplicate. */
  eventId?: string | undefined
  userId?: string | null
  anonymousId?: string | null
  sessionId?: string | null
  trackingId?: string | null
  clickSource?: string | null
  referrer?: string | null
  campaign?: string | null
  landingPage?: string | null
  originalSource?: string | null
  destinationUrl?: string | null
  referrerUrl?: string | null
  campaignId?: number | null
  leadId?: number | null
  /** The visitor's address, null when unknown. */
  address: string | null
  country?: string | null
  userAgent: string | null
  /** Whether a missing user agent tells something: true for a browser's own request, false for a batch that left it out. */
  agentSeen: boolean
  /** `Sec-Purpose`, `Purpose` or `X-Moz` of the request. */
  purpose?: string | undefined
  /** Machine or human, where the door can tell more than one request does. */
  verdict?: Verdict
  /** Free-form JSON object that goes with the event, as text. */
  properties?: string | null
  /** What is known of an event from an earlier life, its id above all: it stands, whatever the steps find. Whoever gives it has made sure that the store has no such event. */
  kept?: Partial<Event>
}

/** One row of the events table; see `store/events.ts` for the columns. */
export interface Event {
  id: string
  project: string
  source: Source
  name: string
  ts: number | null
  received_at: number
  event_id: string | null
  user_id: string | null
  anonymous_id: string | null
  session_id: string | null
  person: string | null
  tracking_id: string | null
  click_source: string | null
  referrer: string | null
  campaign: string | null
  landing_page: string | null
  original_source: string | null
  destination_url: string | null
  referrer_url: string | null
  referrer_host: string | null
  utm_source: string | null
  utm_medium: string | null
  utm_campaign: string | null
  utm_term: string | null
  utm_content: string | null
  campaign_id: number | null
  lead_id: number | null
  ip_hash: string | null
  ip_address: string | null
  country: string | null
  user_agent: string | null
  browser: string | null
  os: string | null
  device: string | null
  machine: boolean
  machine_reason: string | null
  properties: string | null
}

/** An event as it lies in the store, with its place in the order in which events came there. */
export type StoredEvent = Event & { seq: number }

/** What of an event tells whether there is anything to be done about it. */
export const FED_COLUMNS = ['seq', 'id', 'source', 'name', 'ts', 'received_at', 'lead_id', 'machine'] as const

/** That of a stored event, for whoever follows them all. */
export type FedEvent = Pick<StoredEvent, (typeof FED_COLUMNS)[number]>

/** An event's cells in the order of `EVENT_COLUMN_NAMES`; written out because it runs once for every event. */
export function cellsOf(e: Event): Cell[] {
  return [
    e.id, e.project, e.source, e.name, e.ts, e.received_at, e.event_id, e.user_id, e.anonymous_id, e.session_id, e.person,
    e.tracking_id, e.click_source, e.referrer, e.campaign, e.landing_page, e.original_source, e.destination_url, e.referrer_url,
    e.referrer_host, e.utm_source, e.utm_medium, e.utm_campaign, e.utm_term, e.utm_content, e.campaign_id, e.lead_id, e.ip_hash,
    e.ip_address, e.country, e.user_agent, e.browser, e.os, e.device, e.machine, e.machine_reason, e.properties,
  ]
}
