/** The columns of the one table of facts, in the order in which rows are journalled and appended. */
export const EVENT_COLUMNS = {
  id: 'text',
  project: 'text',
  source: 'text',
  name: 'text',
  ts: 'bigint',
  received_at: 'bigint',
  event_id: 'text',
  user_id: 'text',
  anonymous_id: 'text',
  session_id: 'text',
  person: 'text',
  tracking_id: 'text',
  click_source: 'text',
  referrer: 'text',
  campaign: 'text',
  landing_page: 'text',
  original_source: 'text',
  destination_url: 'text',
  referrer_url: 'text',
  referrer_host: 'text',
  utm_source: 'text',
  utm_medium: 'text',
  utm_campaign: 'text',
  utm_term: 'text',
  utm_content: 'text',
  campaign_id: 'bigint',
  lead_id: 'bigint',
  ip_hash: 'text',
  ip_address: 'text',
  country: 'text',
  user_agent: 'text',
  browser: 'text',
  os: 'text',
  device: 'text',
  machine: 'boolean',
  machine_reason: 'text',
  properties: 'json',
} as const satisfies Record<string, ColumnType>

export type ColumnType = 'text' | 'bigint' | 'boolean' | 'json'
export type EventColumn = keyof typeof EVENT_COLUMNS

/** The event columns' names, in order. */
export const EVENT_COLUMN_NAMES = Object.keys(EVENT_COLUMNS) as EventColumn[]

/** The columns as they lie in the store: behind the others each event's place in the order in which events came there. */
export const STORED_COLUMN_NAMES = [...EVENT_COLUMN_NAMES, 'seq'] as const

/** Gives a number that grows with every change of the events and of who is who: the last that an event was given, or that of a change of events. */
export const EVENTS_STATE = `select value as state from counters where name = 'events'`

/** Told with every change of events that are stored already. It skips a number. */
export const EVENTS_CHANGED = `update counters set value = value + 1 where name = 'events'`
