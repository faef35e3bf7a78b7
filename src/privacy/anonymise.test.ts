import { afterEach, beforeEach, expect, test } from 'vitest'
import { peopleEvents } from '../../test/support/people.ts'
import { onEveryEngine } from '../../test/support/engines.ts'
import { type TestStore, openStore } from '../../test/support/store.ts'
import { EVENT_COLUMN_NAMES } from '../store/events.ts'
import { anonymise } from './anonymise.ts'

const BEFORE = 1_700_000_000_000

onEveryEngine('anonymising', (engine) => {
  let store: TestStore
  beforeEach(async () => {
    store = await openStore(engine)
  })
  afterEach(() => store.close())

  const given = (count: number, receivedAt: (n: number) => number) =>
    store.engine.transaction('events', (tx) => tx.append('events', EVENT_COLUMN_NAMES, peopleEvents(count, receivedAt)))
  const traced = async () =>
    (
      await store.sql.rows<{ n: number; least: number }>(
        'select count(*) as n, min(received_at) as least from events where ip_hash is not null or ip_address is not null or user_agent is not null',
      )
    )[0]

  test('takes what is older than the moment, and not what came in that very one', async () => {
    await given(9, (n) => BEFORE - 3 + (n % 6))
    expect(await anonymise(store.sql, BEFORE, () => true)).toBe(true)
    expect(await traced()).toEqual({ n: 3, least: BEFORE })
    expect(await anonymise(store.sql, BEFORE, () => true)).toBe(false)
  })

  test('takes many that came at one moment, and ones that come late behind those it has taken', async () => {
    await given(12_000, (n) => BEFORE - 5 + (n % 3))
    await anonymise(store.sql, BEFORE, () => true)
    expect((await traced())?.n).toBe(0)
    await given(3, (n) => BEFORE - 1_000 - n)
    await anonymise(store.sql, BEFORE, () => true)
    expect((await traced())?.n).toBe(0)
  })

  test('ends between two pieces when it is told to, and goes on the next time', async () => {
    await given(4_000, (n) => BEFORE - 4_000 + n)
    let pieces = 0
    await anonymise(store.sql, BEFORE, () => pieces++ < 2)
    expect((await traced())?.n).toBe(3_000)
    await anonymise(store.sql, BEFORE, () => true)
    expect((await traced())?.n).toBe(0)
  })
})
