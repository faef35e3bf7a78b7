import { stat } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { onEveryEngine } from './engines.ts'
import { withClient } from './services.ts'

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

async function tables(client: { query(text: string): Promise<{ rows: unknown[] }> }): Promise<unknown[]> {
  return (await client.query("select * from pg_tables where schemaname = 'public'")).rows
}
