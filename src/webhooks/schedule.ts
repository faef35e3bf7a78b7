import { DAY_MS, HOUR_MS, MINUTE_MS } from '../core/time.ts'

/** How long after each failed attempt the next is made: ten attempts within 24 hours. */
export const PAUSES_MS = [5_000, MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS, 2 * HOUR_MS, 4 * HOUR_MS, 7 * HOUR_MS, 9 * HOUR_MS]
/** Pauses are shorter by up to this part, so that what failed together does not come again together. */
const JITTER = 0.2
/** A receiver may ask for no longer a pause. */
const ASKED_MOST_MS = 6 * HOUR_MS

/** An endpoint that nothing was delivered to for so long is switched off. */
export const GIVE_UP_MS = 5 * DAY_MS

/**
 * When a message that failed `attempts` times is tried again (UTC ms), or null when that was the last time. `since` is when it was
 * first due, `retryAfterMs` what the receiver asked for, `random` a number from 0 to 1.
 */
export function nextAttempt(attempts: number, since: number, now: number, retryAfterMs: number | null, random: number): number | null {
  const pause = PAUSES_MS[attempts - 1]
  if (pause === undefined || now - since >= DAY_MS) return null
  const jittered = pause * (1 - JITTER * random)
  return Math.round(now + Math.max(jittered, Math.min(retryAfterMs ?? 0, ASKED_MOST_MS)))
}

/** Failures in a row after which an endpoint is left alone for a while, whatever is due. */
const PATIENCE = 3
const REST_MOST_MS = MINUTE_MS

/** How long an endpoint is left alone after so many failures in a row, in ms. */
export function restAfter(failures: number, retryAfterMs: number | null): number {
  const rest = failures < PATIENCE ? 0 : Math.min(REST_MOST_MS, 1_000 * 2 ** (failures - PATIENCE))
  return Math.max(rest, Math.min(retryAfterMs ?? 0, REST_MOST_MS))
}
