import { sha256 } from '../core/ids.ts'
import { parseTime } from '../core/time.ts'
import type { FieldError } from '../core/errors.ts'
import type { Draft, Event, Family, Source } from '../ingest/index.ts'
import { EVENT_COLUMNS } from '../store/events.ts'
import { type Read, armedRecord } from './formats.ts'

/** What records can be: rows of an export of our own, or what other systems and the API's clients know them as. */
export type Kind = 'row' | 'link' | 'project' | 'click' | 'capture' | 'event'

/** A record, understood: what it is, in the words of the door that takes it in. */
export interface Shaped {
  kind: Kind
  record: Record<string, unknown>
  /** The id under which it is stored: always the same for the same record of the same file. */
  id: string
  /** When it first came, UTC ms; null where it says nothing of time. */
  receivedAt: number | null
}

type Texts = Record<string, unknown>

/** Understands a record; null where it is nothing that can be imported. */
export function shapeOf({ record: given, line, disarmed }: Extract<Read, { record: object }>): Shaped | null {
  const record = extended(given) as Texts
  // Whatever else a CSV file comes from, only we take the danger out of its cells.
  const own = (row: Texts): Texts => (disarmed ? armedRecord(row) : row)
  const has = (...names: string[]): boolean => names.every((name) => record[name] !== undefined && record[name] !== null)
  const idOf = (kind: Kind, id: unknown): string => (typeof id === 'string' && id !== '' ? (isUuid(id) ? id.toLowerCase() : uuidOf(`${kind} ${id}`)) : uuidOf(`${kind} ${line} ${JSON.stringify(given)}`))
  if (has('id', 'project', 'source', 'name', 'received_at')) {
    const row = own(record)
    return { kind: 'row', record: row, id: String(row.id), receivedAt: timeIn(row.received_at) }
  }
  if (has('tracking_id', 'original_url')) return { kind: 'link', record: linkWords(own(record)), id: '', receivedAt: null }
  if (has('eventName')) {
    const { _id: objectId, receivedAt, ...event } = record
    return { kind: 'event', record: eventWords(event), id: idOf('event', objectId), receivedAt: timeIn(receivedAt) ?? timeIn(record.timestamp) ?? momentIn(objectId) }
  }
  if (has('projectKey', 'name')) return { kind: 'project', record: { ...own(record), isActive: flag(record.isActive) }, id: '', receivedAt: null }
  if (has('referrer', 'campaign')) return { kind: 'capture', record: captureWords(record), id: idOf('capture', record.id), receivedAt: timeIn(record.timestamp) }
  if (has('tracking_id')) return { kind: 'click', record: clickWords(record), id: idOf('click', record.click_id), receivedAt: timeIn(record.clicked_at) }
  return null
}

/** An exported event as it was, or what is wrong with the row. */
export function rowDraft(row: Texts): Draft | FieldError {
  const event: Record<string, unknown> = {}
  for (const [name, type] of Object.entries(EVENT_COLUMNS)) {
    const value = row[name] ?? null
    if (value === null) event[name] = null
    else if (name === 'ts' || name === 'received_at') event[name] = timeIn(value)
    else if (type === 'bigint') event[name] = Number(value)
    else if (type === 'boolean') event[name] = flag(value)
    else if (type === 'json') event[name] = typeof value === 'string' ? value : JSON.stringify(value)
    else event[name] = String(value)
    if (value !== null && (event[name] === null || Number.isNaN(event[name]))) return { field: name, error: `must be ${name === 'ts' || name === 'received_at' ? 'an ISO 8601 time' : `a ${type}`}` }
  }
  const kept = { ...event, machine: event.machine ?? false } as unknown as Event
  const family = FAMILIES[kept.source]
  if (family === undefined) return { field: 'source', error: `must be one of ${Object.keys(FAMILIES).join(', ')}` }
  if (kept.properties !== null && !isJson(kept.properties)) return { field: 'properties', error: 'must be JSON' }
  return { family, project: kept.project, source: kept.source, name: kept.name, ts: kept.ts, address: null, userAgent: kept.user_agent, agentSeen: false, kept }
}

const FAMILIES: Record<Source, Family> = { link: 'links', web: 'tracking', email: 'email', product: 'product' }

/** The words of the API for a row of the table `link_clicks`. */
function clickWords(row: Texts): Texts {
  return { ...row, metadata: typeof row.metadata === 'string' && row.metadata !== '' ? parsed(row.metadata) : row.metadata }
}

function linkWords(row: Texts): Texts {
  return { ...row, is_active: flag(row.is_active), metadata: typeof row.metadata === 'string' ? parsed(row.metadata) : (row.metadata ?? null) }
}

/** The words of the API for a row of the table `tracking_events`. */
function captureWords(row: Texts): Texts {
  const words: Record<string, string> = { landing_page: 'landingPage', original_source: 'originalSource', destination_url: 'destinationUrl', event_type: 'eventType', user_agent: 'userAgent', session_id: 'sessionId', ip_address: 'ipAddress', event_id: 'eventId' }
  const { id: _, ...rest } = row
  return Object.fromEntries(Object.entries(rest).map(([name, value]) => [words[name] ?? name, value]))
}

function eventWords(document: Texts): Texts {
  return { ...document, properties: typeof document.properties === 'string' ? parsed(document.properties) : document.properties }
}

/** MongoDB's Extended JSON v2, relaxed and canonical, as plain values: `{"$date": …}`, `{"$oid": …}` and numbers by their type. */
function extended(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(extended)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value)
  const [[key, inner] = ['', null]] = entries
  if (entries.length === 1) {
    if (key === '$oid' || key === '$uuid') return inner
    if (key === '$numberInt' || key === '$numberLong' || key === '$numberDouble' || key === '$numberDecimal') return Number(inner)
    if (key === '$date') return typeof inner === 'string' ? inner : momentOf(Number(extended(inner)))
  }
  return Object.fromEntries(entries.map(([name, one]) => [name, extended(one)]))
}

/** When MongoDB made an ObjectId, UTC ms: its first four bytes are seconds. */
function momentIn(objectId: unknown): number | null {
  return typeof objectId === 'string' && /^[0-9a-f]{24}$/.test(objectId) ? Number.parseInt(objectId.slice(0, 8), 16) * 1000 : null
}

function momentOf(ms: number): string | number {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : ms
}

function timeIn(value: unknown): number | null {
  return typeof value === 'string' ? parseTime(value) : null
}

/** A truth as CSV files of many makers write it; what is none stays, and is refused by its door. */
function flag(value: unknown): unknown {
  if (typeof value !== 'string') return value
  if (/^(true|t|1)$/i.test(value)) return true
  return /^(false|f|0)$/i.test(value) ? false : value
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // No JSON: the door says so, and names the field.
    return text
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
}

/** An id of the form of our own, made of a text: version 8 of RFC 9562. */
function uuidOf(text: string): string {
  const hex = sha256(text)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
