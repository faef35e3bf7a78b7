import { stat } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { migrate } from '../../src/store/migrations/index.ts'
import { onEveryEngine } from './engines.ts'
import { withClient } from './services.ts'
import { engineOn } from './store.ts'

onEveryEngine('a fresh store', (engine) => {
  test('is nobody else’s, and leaves nothing behind', async () => {
    const [one, other] = await Promise.all([engine.fresh(), engine.fresh()])
    expect(one.dataDir).not.toBe(other.dataDir)
    expect((await stat(one.dataDir)).isDirectory()).toBe(true)
    if (one.databaseUrl !== null) {
      expect(one.databaseUrl).not.toBe(other.databaseUrl)
      expect(await withClient(one.databaseUrl, tables)).toEqual([])
    }

    await Promise.all([one.drop(), other.drop()])
    await expect(stat(one.dataDir)).rejects.toThrow('ENOENT')
    if (one.databaseUrl !== null) await expect(withClient(one.databaseUrl, tables)).rejects.toThrow('does not exist')
  })

  test('is dropped although somebody is connected', async () => {
    const store = await engine.fresh()
    if (store.databaseUrl === null) return store.drop()
    await withClient(store.databaseUrl, async (client) => {
      const cut = new Promise<Error>((resolve) => client.on('error', resolve))
      await store.drop()
      expect((await cut).message).toMatch(/terminat/)
    })
  })
})

onEveryEngine('a prepared store', (engine) => {
  test('has the whole schema, is nobody else’s, and leaves nothing behind', async () => {
    const [one, other] = await Promise.all([engine.prepared(), engine.prepared()])
    const [first, second] = await Promise.all([engineOn(one), engineOn(other)])
    expect(await migrate(first)).toEqual([])
    await first.rows("update counters set value = 7 where name = 'links'")
    expect(await second.rows("select value from counters where name = 'links'")).toEqual([{ value: 0 }])
    await Promise.all([first.close(), second.close()])
    await Promise.all([one.drop(), other.drop()])
    await expect(stat(one.dataDir)).rejects.toThrow('ENOENT')
    if (one.databaseUrl !== null) await expect(withClient(one.databaseUrl, tables)).rejects.toThrow('does not exist')
  })
})

async function tables(client: { query(text: string): Promise<{ rows: unknown[] }> }): Promise<unknown[]> {
  return (await client.query("select * from pg_tables where schemaname = 'public'")).rows
}
