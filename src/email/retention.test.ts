import { afterEach, beforeEach, expect, test } from 'vitest'
import { onEveryEngine } from '../../test/support/engines.ts'
import { peopleEvents } from '../../test/support/people.ts'
import { type TestStore, openStore } from '../../test/support/store.ts'
import { EVENT_COLUMN_NAMES } from '../store/events.ts'
import { deleteOldEvents } from './retention.ts'
import { insertLeads, leadById, noting } from './store.ts'

const BEFORE = 1_700_000_000_000

onEveryEngine('events of mails past their time', (engine) => {
  let store: TestStore
  beforeEach(async () => {
    store = await openStore(engine)
  })
  afterEach(() => store.close())

  const given = (count: number, receivedAt: (n: number) => number) =>
    store.engine.transaction('events', (tx) => tx.append('events', EVENT_COLUMN_NAMES, peopleEvents(count, receivedAt)))
  const becomeMails = (term: string) => store.sql.write([{ text: `update events set source = 'email' where ${term}` }], 'events')
  const counts = async () =>
    (await store.sql.rows(`select count(*) filter (where source = 'email') as mails, count(*) filter (where source <> 'email') as others from events`))[0]

  test('go, but not those of that very moment, and none of another source', async () => {
    await given(12, (n) => BEFORE - 3 + (n % 6))
    await becomeMails('received_at % 2 = 0')
    expect(await counts()).toEqual({ mails: 6, others: 6 })
    expect(await deleteOldEvents(store.sql, BEFORE, () => true)).toBe(true)
    expect(await store.sql.rows(`select distinct received_at from events where source = 'email' order by received_at`)).toEqual([{ received_at: BEFORE }, { received_at: BEFORE + 2 }])
    expect(await counts()).toEqual({ mails: 4, others: 6 })
    expect(await deleteOldEvents(store.sql, BEFORE, () => true)).toBe(false)
  })

  test('go in pieces: ended between two, the next time takes the rest', async () => {
    await given(12_000, (n) => BEFORE - 12_000 + n)
    await given(10, () => BEFORE)
    await becomeMails('true')
    let pieces = 0
    await deleteOldEvents(store.sql, BEFORE, () => pieces++ < 1)
    expect(await counts()).toEqual({ mails: 7_010, others: 0 })
    await deleteOldEvents(store.sql, BEFORE, () => true)
    expect(await counts()).toEqual({ mails: 10, others: 0 })
  })

  test('leave leads as they are', async () => {
    const [made] = await insertLeads(store.sql, [{ email: 'ada@example.com', first_name: null, last_name: null, fields: null }], BEFORE)
    const id = made?.id as number
    await store.sql.write(noting('email_opened', new Map([[id, BEFORE - 9]]), BEFORE))
    await given(5, () => BEFORE - 9)
    await becomeMails('true')
    await deleteOldEvents(store.sql, BEFORE, () => true)
    expect(await counts()).toEqual({ mails: 0, others: 0 })
    expect(await leadById(store.sql, id)).toMatchObject({ email_opened: true, email_opened_at: BEFORE - 9 })
  })
})
