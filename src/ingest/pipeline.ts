import { readAgent } from '../capture/agent.ts'
import { judge } from '../capture/machine.ts'
import type { Privacy } from '../capture/privacy.ts'
import { referrerHost } from '../capture/referrer.ts'
import { utmOf } from '../capture/utm.ts'
import { newId } from '../core/ids.ts'
import { wellFormed } from '../core/text.ts'
import { DAY_MS, iso } from '../core/time.ts'
import { type Draft, type Event, cellsOf } from './event.ts'

/** Every reason for which an event does not go its way to the store. The list is closed. */
export type DropReason = 'invalid' | 'unknown_link' | 'duplicate' | 'opted_out' | 'limited' | 'bad_token' | 'expired' | 'unknown_lead' | 'journal_full' | 'journal_failed' | 'store_refused'

/** How addresses are kept: as a keyed hash, as they are, or not at all. */
export type IpStorage = 'hash' | 'raw' | 'none'

/** What the steps need to know of the world, all of it in memory. */
export interface PipelineWorld {
  ipStorage: IpStorage
  /** The hashes of the day: their key is random and lives two days. */
  privacy: (now: number) => Privacy
  country: (address: string) => string | null
  /** Called for one event in `SAMPLE`: how long a step took. */
  onStep: (step: StepName, seconds: number) => void
}

type Step = (event: Event, draft: Draft, world: PipelineWorld) => void
export type StepName = (typeof STEPS)[number][0]

/** The steps of every event, in order, each named after what it finds out. The dear ones answer from memory. */
const STEPS = [
  ['clock', clock],
  ['address', address],
  ['agent', agent],
  ['machine', machine],
  ['person', person],
  ['origin', origin],
] as const satisfies readonly (readonly [string, Step])[]

const SAMPLE = 64
let seen = 0

/** Takes a draft through all steps. `receivedAt` is the server's time in UTC ms. */
export function toEvent(draft: Draft, receivedAt: number, world: PipelineWorld): Event {
  const event = blank(draft, receivedAt)
  if (seen++ % SAMPLE === 0) {
    for (const [name, step] of STEPS) {
      const start = performance.now()
      step(event, draft, world)
      world.onStep(name, (performance.now() - start) / 1000)
    }
  } else {
    for (const [, step] of STEPS) step(event, draft, world)
  }
  return draft.kept ? Object.assign(event, draft.kept) : event
}

/** An event's journal text: JSON of its cells, free of what a store cannot hold (NUL and lone surrogates). */
export function encodeEvent(event: Event, suspect: boolean): string {
  const cells = cellsOf(event)
  if (suspect) cells.push(true)
  const text = JSON.stringify(cells)
  // JSON escapes by \u only control characters and lone surrogates, so most events are done here.
  if (!text.includes('\\u')) return text
  return JSON.stringify(cells.map((cell, at) => (typeof cell !== 'string' ? cell : at === PROPERTIES ? cleanJson(cell) : wellFormed(cell))))
}

const PROPERTIES = 36

function cleanJson(text: string): string {
  return JSON.stringify(clean(JSON.parse(text)))
}

function clean(value: unknown): unknown {
  if (typeof value === 'string') return wellFormed(value)
  if (Array.isArray(value)) return value.map(clean)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [wellFormed(key), clean(inner)]))
}

function blank(draft: Draft, receivedAt: number): Event {
  return {
    id: newId(),
    project: draft.project,
    source: draft.source,
    name: draft.name,
    ts: draft.ts,
    received_at: receivedAt,
    event_id: draft.eventId ?? null,
    user_id: draft.userId ?? null,
    anonymous_id: draft.anonymousId ?? null,
    session_id: draft.sessionId ?? null,
    person: null,
    tracking_id: draft.trackingId ?? null,
    click_source: draft.clickSource ?? null,
    referrer: draft.referrer ?? null,
    campaign: draft.campaign ?? null,
    landing_page: draft.landingPage ?? null,
    original_source: draft.originalSource ?? null,
    destination_url: draft.destinationUrl ?? null,
    referrer_url: draft.referrerUrl ?? null,
    referrer_host: null,
    utm_source: null,
    utm_medium: null,
    utm_campaign: null,
    utm_term: null,
    utm_content: null,
    campaign_id: draft.campaignId ?? null,
    lead_id: draft.leadId ?? null,
    ip_hash: null,
    ip_address: null,
    country: draft.country ?? null,
    user_agent: draft.userAgent,
    browser: null,
    os: null,
    device: null,
    machine: false,
    machine_reason: null,
    properties: draft.properties ?? null,
  }
}

/** A client's clock that runs a day or more ahead is not believed; what it said stays in the properties. */
function clock(event: Event): void {
  if (event.ts === null || event.ts <= event.received_at + DAY_MS) return
  event.properties = JSON.stringify({ ...JSON.parse(event.properties ?? '{}'), sent_time: iso(event.ts) })
  event.ts = event.received_at
}

function address(event: Event, draft: Draft, world: PipelineWorld): void {
  if (draft.address === null) return
  event.country ??= world.country(draft.address)
  if (world.ipStorage === 'hash') event.ip_hash = world.privacy(event.received_at).hash(draft.address)
  else if (world.ipStorage === 'raw') event.ip_address = draft.address
}

function agent(event: Event): void {
  const read = readAgent(event.user_agent)
  event.browser = read.browser
  event.os = read.os
  event.device = read.device
}

function machine(event: Event, draft: Draft): void {
  const verdict = draft.verdict ?? judge({ userAgent: draft.userAgent, agentKnown: draft.agentSeen || draft.userAgent !== null, purpose: draft.purpose })
  event.machine = verdict.machine
  event.machine_reason = verdict.reason
}

/** Who it is known to be now: by name, else by browser, else by session, else the visitor of the day. */
function person(event: Event, draft: Draft, world: PipelineWorld): void {
  if (event.user_id !== null) event.person = `u:${event.user_id}`
  else if (event.anonymous_id !== null) event.person = `a:${event.anonymous_id}`
  else if (event.lead_id !== null) event.person = `l:${event.lead_id}`
  else if (event.session_id !== null) event.person = `s:${event.session_id}`
  else if (draft.address !== null) event.person = world.privacy(event.received_at).visitor(draft.address, draft.userAgent)
}

/** The site a visitor came from, and the campaign that the address of the page says where they arrived: of a link or a mail, where it leads. */
function origin(event: Event): void {
  if (event.referrer_url !== null) event.referrer_host = referrerHost(event.referrer_url)
  const utm = utmOf(event.landing_page ?? event.destination_url)
  if (utm !== null) Object.assign(event, utm)
}
