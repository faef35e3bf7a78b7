/** A person as known now: the alias of whoever it was known to be when the event came; see `EVENTS_WITH_USERS`. */
export const USER = 'coalesce(known_as, person)'

/**
 * What can be counted over the events of one group: an expression whose values over parts of the group can be put
 * together (`fold`), or how many different values of a `key` there are, among the events that are `where`.
 */
export type Metric = { expression: string; fold: 'sum' | 'min' | 'max' } | { key: string; where?: string }

/** The dictionary of metrics. A new one is one entry. */
export const METRICS = {
  events: { expression: 'count(*)', fold: 'sum' },
  human_events: { expression: 'count(*) filter (where not machine)', fold: 'sum' },
  machine_events: { expression: 'count(*) filter (where machine)', fold: 'sum' },
  event_names: { key: 'name' },
  sessions: { key: 'session_id' },
  /** Distinct persons as they were known when they came; for visitors, who have no name to be merged by. */
  visitors: { key: 'person' },
  human_visitors: { key: 'person', where: 'not machine' },
  /** Distinct persons as they are known now: an anonymous id later seen with a user is that user. */
  users: { key: USER },
  /** Readers of mails. */
  leads: { key: 'lead_id' },
  human_leads: { key: 'lead_id', where: 'not machine' },
  first_at: { expression: 'min(ts)', fold: 'min' },
  last_at: { expression: 'max(ts)', fold: 'max' },
} as const satisfies Record<string, Metric>

export type MetricName = keyof typeof METRICS
