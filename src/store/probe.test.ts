import { afterAll, beforeAll, expect, test } from 'vitest'
import { onEveryEngine } from '../../test/support/engines.ts'
import { type TestStore, openStore } from '../../test/support/store.ts'
import { Fault } from '../core/errors.ts'
import { createProbe, writeProbe } from './probe.ts'
import type { Sql } from './sql.ts'

onEveryEngine('the probe', (engine) => {
  let store: TestStore
  beforeAll(async () => {
    store = await openStore(engine)
  })
  afterAll(() => store.close())

  test('writes and leaves nothing behind', async () => {
    expect(await writeProbe(store.sql)).toMatch(/^[0-9a-f-]{36}$/)
    expect(await createProbe(store.sql)()).toBeGreaterThan(0)
    expect(await store.sql.rows('select * from answers')).toEqual([])
  })

  test('asks the store once, however many ask at once', async () => {
    let writes = 0
    const probe = createProbe({ ...store.sql, write: (statements) => (writes++, store.sql.write(statements)) }, 60_000)
    const answers = await Promise.all(Array.from({ length: 50 }, probe))
    expect([new Set(answers).size, writes]).toEqual([1, 1])
  })

  test('says nothing of a store that is away, or hangs', async () => {
    const away: Sql = { ...store.sql, write: () => Promise.reject(new Fault('unavailable', 'away')) }
    const hanging: Sql = { ...store.sql, write: () => new Promise(() => undefined) }
    expect(await createProbe(away)()).toBeNull()
    expect(await createProbe(hanging, 0, 20)()).toBeNull()
  })
})
