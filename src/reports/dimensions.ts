import { DAY_MS, HOUR_MS } from '../core/time.ts'
import type { Dialect } from '../store/dialect.ts'

/** The widths of `time` buckets. */
export type Interval = 'hour' | 'day' | 'week' | 'month'

/** What numbers can be broken down by: each an expression over one event. A new dimension is one entry. */
export const DIMENSIONS = {
  time: (dialect: Dialect, interval: Interval) => bucketStart(dialect, interval),
  tracking_id: () => 'tracking_id',
  click_source: () => 'click_source',
  referrer_host: () => 'referrer_host',
  campaign: () => 'campaign',
  browser: () => 'browser',
  os: () => 'os',
  device: () => 'device',
  country: () => 'country',
  machine_reason: () => 'machine_reason',
} as const

export type DimensionName = keyof typeof DIMENSIONS

/** 1970-01-01 was a Thursday; weeks begin on Monday (ISO 8601). */
const MONDAY_MS = 4 * DAY_MS

/** The start of an event's bucket in UTC ms. Days and weeks are plain arithmetic, which both engines do alike and fast. */
function bucketStart(dialect: Dialect, interval: Interval): string {
  switch (interval) {
    case 'hour':
      return floorTo(HOUR_MS, 0)
    case 'day':
      return floorTo(DAY_MS, 0)
    case 'week':
      return floorTo(7 * DAY_MS, MONDAY_MS)
    case 'month':
      return dialect.milliseconds(`date_trunc('month', ${dialect.timestamp('ts')})`)
  }
}

/** Rounds down also before 1970, where `%` is negative. */
function floorTo(width: number, origin: number): string {
  const since = origin === 0 ? 'ts' : `(ts - ${origin})`
  return `ts - ((${since} % ${width}) + ${width}) % ${width}`
}
