export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000

/** The longest text `parseTime` looks at: a date-time with nanoseconds and an offset takes 35. */
const maxLength = 40

/** Each part has one way to match, so the expression cannot backtrack. */
const dateTime =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?:([Zz])|([+-])(\d\d)(?::?(\d\d))?)?)?$/

/** The Gregorian calendar repeats after 400 years, which are so many days. */
const fourCenturiesMs = 146_097 * DAY_MS

const earliest = Date.parse('0001-01-01T00:00:00.000Z')
const latest = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * A time as UTC ms, from ISO 8601 in its extended format (RFC 3339 is part of it): a date, or a date and a time of day with any
 * offset. No offset means UTC, a date alone its midnight, what is finer than a millisecond is cut off.
 * Null when the text is none: another format, an impossible date or time, a year outside 0001 to 9999.
 */
export function parseTime(text: string): number | null {
  if (text.length > maxLength) return null
  const parts = dateTime.exec(text)
  if (!parts) return null
  const day = midnight(Number(parts[1]), Number(parts[2]), Number(parts[3]))
  const clock = timeOfDay(Number(parts[4] ?? 0), Number(parts[5] ?? 0), Number(parts[6] ?? 0), parts[7] ?? '')
  const offset = offsetMs(parts[9], Number(parts[10] ?? 0), Number(parts[11] ?? 0))
  if (day === null || clock === null || offset === null) return null
  const ms = day + clock - offset
  return ms >= earliest && ms <= latest ? ms : null
}

/** UTC ms as `2026-11-22T14:30:00.000Z`. Throws RangeError beyond the years a Date can hold. */
export function iso(ms: number): string {
  return new Date(ms).toISOString()
}

function midnight(year: number, month: number, day: number): number | null {
  // Date.UTC takes the years 0 to 99 for 1900 to 1999, and lets a 30th of February roll over into March.
  const shifted = Date.UTC(year + 400, month - 1, day)
  const date = new Date(shifted)
  if (date.getUTCDate() !== day || date.getUTCMonth() !== month - 1) return null
  return shifted - fourCenturiesMs
}

/** 24:00:00 is the end of the day; a leap second has no place in UTC ms and is refused. */
function timeOfDay(hour: number, minute: number, second: number, fraction: string): number | null {
  const ms = hour * HOUR_MS + minute * MINUTE_MS + second * 1000 + Number(fraction.slice(0, 3).padEnd(3, '0'))
  return minute > 59 || second > 59 || ms > DAY_MS ? null : ms
}

function offsetMs(sign: string | undefined, hours: number, minutes: number): number | null {
  if (hours > 23 || minutes > 59) return null
  const ms = hours * HOUR_MS + minutes * MINUTE_MS
  return sign === '-' ? -ms : ms
}
