import { HOUR_MS } from '../core/time.ts'
import { type Interval, MONDAY, type Shift, WIDTH } from '../core/zones.ts'
import type { Dialect } from '../store/dialect.ts'

/** What numbers can be broken down by, beside time and properties: each an expression over one event. A new dimension is one entry. */
export const DIMENSIONS = {
  event: 'name',
  source: 'source',
  tracking_id: 'tracking_id',
  click_source: 'click_source',
  referrer: 'referrer',
  referrer_host: 'referrer_host',
  campaign: 'campaign',
  landing_page: 'landing_page',
  /** Host and port of a URL as the WHATWG rules write it. */
  destination_host: "split_part(destination_url, '/', 3)",
  destination_url: 'destination_url',
  utm_source: 'utm_source',
  utm_medium: 'utm_medium',
  utm_campaign: 'utm_campaign',
  utm_term: 'utm_term',
  utm_content: 'utm_content',
  browser: 'browser',
  os: 'os',
  device: 'device',
  country: 'country',
  machine: 'machine',
  machine_reason: 'machine_reason',
  /** Of mails, whose campaigns have numbers. */
  campaign_id: 'campaign_id',
} as const

/** A dimension that needs nothing but its name. */
export type PlainDimension = keyof typeof DIMENSIONS
export type DimensionName = PlainDimension | 'time'

/**
 * The bucket an event lies in, by a zone's clocks: for hours the moment in UTC ms at which it begins, for longer ones
 * the local time at which it begins, written as if it were UTC. Arithmetic both engines do alike and fast. Clocks that are
 * set within an hour begin another bucket there.
 */
export function bucketStart(dialect: Dialect, interval: Interval, shifts: readonly Shift[]): string {
  const local = shiftedBy(shifts)
  if (interval === 'month') return dialect.milliseconds(`date_trunc('month', ${dialect.timestamp(local)})`)
  const origin = interval === 'week' ? MONDAY : 0
  const start = `${interval === 'hour' ? 'ts' : local} - ${past(origin === 0 ? local : `(${local} - ${origin})`, WIDTH[interval])}`
  const cuts = interval === 'hour' ? shifts.slice(1).filter(({ from, offset }) => (from + offset) % HOUR_MS !== 0) : []
  // `greatest` takes no notice of a null.
  return cuts.length === 0 ? start : `greatest(${start}, case ${cuts.toReversed().map(({ from }) => `when ts >= ${from} then ${from}`).join(' ')} end)`
}

/** How far a time is past the start of its bucket; also before 1970, where `%` is negative. */
function past(time: string, width: number): string {
  return `((${time} % ${width}) + ${width}) % ${width}`
}

/** The local time of an event, by the offsets of its zone. */
function shiftedBy(shifts: readonly Shift[]): string {
  const [first, ...later] = shifts
  const offset = first?.offset ?? 0
  if (later.length === 0) return offset === 0 ? 'ts' : `(ts + ${offset})`
  const cases = later.toReversed().map(({ from, offset: ahead }) => `when ts >= ${from} then ${ahead}`)
  return `(ts + case ${cases.join(' ')} else ${offset} end)`
}

