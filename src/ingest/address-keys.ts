import { randomBytes } from 'node:crypto'
import { type Privacy, privacyFor } from '../capture/privacy.ts'
import { DAY_MS, iso } from '../core/time.ts'
import type { Sql } from '../store/sql.ts'
import { addressKey } from './store.ts'

/** The days' random keys, under which addresses are hashed; asked for ahead, so that no event waits for one. */
export interface AddressKeys {
  /** The hashes of the day in which `now` (UTC ms) lies. */
  of(now: number): Privacy
  /** Lets go of keys whose day began 48 h ago, and fetches today's and tomorrow's, made where missing; all nodes of a store share them. */
  prepare(now: number): Promise<void>
}

/** Keys kept in the store, one a UTC day. While the store is away a day without a key gets one of this process alone. */
export function createAddressKeys(sql: Sql): AddressKeys {
  const days = new Map<string, Privacy>()
  let current: { from: number; to: number; privacy: Privacy } | null = null

  const keyOf = (day: string): Privacy => {
    const known = days.get(day)
    if (known) return known
    const own = privacyFor(randomBytes(32))
    days.set(day, own)
    return own
  }

  return {
    of(now) {
      if (current && now >= current.from && now < current.to) return current.privacy
      const from = now - (now % DAY_MS)
      current = { from, to: from + DAY_MS, privacy: keyOf(dayOf(now)) }
      return current.privacy
    },
    async prepare(now) {
      // First, and whatever the store says: a key that is past its time stays nowhere.
      if (current && current.to + DAY_MS <= now) current = null
      for (const day of days.keys()) if (day < dayOf(now - DAY_MS)) days.delete(day)
      for (const day of [dayOf(now), dayOf(now + DAY_MS)]) {
        if (days.has(day)) continue
        days.set(day, privacyFor(Buffer.from(await addressKey(sql, day, randomBytes(32).toString('hex'), now), 'hex')))
      }
    },
  }
}

function dayOf(now: number): string {
  return iso(now).slice(0, 10)
}
