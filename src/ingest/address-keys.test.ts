import { afterAll, beforeAll, expect, test } from 'vitest'
import { onEveryEngine } from '../../test/support/engines.ts'
import { type TestStore, openStore } from '../../test/support/store.ts'
import { Fault } from '../core/errors.ts'
import { DAY_MS } from '../core/time.ts'
import type { Sql } from '../store/sql.ts'
import { createAddressKeys } from './address-keys.ts'
import { sweep } from './store.ts'

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
      await sweep(store.sql, { now: NOON + later, windowMs: 7 * DAY_MS })
      await keys.prepare(NOON + later)
      expect((await stored())[0]).toBe(left)
    }
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
