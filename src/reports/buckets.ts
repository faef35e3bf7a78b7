import { DAY_MS } from '../core/time.ts'
import { type Interval, MONDAY, WIDTH, momentOf, offsetAt, shiftsOf } from '../core/zones.ts'
import type { Range } from './report.ts'

/** The most buckets a series has; a longer one is a question for a wider interval. */
export const MAX_BUCKETS = 10_000

/** Counts the buckets between two moments, about, without making them. */
export function bucketCount(interval: Interval, from: number, to: number): number {
  return Math.ceil((to - from) / (interval === 'month' ? 28 * DAY_MS : WIDTH[interval])) + 1
}

/** The moment (UTC ms) at which a bucket begins, from what the store gave for it; see `bucketStart`. */
export function bucketMoment(interval: Interval, zone: string, bucket: number): number {
  return interval === 'hour' ? bucket : momentOf(zone, bucket)
}

/** The beginnings (UTC ms) of all buckets that have a part in a range, oldest first. An hour that clocks repeat is there twice; a day that they leave out is not there. */
export function bucketsBetween(interval: Interval, zone: string, from: number, to: number): number[] {
  if (interval === 'hour') return hoursBetween(zone, from, to)
  const buckets: number[] = []
  for (let local = localStart(interval, from + offsetAt(zone, from)); ; local = nextLocal(interval, local)) {
    const at = momentOf(zone, local)
    if (at >= to) return buckets
    // Two days that begin in one moment: the clocks leave the first one out.
    if (at === buckets.at(-1)) buckets.pop()
    buckets.push(at)
  }
}

/** Puts zeros where a series has no row: from the range's start, or the first row, to the range's end, or the last row. */
export function fill<T extends { time: number }>(rows: readonly T[], range: Range, interval: Interval, zone: string, empty: Omit<T, 'time'>): T[] {
  const from = range.from ?? rows[0]?.time
  const to = range.to ?? ((rows.at(-1)?.time ?? Number.NaN) + 1)
  if (from === undefined || Number.isNaN(to) || bucketCount(interval, from, to) > MAX_BUCKETS) return [...rows]
  const known = new Map(rows.map((row) => [row.time, row]))
  return bucketsBetween(interval, zone, from, to).map((time) => known.get(time) ?? ({ time, ...empty } as T))
}

/** The clock hours between two moments, cut short where clocks are set within one. */
function hoursBetween(zone: string, from: number, to: number): number[] {
  const buckets: number[] = []
  const shifts = shiftsOf(zone, from - WIDTH.hour, to)
  shifts.forEach(({ from: set, offset }, place) => {
    const end = shifts[place + 1]?.from ?? Number.POSITIVE_INFINITY
    for (let at = floor(set + offset, WIDTH.hour, 0) - offset; at < Math.min(end, to); at += WIDTH.hour) {
      const start = place === 0 ? at : Math.max(at, set)
      if (start < to && Math.min(at + WIDTH.hour, end) > from) buckets.push(start)
    }
  })
  return buckets
}

function localStart(interval: Exclude<Interval, 'hour'>, local: number): number {
  if (interval === 'day') return floor(local, DAY_MS, 0)
  if (interval === 'week') return floor(local, WIDTH.week, MONDAY)
  const date = new Date(local)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
}

function nextLocal(interval: Exclude<Interval, 'hour'>, local: number): number {
  if (interval !== 'month') return local + WIDTH[interval]
  const date = new Date(local)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)
}

function floor(value: number, width: number, origin: number): number {
  return Math.floor((value - origin) / width) * width + origin
}
