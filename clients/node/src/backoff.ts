const FIRST_MS = 1_000
const MOST_MS = 60_000
/** Nobody is believed who says to come again later than this. */
const TOLD_MOST_MS = 60 * 60_000

/** How long to wait after so many failures, in ms: longer each time, half of it by chance, and never less than the server told. */
export function pauseAfter(failures: number, told: number): number {
  const most = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 10))
  const own = most * (0.5 + Math.random() / 2)
  // A tenth on top of what was told: others were told the same.
  return Math.max(own, Math.min(told, TOLD_MOST_MS) * (1 + Math.random() / 10))
}

/** `Retry-After` (RFC 9110, 10.2.3), seconds or a date, in ms from `now` (UTC ms); 0 where there is none. */
export function toldToWait(header: string | null, now: number): number {
  if (header === null) return 0
  const ms = /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - now
  return ms > 0 ? ms : 0
}
