import { afterEach, beforeEach, expect, test } from 'vitest'
import { onEveryEngine } from '../../test/support/engines.ts'
import { peopleEvents } from '../../test/support/people.ts'
import { type TestStore, openStore } from '../../test/support/store.ts'
import { EVENT_COLUMN_NAMES } from '../store/events.ts'
import type { Sql } from '../store/sql.ts'
import { erasePerson, finishErasures } from './erase.ts'
import type { Selector } from './selector.ts'

const EVENTS = 6_000
const WHO: Selector = { by: 'userId', value: 'u3', project: null }

onEveryEngine('erasing somebody of many events', (engine) => {
  let store: TestStore
  beforeEach(async () => {
    store = await openStore(engine)
    const sessions = (n: number) => ({ user_id: n % 2 === 0 ? 'u3' : `u${n % 3}`, person: n % 2 === 0 ? 'u:u3' : `u:u${n % 3}`, session_id: `s${n % 2}-${n % 50}` })
    await store.engine.transaction('events', (tx) => tx.append('events', EVENT_COLUMN_NAMES, peopleEvents(EVENTS, (n) => 1_700_000_000_000 + n, sessions)))
  })
  afterEach(() => store.close())

  const world = (sql: Sql) => ({ sql, dialect: store.engine.dialect, settled: async () => undefined, forget: async () => undefined, keepers: [], now: Date.now })
  const numbers = async () => (await store.sql.rows('select count(*) as events, count(distinct person) as persons, count(distinct session_id) as sessions from events'))[0]
  const named = async () => (await store.sql.rows<{ n: number }>("select count(*) as n from events where user_id = 'u3'"))[0]?.n
  /** The store of a process that dies at its `last`-th change of events. */
  const dyingAt = (last: number): Sql => {
    let writes = 0
    return {
      ...store.sql,
      write: (statements, lane) => (lane === 'events' && ++writes === last ? Promise.reject(new Error('killed')) : store.sql.write(statements, lane)),
    }
  }

  test('goes on where it was cut off, as often as it is, under the same labels', async () => {
    const before = await numbers()
    await expect(erasePerson(WHO, world(dyingAt(3)))).rejects.toThrow('killed')
    expect(await named()).toBe(2_000)
    await expect(finishErasures(world(dyingAt(2)))).rejects.toThrow('killed')
    expect(await named()).toBe(1_500)
    // Somebody else's comes first to its end, and takes the one that was left with it.
    expect(await erasePerson({ ...WHO, value: 'nobody' }, world(store.sql))).toEqual({ events: 0, mentions: 0, aliases: 0, dead_letters: 0, answers: 0 })
    expect([await named(), await numbers(), await store.sql.rows('select * from answers')]).toEqual([0, before, []])
    const people = await store.sql.rows("select distinct person, ip_hash is null as bare from events where person not in ('u:u0', 'u:u1', 'u:u2')")
    expect(people).toEqual([{ person: expect.stringMatching(/^e:[0-9a-f]{32}$/), bare: true }])
  })

  test('counts all of it', async () => {
    expect(await erasePerson(WHO, world(store.sql))).toEqual({ events: EVENTS / 2, mentions: 0, aliases: 0, dead_letters: 0, answers: 0 })
    expect(await erasePerson(WHO, world(store.sql))).toEqual({ events: 0, mentions: 0, aliases: 0, dead_letters: 0, answers: 0 })
  })
})
