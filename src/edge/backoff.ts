const FIRST_MS = 1_000
const MOST_MS = 60_000
/** Nobody is believed who says to come again later than this. */
const TOLD_MOST_MS = 60 * 60_000

/**
 * How long to wait before the next try, in ms: twice as long after each failure, up to a minute, half of it by chance, so that
 * many edges do not come back in one moment. What the origin told to wait is waited for at least.
 */
export function pauseAfter(failures: number, told: number | null, random: () => number): number {
  const whole = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 16))
  const own = whole / 2 + (random() * whole) / 2
  return Math.round(told === null ? own : Math.max(own, Math.min(told, TOLD_MOST_MS) * (1 + random() / 10)))
}

/** `Retry-After` (RFC 9110, 10.2.3) in ms: seconds, or a date. Null where it is missing or neither. `now` is UTC ms. */
export function retryAfter(header: string | null, now: number): number | null {
  if (header === null) return null
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000
  const date = header.trim().endsWith('GMT') ? Date.parse(header) : Number.NaN
  return Number.isNaN(date) ? null : Math.max(0, date - now)
}
