import { afterEach, beforeEach, expect, test } from 'vitest'
import { onEveryEngine } from '../../test/support/engines.ts'
import { peopleEvents } from '../../test/support/people.ts'
import { type TestStore, openStore } from '../../test/support/store.ts'
import { EVENT_COLUMN_NAMES } from '../store/events.ts'
import { createMonthMaker } from '../store/months.ts'
import { dropOldEvents } from './retention.ts'

const NOW = Date.UTC(2026, 10, 22, 14, 30)
const BEFORE = Date.UTC(2026, 8, 9)

onEveryEngine('events past their time', (engine) => {
  let store: TestStore
  beforeEach(async () => {
    store = await openStore(engine)
  })
  afterEach(() => store.close())

  const given = (moments: readonly number[]) =>
    store.engine.transaction('events', (tx) => tx.append('events', EVENT_COLUMN_NAMES, peopleEvents(moments.length, (n) => moments[n] as number)))
  const drop = (goOn = () => true) => dropOldEvents(store.sql, store.engine.dialect, BEFORE, goOn)
  const left = async () => (await store.sql.rows<{ received_at: number }>('select received_at from events order by received_at')).map((row) => row.received_at)

  test('go with their months, wherever they lie, and those of a month that is not over stay', async () => {
    const old = [0, Date.UTC(2026, 6, 31), Date.UTC(2026, 7, 1), Date.UTC(2026, 7, 31, 23, 59, 59, 999)]
    const kept = [Date.UTC(2026, 8, 1), Date.UTC(2026, 8, 10), NOW]
    // On an engine with months one of them, July, has no table of its own.
    await createMonthMaker(store.engine, () => NOW)([...old.slice(2), ...kept])
    await given([...old, ...kept])
    await drop()
    expect(await left()).toEqual(kept)
    const { month } = store.engine.dialect
    if (month) expect((await store.sql.rows<{ name: string }>(month.list)).map(({ name }) => name).sort()).toEqual(['events_2026_09', 'events_2026_11', 'events_default'])
    await drop()
    expect(await left()).toEqual(kept)
  })

  test('go in pieces: ended between two, the next time takes the rest', async () => {
    await given(Array.from({ length: 6_000 }, (_, n) => Date.UTC(2026, 5, 1) + n))
    let pieces = 0
    await drop(() => pieces++ < 1)
    expect(await left()).toHaveLength(1_000)
    await drop()
    expect(await left()).toEqual([])
  })
})
