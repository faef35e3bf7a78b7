import { DAY_MS } from '../core/time.ts'
import type { Row } from '../store/sql.ts'
import type { Range } from './report.ts'

/** Longer series are given as they are. */
const MAX_FILLED = 1_000

/**
 * Puts the days without events into a daily series, so that a chart shows them: from the range's start, or the first
 * day there is, to the range's end, or the last. `empty` is what such a day counts.
 */
export function fillDays<T extends Row & { time: number }>(rows: readonly T[], range: Range, empty: Omit<T, 'time'>): T[] {
  const start = range.from ?? rows[0]?.time
  const last = range.to === null ? rows.at(-1)?.time : range.to - 1
  if (start === undefined || last === undefined) return [...rows]
  // Rounded down, also before 1970.
  const first = Math.floor(start / DAY_MS) * DAY_MS
  const days = Math.floor((last - first) / DAY_MS) + 1
  if (days > MAX_FILLED) return [...rows]
  const known = new Map(rows.map((row) => [row.time, row]))
  return Array.from({ length: Math.max(0, days) }, (_, day) => {
    const time = first + day * DAY_MS
    return known.get(time) ?? ({ ...empty, time } as T)
  })
}
