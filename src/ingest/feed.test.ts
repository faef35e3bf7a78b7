import { afterAll, beforeAll, expect, test } from 'vitest'
import { onEveryEngine } from '../../test/support/engines.ts'
import { type TestStore, openStore } from '../../test/support/store.ts'
import type { Transaction } from '../store/engine.ts'
import { STORED_COLUMN_NAMES } from '../store/events.ts'
import { createFeed } from './feed.ts'
import { takeNumbers } from './store.ts'
import type { Source } from './event.ts'

const NOW = Date.UTC(2026, 10, 22, 14, 30)

onEveryEngine('the feed of events', (engine) => {
  let store: TestStore
  beforeAll(async () => {
    store = await openStore(engine)
  })
  afterAll(() => store.close())

  const add = async (tx: Transaction, sources: Source[]) => {
    const first = await takeNumbers(tx, sources.length)
    const rows = sources.map((source, at) => {
      const cells: Record<string, string | number | boolean> = { id: `event ${first + at}`, project: 'p', source, name: 'n', received_at: NOW, machine: false, seq: first + at }
      return STORED_COLUMN_NAMES.map((name) => cells[name] ?? null)
    })
    await tx.append('events', STORED_COLUMN_NAMES, rows)
  }
  const given = (...sources: Source[]) => store.engine.transaction('events', (tx) => add(tx, sources))
  const feed = () => createFeed(store.sql, () => NOW)
  const ids = async (follower: string, limit = 10) => (await feed().read(follower, ['email', 'web'], limit)).events.map(({ seq, source }) => `${seq} ${source}`)

  test('begins behind what there is, gives the wanted ones in order, and gives them again until they are dealt with', async () => {
    await given('email', 'email')
    expect(await ids('a')).toEqual([])
    await given('web', 'link', 'email')
    expect(await ids('a')).toEqual(['3 web', '5 email'])
    const first = await feed().read('a', ['email', 'web'], 1)
    expect([first.through, first.end]).toEqual([3, false])
    await store.sql.write([feed().passed('a', first)])
    const second = await feed().read('a', ['email', 'web'], 1)
    expect([second.events.map(({ seq }) => seq), second.through, second.end]).toEqual([[5], 5, true])
    await store.sql.write([feed().passed('a', second)])
    expect(await ids('a')).toEqual([])
    expect(await ids('b')).toEqual([])
  })

  test('passes over what nobody wants, and does not look at it again', async () => {
    await ids('c')
    await given('link', 'link')
    expect(await feed().read('c', ['email'], 10)).toEqual({ events: [], through: 7, end: true })
    expect(await store.sql.rows(`select position from followers where name = 'c'`)).toEqual([{ position: 7 }])
  })

  test('misses nothing of transactions that overlap: who came first in order is committed first', async () => {
    await ids('d')
    const order: number[] = []
    const one = (sources: Source[], wait: Promise<unknown>) =>
      store.engine.transaction('events', async (tx) => {
        await add(tx, sources)
        await wait
        order.push(sources.length)
      })
    let read: string[] = []
    const glance = ids('d').then((found) => (read = found))
    await Promise.all([one(['email'], glance), one(['email', 'email'], Promise.resolve())])
    expect(read).toEqual([])
    expect(await ids('d')).toEqual(['8 email', '9 email', '10 email'])
    expect(order).toHaveLength(2)
  })
})
