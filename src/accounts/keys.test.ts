import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { onEveryEngine, type TestEngine } from '../../test/support/engines.ts'
import { openStore } from '../../test/support/store.ts'
import { Fault } from '../core/errors.ts'
import { sha256 } from '../core/ids.ts'
import type { Sql } from '../store/sql.ts'
import { createKeyring, type Keyring } from './keys.ts'

const START = Date.UTC(2026, 10, 22, 14, 30)

onEveryEngine('ingest keys', (engine) => {
  let store: Awaited<ReturnType<typeof openFickleStore>>
  const clock = { at: START }
  beforeAll(async () => {
    store = await openFickleStore(engine)
  })
  afterAll(() => store.close())
  beforeEach(async () => {
    clock.at = START
    store.state = 'there'
    await store.sql.write([{ text: 'delete from ingest_keys' }])
  })

  /** A keyring as a node of its own has it. */
  const node = (webhookApiKey: string | null = null): Keyring => createKeyring({ sql: store.sql, webhookApiKey, now: () => clock.at })

  test('a key is random, counts at once, is listed without its secret, and ends when it is revoked', async () => {
    const keys = node()
    expect(await keys.idOf('wmk_nobody')).toBeNull()
    const made = await keys.create('Zapier')
    expect(made).toEqual({ id: expect.stringMatching(/^[0-9a-f-]{36}$/), name: 'Zapier', key: expect.stringMatching(/^wmk_[\w-]{43}$/), createdAt: START })
    expect(keys.idOf(made.key)).toBe(made.id)
    expect(await keys.list()).toEqual([{ id: made.id, name: 'Zapier', createdAt: START, revokedAt: null, lastUsedAt: START }])

    clock.at += 500
    const revoked = { id: made.id, name: 'Zapier', createdAt: START, revokedAt: START + 500, lastUsedAt: START }
    expect(await keys.revoke(made.id)).toEqual(revoked)
    expect(await keys.idOf(made.key)).toBeNull()
    clock.at += 5_000
    expect(await keys.idOf(made.key)).toBeNull()
    expect(await keys.revoke(made.id)).toEqual(revoked)
    await expect(keys.revoke('no-such-key')).rejects.toMatchObject({ code: 'not_found' })
  })

  test('the store holds the SHA-256 of a key and nothing of the key itself', async () => {
    const { id, key } = await node().create('one')
    const rows = await store.sql.rows('select * from ingest_keys')
    expect(rows).toEqual([{ id, name: 'one', key_hash: sha256(key), created_at: START, revoked_at: null, last_used_at: null }])
  })

  test.each(['', 'wmk_', 'x'.repeat(100_000), 'ключ', '\0', "' or 1=1 --"])('%j is no key', async (key) => {
    expect(await node('the key of the environment').idOf(key)).toBeNull()
  })

  test('WEBHOOK_API_KEY counts without the store, whole and as it is written', async () => {
    const keys = node('your_secure_key_here')
    store.state = 'away'
    expect(keys.idOf('your_secure_key_here')).toBe('webhook')
    store.state = 'there'
    for (const other of ['your_secure_key_her', 'your_secure_key_here ', 'Your_secure_key_here']) expect(await keys.idOf(other)).toBeNull()
    expect(await keys.list()).toEqual([])
  })

  describe('two nodes', () => {
    test('a key made on one counts on the other within half a second', async () => {
      const [one, other] = [node(), node()]
      expect(await other.idOf('wmk_nobody')).toBeNull()
      const { id, key } = await one.create('new')
      expect(other.idOf(key)).toBeNull()
      clock.at += 500
      expect(await other.idOf(key)).toBe(id)
    })

    test('a key revoked on one ends on the other within a second of steady use', async () => {
      const [one, other] = [node(), node()]
      const [steady, paused] = [await one.create('steady'), await one.create('paused')]
      for (const { id, key } of [steady, paused]) expect(await other.idOf(key)).toBe(id)
      await one.revoke(steady.id)
      await one.revoke(paused.id)

      clock.at += 999
      expect(other.idOf(steady.key)).toBe(steady.id)
      await store.quiet()
      expect(other.idOf(steady.key)).toBeNull()
      expect(other.idOf(paused.key)).toBeNull()
    })

    test('after a pause a known key waits for the store to say that it still counts', async () => {
      const [one, other] = [node(), node()]
      const [kept, revoked] = [await one.create('kept'), await one.create('revoked')]
      for (const { key } of [kept, revoked]) await other.idOf(key)
      await one.revoke(revoked.id)
      clock.at += 3_600_000
      expect(await Promise.all([other.idOf(kept.key), other.idOf(revoked.key)])).toEqual([kept.id, null])
    })

    test('of two that start at once, one makes the first key', async () => {
      const made = await Promise.all([node().firstKey(), node().firstKey()])
      expect(made.filter((key) => key !== null)).toHaveLength(1)
      expect(await node().list()).toHaveLength(1)
      expect(await node().firstKey()).toBeNull()
    })
  })

  test('the first key is not made beside WEBHOOK_API_KEY, nor again once it was revoked', async () => {
    expect(await node('your_secure_key_here').firstKey()).toBeNull()
    const keys = node()
    const first = await keys.firstKey()
    expect(first).toMatchObject({ name: 'first', key: expect.stringMatching(/^wmk_/) })
    await keys.revoke(first?.id ?? '')
    expect(await keys.firstKey()).toBeNull()
  })

  test('unknown keys ask the store twice a second, however many come', async () => {
    const keys = node()
    await keys.idOf('wmk_nobody')
    const before = store.reads
    for (let i = 0; i < 100; i++) expect(await keys.idOf(`wmk_${i}`)).toBeNull()
    expect(store.reads).toBe(before)
    clock.at += 500
    await Promise.all(Array.from({ length: 100 }, (_, i) => keys.idOf(`wmk_${i}`)))
    expect(store.reads).toBe(before + 1)
  })

  test('with the store away, known keys go on and unknown ones are told to come again', async () => {
    const keys = node()
    const { id, key } = await keys.create('known')
    await keys.idOf(key)
    store.state = 'away'
    for (let i = 0; i < 5; i++) {
      clock.at += 60_000
      expect(await keys.idOf(key)).toBe(id)
      await expect(keys.idOf('wmk_nobody')).rejects.toMatchObject({ code: 'unavailable' })
    }
    store.state = 'there'
    clock.at += 1_000
    expect(await keys.idOf('wmk_nobody')).toBeNull()
    expect(keys.idOf(key)).toBe(id)
  })

  test('a store that hangs holds a known key up once, and briefly', async () => {
    const keys = node()
    const { id, key } = await keys.create('known')
    await keys.idOf(key)
    clock.at += 60_000
    store.state = 'hanging'
    const start = performance.now()
    expect(await keys.idOf(key)).toBe(id)
    expect(performance.now() - start).toBeLessThan(1_000)
    expect(keys.idOf(key)).toBe(id)
  })

  test('a reading that began before a key was made or revoked does not undo it', async () => {
    const keys = node()
    const { key, id } = await keys.create('to be revoked')
    await keys.idOf(key)
    clock.at += 60_000
    const [looked, made] = await Promise.all([keys.idOf('wmk_nobody'), keys.create('new'), keys.revoke(id)])
    expect(looked).toBeNull()
    expect(keys.idOf(made.key)).toBe(made.id)
    expect(keys.idOf(key)).toBeNull()
  })

  test('last use is known here, and to the minute on other nodes', async () => {
    const keys = node()
    const { key } = await keys.create('used')
    const lastUsed = async () => {
      await store.quiet()
      return Promise.all([keys, node()].map(async (one) => (await one.list())[0]?.lastUsedAt))
    }
    clock.at = START + 10_000
    await keys.idOf(key)
    expect(await lastUsed()).toEqual([START + 10_000, START + 10_000])
    clock.at = START + 40_000
    await keys.idOf(key)
    expect(await lastUsed()).toEqual([START + 40_000, START + 10_000])
    clock.at = START + 75_000
    await keys.idOf(key)
    expect(await lastUsed()).toEqual([START + 75_000, START + 75_000])
  })
})

/** A store of this engine that can go away, hang, and say when nothing is under way. */
async function openFickleStore(engine: TestEngine) {
  const { sql, close } = await openStore(engine)
  const under = new Set<Promise<unknown>>()
  function ask<T>(work: () => Promise<T>): Promise<T> {
    if (store.state === 'away') return Promise.reject(new Fault('unavailable', 'The database does not answer.'))
    if (store.state === 'hanging') return new Promise(() => undefined)
    const asked = work()
    const ended = asked.catch(() => undefined).finally(() => under.delete(ended))
    under.add(ended)
    return asked
  }
  const fickle: Sql = {
    rows: (text, values, options) => {
      store.reads++
      return ask(() => sql.rows(text, values, options))
    },
    write: (statements) => ask(() => sql.write(statements)),
  }
  const store = {
    sql: fickle,
    state: 'there' as 'there' | 'away' | 'hanging',
    reads: 0,
    /** Until nothing that was asked, or was asked because of that, is under way. */
    async quiet() {
      while (under.size > 0) {
        await Promise.all(under)
        await new Promise(setImmediate)
      }
    },
    close,
  }
  return store
}
