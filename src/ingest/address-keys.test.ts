import { afterAll, beforeAll, expect, test } from 'vitest'
import { onEveryEngine } from '../../test/support/engines.ts'
import { type TestStore, openStore } from '../../test/support/store.ts'
import { hashAddress } from '../capture/privacy.ts'
import { Fault } from '../core/errors.ts'
import { DAY_MS } from '../core/time.ts'
import type { Sql } from '../store/sql.ts'
import { createAddressKeys } from './address-keys.ts'
import { dropAddressKeys } from './store.ts'

const NOON = Date.UTC(2026, 10, 22, 12)
const ADDRESS = '203.0.113.42'

onEveryEngine('the keys under which addresses are hashed', (engine) => {
  let store: TestStore
  beforeAll(async () => {
    store = await openStore(engine)
  })
  afterAll(() => store.close())

  const stored = async () => (await store.sql.rows<{ day: string }>('select day from address_keys order by day')).map(({ day }) => day)

  test('are one a UTC day, random, and shared by all nodes', async () => {
    const [one, other] = [createAddressKeys(store.sql), createAddressKeys(store.sql)]
    await Promise.all([one.prepare(NOON), other.prepare(NOON)])
    expect(await stored()).toEqual(['2026-11-22', '2026-11-23'])
    const hash = one.of(NOON).hash(ADDRESS)
    expect(other.of(NOON).hash(ADDRESS)).toBe(hash)
    expect(one.of(NOON + 12 * 3_600_000 - 1).hash(ADDRESS)).toBe(hash)
    // Made ready the day before, so that no event waits at midnight.
    expect(one.of(NOON + 12 * 3_600_000).hash(ADDRESS)).not.toBe(hash)
    expect(other.of(NOON + 12 * 3_600_000).hash(ADDRESS)).toBe(one.of(NOON + 12 * 3_600_000).hash(ADDRESS))
    expect(one.of(NOON).hash(ADDRESS)).toBe(hash)
  })

  test('outlive a restart', async () => {
    const before = createAddressKeys(store.sql)
    await before.prepare(NOON)
    const after = createAddressKeys(store.sql)
    await after.prepare(NOON + 1_000)
    expect(after.of(NOON).visitor(ADDRESS, 'agent')).toBe(before.of(NOON).visitor(ADDRESS, 'agent'))
  })

  test('are gone 48 hours after their day began, so that nothing leads back to an address', async () => {
    const keys = createAddressKeys(store.sql)
    await keys.prepare(NOON)
    for (const [later, left] of [[0, '2026-11-22'], [DAY_MS, '2026-11-22'], [2 * DAY_MS, '2026-11-23']] as const) {
      await dropAddressKeys(store.sql, NOON + later)
      await keys.prepare(NOON + later)
      expect((await stored())[0]).toBe(left)
    }
  })

  // S13.
  test('leave nothing in store or memory by which a /16 could be tried against the hashes of an expired day', async () => {
    const keys = createAddressKeys(store.sql)
    const day = NOON + 10 * DAY_MS
    const midnight = day - 12 * 3_600_000
    await keys.prepare(day)
    const hash = keys.of(day).hash(ADDRESS)
    const sixteen = function* (): Iterable<string> {
      for (let c = 0; c < 256; c++) for (let d = 0; d < 256; d++) yield `203.0.${c}.${d}`
    }
    /** How many of the /16 meet the hash under some key that can be got at. */
    const hits = async (now: number): Promise<number> => {
      const left = await store.sql.rows<{ key: string }>('select key from address_keys')
      const ways = [...left.map(({ key }) => (address: string) => hashAddress(Buffer.from(key, 'hex'), address)), (address: string) => keys.of(now).hash(address)]
      let met = 0
      for (const address of sixteen()) for (const way of ways) if (way(address) === hash) met++
      return met
    }
    // Beforehand the attack succeeds: in the store, and in this process.
    expect(await hits(day)).toBe(2)
    const later = midnight + 2 * DAY_MS
    await dropAddressKeys(store.sql, later)
    await keys.prepare(later)
    expect(await hits(later)).toBe(0)
    // Also when it is asked about that very day: what comes is another random key.
    expect(await hits(day)).toBe(0)
  })

  test('past their time are let go of also while the store is away', async () => {
    let away = false
    const sql: Sql = { rows: (...asked) => store.sql.rows(...asked), write: (...asked) => (away ? Promise.reject(new Fault('unavailable', 'away')) : store.sql.write(...asked)) }
    const keys = createAddressKeys(sql)
    await keys.prepare(NOON)
    const hash = keys.of(NOON).hash(ADDRESS)
    away = true
    await expect(keys.prepare(NOON + 2 * DAY_MS)).rejects.toThrow('away')
    expect(keys.of(NOON).hash(ADDRESS)).not.toBe(hash)
  })

  test('are of this process alone while the store is away, and no event waits for one', async () => {
    const away: Sql = { rows: () => Promise.reject(new Fault('unavailable', 'away')), write: () => Promise.reject(new Fault('unavailable', 'away')) }
    const [one, other] = [createAddressKeys(away), createAddressKeys(away)]
    await expect(one.prepare(NOON)).rejects.toThrow('away')
    expect(one.of(NOON).hash(ADDRESS)).toMatch(/^[0-9a-f]{32}$/)
    expect(one.of(NOON).hash(ADDRESS)).toBe(one.of(NOON).hash(ADDRESS))
    expect(other.of(NOON).hash(ADDRESS)).not.toBe(one.of(NOON).hash(ADDRESS))
  })
})
