import type { DimensionName, Interval } from './dimensions.ts'
import type { MetricName } from './metrics.ts'

/** From when to when, in UTC ms: `from` belongs to it, `to` does not. Null is open. */
export interface Range {
  from: number | null
  to: number | null
}

/** Columns a report may be narrowed by. */
export type FilterName = 'project' | 'source' | 'name' | 'tracking_id' | 'referrer' | 'campaign' | 'machine'

/** What each named column must be; a list means one of these. */
export type Where = Partial<Record<FilterName, string | boolean | readonly string[]>>

/** A question about events, as a value: the same everywhere, whoever asks it. */
export interface Report {
  metrics: readonly MetricName[]
  /** What to break the metrics down by; none gives one row. */
  by?: readonly DimensionName[]
  where: Where
  range: Range
  /** The width of `time` buckets, where `by` names it. */
  interval?: Interval
  /** The most rows, the largest of the first metric first; a report by time is in time's order and whole. */
  limit?: number
}

/** A question for single events, newest first. */
export interface EventList {
  columns: readonly string[]
  where: Where
  range: Range
  limit: number
}
