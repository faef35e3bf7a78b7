import { Fault } from '../core/errors.ts'
import { DAY_MS, parseTime } from '../core/time.ts'
import { isZone, momentOf } from '../core/zones.ts'
import type { Range } from './report.ts'

/**
 * The range of a question, from ISO 8601 texts. A date alone is a day by the zone's clocks: `from` its beginning, `to` all
 * of it. Throws Fault 'invalid' naming the field.
 */
export function rangeOf(asked: { from?: unknown; to?: unknown }, zone = 'UTC'): Range {
  const from = timeOf('from', asked.from, zone, 0)
  const to = timeOf('to', asked.to, zone, DAY_MS)
  if (from !== null && to !== null && from >= to) throw wrong('from', 'must be before to')
  return { from, to }
}

/** The time zone of a question, UTC unless named. Throws Fault 'invalid'. */
export function zoneOf(given: unknown): string {
  if (given === undefined || given === null || given === '') return 'UTC'
  if (typeof given === 'string' && isZone(given)) return given
  throw wrong('timezone', 'must be an IANA time zone, such as Europe/Berlin')
}

/** `dayMs`: where in its day a date alone is. */
function timeOf(field: string, given: unknown, zone: string, dayMs: number): number | null {
  if (given === undefined || given === null) return null
  const time = typeof given === 'string' ? parseTime(given) : null
  if (time === null) throw wrong(field, 'must be an ISO 8601 time or date')
  return /^\d{4}-\d{2}-\d{2}$/.test(given as string) ? momentOf(zone, time + dayMs) : time
}

function wrong(field: string, error: string): Fault {
  return new Fault('invalid', `${field} ${error}.`, { errors: [{ field, error }] })
}
