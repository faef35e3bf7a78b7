import { timingSafeEqual } from 'node:crypto'
import { Fault } from '../core/errors.ts'
import { newSecret, sha256 } from '../core/ids.ts'
import { DAY_MS } from '../core/time.ts'
import type { Partner } from './store.ts'

/** How long a token counts unless told, and at most. */
export const DEFAULT_DAYS = 365
export const MOST_DAYS = 3_650

/** A new token, to be shown once: 256 random bits. `expiresAt` is UTC ms. */
export function newAccess(days: number | null | undefined, now: number): { token: string; tokenHash: string; expiresAt: number } {
  const token = newSecret('wmp')
  return { token, tokenHash: sha256(token), expiresAt: now + (days ?? DEFAULT_DAYS) * DAY_MS }
}

/** The address of a partner's dashboard, which opens with the token in it. `base` has no slash at its end. */
export function dashboardUrl(base: string, trackingId: string, token: string): string {
  return `${base}/engagement/${trackingId}?token=${token}`
}

/** How much a visitor sees: all with the partner's token, the totals without one. Throws Fault 'forbidden' for a token that does not count; it does not say why. */
export function accessOf(partner: Partner, token: string | undefined, now: number): 'public' | 'private' {
  if (token === undefined) return 'public'
  if (isToken(partner, token) && partner.isActive && now < partner.expiresAt) return 'private'
  throw new Fault('forbidden', 'This token does not open these numbers: it is wrong, has expired or was revoked.')
}

/** Hashes are of one length, and are compared in constant time. */
function isToken({ tokenHash }: Partner, token: string): boolean {
  return timingSafeEqual(Buffer.from(sha256(token)), Buffer.from(tokenHash))
}
