import { afterAll, beforeAll, expect, test } from 'vitest'
import { onEveryEngine } from '../../test/support/engines.ts'
import { type TestStore, openStore } from '../../test/support/store.ts'
import { insertAnswer, keepAnswer, storedAnswer } from './answers.ts'

const given = { scope: 's', key: 'k', bodyHash: 'h', status: 201, answer: '{"a":1}', createdAt: 1_000 }
const WINDOW = 500

onEveryEngine('the answer to an idempotency key', (engine) => {
  let store: TestStore
  beforeAll(async () => {
    store = await openStore(engine)
  })
  afterAll(() => store.close())

  test('is kept: the first one, until its window has passed', async () => {
    const kept = { bodyHash: 'h', status: 201, answer: '{"a":1}' }
    expect(await storedAnswer(store.sql, 's', 'k', 0)).toBeNull()
    await keepAnswer(store.sql, given, WINDOW)
    expect(await storedAnswer(store.sql, 's', 'k', 1_000)).toEqual(kept)
    expect(await storedAnswer(store.sql, 's', 'k', 1_001)).toBeNull()

    await keepAnswer(store.sql, { ...given, answer: 'second', createdAt: 1_500 }, WINDOW)
    expect(await storedAnswer(store.sql, 's', 'k', 0)).toEqual(kept)
    await store.engine.transaction('events', (tx) => insertAnswer(tx, { ...given, bodyHash: 'i', status: 207, answer: 'third', createdAt: 1_501 }, WINDOW))
    expect(await storedAnswer(store.sql, 's', 'k', 1_501)).toEqual({ bodyHash: 'i', status: 207, answer: 'third' })
  })

  test('belongs to its scope and its key', async () => {
    await keepAnswer(store.sql, { ...given, key: 'mine' }, WINDOW)
    for (const [scope, key] of [['other', 'mine'], ['s', 'other'], ['s', 'MINE'], ['s', '']] as const) expect(await storedAnswer(store.sql, scope, key, 0)).toBeNull()
  })
})
