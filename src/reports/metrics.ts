/** What can be counted: each an expression over the events of one group. A new metric is one entry. */
export const METRICS = {
  events: 'count(*)',
  human_events: 'count(*) filter (where not machine)',
  machine_events: 'count(*) filter (where machine)',
  visitors: 'count(distinct person)',
  human_visitors: 'count(distinct person) filter (where not machine)',
} as const

export type MetricName = keyof typeof METRICS
