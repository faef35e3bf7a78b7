import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FreshStore, onEngine } from '../../test/support/engines.ts'
import { peopleEvents } from '../../test/support/people.ts'
import { type TestStore, engineOn, openStore } from '../../test/support/store.ts'
import type { Engine } from './engine.ts'
import { EVENT_COLUMN_NAMES } from './events.ts'
import { migrate } from './migrations/index.ts'
import { createMonthMaker, makeMonths, monthOf, monthsAhead } from './months.ts'

const NOW = Date.UTC(2026, 10, 22, 14, 30)
/** One event at each of these moments, by the server's clock. */
const at = (engine: Engine, moments: readonly number[]) =>
  engine.transaction('events', (tx) => tx.append('events', EVENT_COLUMN_NAMES, peopleEvents(moments.length, (n) => moments[n] as number)))
const receivedAt = async (engine: Engine) => (await engine.rows<{ received_at: number }>('select received_at from events order by received_at')).map((row) => row.received_at)
const placesOf = async (engine: Engine) =>
  Object.fromEntries((await engine.rows<{ place: string; count: number }>('select tableoid::regclass::text as place, count(*) as count from events group by 1 order by 1')).map(({ place, count }) => [place, count]))

describe('a month', () => {
  test.each([
    [Date.UTC(2026, 10, 30, 23, 59, 59, 999), 'events_2026_11', Date.UTC(2026, 10, 1), Date.UTC(2026, 11, 1)],
    [Date.UTC(2026, 11, 31), 'events_2026_12', Date.UTC(2026, 11, 1), Date.UTC(2027, 0, 1)],
    [Date.UTC(2028, 1, 29), 'events_2028_02', Date.UTC(2028, 1, 1), Date.UTC(2028, 2, 1)],
  ])('of %d is %s', (moment, table, from, to) => {
    expect(monthOf(moment)).toEqual({ table, from, to })
  })

  test('and those ahead are made together, over the end of a year', () => {
    expect(monthsAhead(NOW).map(({ table }) => table)).toEqual(['events_2026_11', 'events_2026_12', 'events_2027_01'])
  })
})

onEngine('postgres', 'events by month', (engine) => {
  let store: TestStore
  beforeEach(async () => {
    store = await openStore(engine)
  })
  afterEach(() => store.close())
  const tables = async () => (await store.sql.rows<{ name: string }>(store.engine.dialect.month?.list ?? '')).map(({ name }) => name).sort()

  test('lie in their month’s table, and those that a wrong clock dates in the default one, for which no table is ever made', async () => {
    const make = createMonthMaker(store.engine, () => NOW)
    const moments = [Date.UTC(2025, 2, 3), NOW, Date.UTC(2026, 11, 1), 0, Date.UTC(1970, 5, 1), Date.UTC(2099, 0, 1), 253_402_300_799_999, 8.64e15]
    await make(moments)
    await at(store.engine, moments)
    expect(await placesOf(store.engine)).toEqual({ events_2025_03: 1, events_2026_11: 1, events_2026_12: 1, events_default: 5 })
    expect(await tables()).toEqual(['events_2025_03', 'events_2026_11', 'events_2026_12', 'events_default'])
    expect(await receivedAt(store.engine)).toEqual([...moments].sort((a, b) => a - b))
  })

  test('get no month made over what lies in the default table already; all goes on there', async () => {
    await at(store.engine, [NOW])
    await makeMonths(store.engine, monthsAhead(NOW))
    expect(await tables()).toEqual(['events_2026_12', 'events_2027_01', 'events_default'])
    await at(store.engine, [NOW + 1])
    expect(await placesOf(store.engine)).toEqual({ events_default: 2 })
  })

  test('are all in the indexes by range after a quiet moment, so that whoever follows them reads no others', async () => {
    const months = monthsAhead(NOW)
    await makeMonths(store.engine, months)
    for (const { from } of months.slice(0, 2)) await at(store.engine, Array.from({ length: 10_000 }, (_, n) => from + n))
    await store.engine.idle()
    const left = await store.engine.rows("select sum(brin_summarize_new_values(indexrelid)) as ranges from pg_index where indrelid::regclass::text like 'events_20%' and indexrelid::regclass::text ~ 'seq|received_at'")
    expect(left).toEqual([{ ranges: 0 }])
  })

  test('get each month once, whoever makes it', async () => {
    await Promise.all(Array.from({ length: 5 }, () => makeMonths(store.engine, monthsAhead(NOW))))
    expect(await tables()).toEqual(['events_2026_11', 'events_2026_12', 'events_2027_01', 'events_default'])
  })

  test('of before there were months stay where they were, in one part; only what a wrong clock dates is moved', async () => {
    const fresh: FreshStore = await engine.fresh()
    const opened = await engineOn(fresh)
    const before: Engine = {
      ...opened,
      transaction: (lane, work) => opened.transaction(lane, async (tx) => work({ ...tx, rows: (text, values) => (text === 'drop view link_clicks' ? Promise.reject(new Error('before months')) : tx.rows(text, values)) })),
    }
    await expect(migrate(before)).rejects.toThrow('before months')
    const moments = [Date.UTC(2024, 0, 1), Date.now(), Date.UTC(2099, 0, 1)]
    await at(opened, moments)
    expect(await migrate(opened)).toEqual(['0010-months'])
    expect(await placesOf(opened)).toEqual({ events_before: 2, events_default: 1 })
    expect(await receivedAt(opened)).toEqual(moments)
    await makeMonths(opened, monthsAhead(Date.now()))
    const next = monthOf(Date.now(), 1)
    await at(opened, [Date.now(), next.from])
    expect(await placesOf(opened)).toEqual({ events_before: 3, events_default: 1, [next.table]: 1 })
    expect(await opened.rows('select count(*) as n from link_clicks')).toEqual([{ n: 0 }])
    await opened.close()
    await fresh.drop()
  })
})
