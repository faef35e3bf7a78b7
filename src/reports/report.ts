import type { Interval } from '../core/zones.ts'
import type { Statement } from '../store/sql.ts'
import type { DimensionName, PlainDimension } from './dimensions.ts'
import type { MetricName } from './metrics.ts'

/** From when to when, in UTC ms: `from` belongs to it, `to` does not. Null is open. */
export interface Range {
  from: number | null
  to: number | null
}

/** Columns a report may be narrowed by. */
export const FILTERS = ['project', 'source', 'name', 'tracking_id', 'referrer', 'campaign', 'click_source', 'referrer_host', 'utm_source', 'utm_medium', 'utm_campaign', 'country', 'browser', 'os', 'device', 'machine'] as const
export type FilterName = (typeof FILTERS)[number]

/** What each named column must be; a list means one of these. A campaign of mails is a number. */
export type Where = Partial<Record<FilterName, string | boolean | readonly string[]>> & { campaign_id?: number }

/** What of the events a report is about. */
export interface Scope {
  where: Where
  /** A column in which the events must say something. */
  with?: FilterName | undefined
  /** What properties of the events must be, by key; a value is compared as text. */
  properties?: Readonly<Record<string, string>>
  range: Range
}

/** A question as the store is asked it. Its answer is made of the events of a scope, and of nothing else but who is who. */
export interface Question extends Statement {
  scope: Scope
}

/** What numbers are broken down by: a dimension, or a property of the events by its key. */
export type By = DimensionName | { property: string }

/** A question about events, as a value: the same everywhere, whoever asks it. */
export interface Report extends Scope {
  metrics: readonly MetricName[]
  /** None gives one row. */
  by?: readonly By[]
  /** The width of `time` buckets, where `by` names it, and whose clocks they follow; by day and UTC unless told. */
  interval?: Interval
  timezone?: string
  /** The most rows, the largest of the first metric first; a report by time is in time's order. */
  limit?: number
}

/** A question for the whole and, of several dimensions each by itself, the largest parts. */
export interface Breakdown extends Scope {
  /** The first one says which parts are the largest. */
  metrics: readonly MetricName[]
  parts: readonly PlainDimension[]
  /** The most rows of each part. */
  limit: number
}

/** A question for single events, newest first. */
export interface EventList extends Scope {
  columns: readonly string[]
  /** Only events that come behind this one: the last of the page before. */
  after?: { ts: number; id: string } | null
  limit: number
}
