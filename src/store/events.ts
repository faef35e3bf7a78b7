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
