/** What can be counted: each an expression over the events of one group. A new metric is one entry. */
export const METRICS = {
  events: () => 'count(*)',
  human_events: () => 'count(*) filter (where not machine)',
  machine_events: () => 'count(*) filter (where machine)',
  event_names: () => 'count(distinct name)',
  sessions: () => 'count(distinct session_id)',
  /** Distinct persons as they were known when they came; for visitors, who have no name to be merged by. */
  visitors: () => 'count(distinct person)',
  human_visitors: () => 'count(distinct person) filter (where not machine)',
  /** Distinct persons as they are known now: an anonymous id later seen with a user is that user. */
  users: (user: string) => `count(distinct ${user})`,
  first_at: () => 'min(ts)',
  last_at: () => 'max(ts)',
} as const

export type MetricName = keyof typeof METRICS
