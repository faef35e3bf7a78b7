import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { newId } from '../../core/ids.ts'
import { onEveryEngine } from '../../../test/support/engines.ts'
import { type TestStore, openStore } from '../../../test/support/store.ts'
import { type Ledger, openLedger } from './ledger.ts'
import type { Settlement } from './message.ts'
import { dueMessages, insertMailing, interrupt, messagesOf, requeue } from './store.ts'

const EVERYBODY = { ids: null, opened: null, clicked: null, unsubscribed: null, status: null, q: null }

onEveryEngine('the ledger', (engine) => {
  let store: TestStore
  let ledger: Ledger
  let mailing: string
  let ids: string[]
  let now = 1_000
  let writes = 0
  beforeAll(async () => {
    store = await openStore(engine)
    ledger = openLedger({ ...store.sql, write: (...given) => (writes++, store.sql.write(...given)) }, () => now)
  })
  afterAll(() => store.close())
  beforeEach(async () => {
    now += 1_000
    mailing = newId()
    const rows = Array.from({ length: 40 }, (_, at) => `(${at + 1}, 'reader-${at + 1}@example.com', 'active', false, false, false, 0, 0)`)
    await store.sql.write([
      { text: 'delete from leads' },
      { text: `insert into leads (id, email, status, email_opened, email_clicked, email_unsubscribed, created_at, updated_at) values ${rows.join(', ')}` },
    ])
    await insertMailing(store.sql, { id: mailing, campaign_id: 1, subject: 's', html: null, text: 'x', key: null }, EVERYBODY, now)
    ids = (await dueMessages(store.sql, mailing, now, 100)).map(({ id }) => id)
    writes = 0
  })
  const change = (text: string) => store.sql.write([{ text }])
  const states = async () => Object.fromEntries((await messagesOf(store.sql, mailing, null, null, 100)).map(({ lead_id: lead, state, reason }) => [lead, reason === null ? state : `${state}: ${reason}`]))
  const settlement = (at: number, state: Settlement['state'], reason: string | null = null): Settlement => ({ id: ids[at] as string, leadId: at + 1, state, reason, attempts: 1, dueAt: now })

  test('gives each message to one of those who ask at once, in few commits', async () => {
    const claimed = await Promise.all(ids.map((id) => ledger.claim(id)))
    expect(claimed).toEqual(ids.map(() => true))
    expect(writes).toBeLessThanOrEqual(2)
    expect(await Promise.all(ids.map((id) => ledger.claim(id)))).toEqual(ids.map(() => false))
    await Promise.all(ids.map((_, at) => ledger.settle(settlement(at, 'sent'))))
    expect(new Set(Object.values(await states()))).toEqual(new Set(['sent']))
  })

  test('gives a message that several ask for to the first of them alone', async () => {
    const [first, second, third] = ids as [string, string, string]
    // The first is in a commit of its own; those behind it wait together for the next.
    expect(await Promise.all([first, second, third, second, second, first].map((id) => ledger.claim(id)))).toEqual([true, true, true, false, false, false])
    expect(writes).toBe(2)
  })

  test('gives no message of a lead that has unsubscribed, bounced or gone since it was queued', async () => {
    await change('update leads set email_unsubscribed = true where id = 1')
    await change('update leads set bounced_at = 5 where id = 2')
    await change('delete from leads where id = 3')
    expect(await Promise.all(ids.slice(0, 4).map((id) => ledger.claim(id)))).toEqual([false, false, false, true])
    expect(await states()).toMatchObject({ 1: 'skipped: unsubscribed', 2: 'skipped: bounced', 3: 'skipped: deleted', 4: 'sending', 5: 'queued' })
  })

  test('gives no message before its time', async () => {
    await ledger.claim(ids[0] as string)
    await ledger.settle({ ...settlement(0, 'queued', '450'), dueAt: now + 1 })
    expect(await ledger.claim(ids[0] as string)).toBe(false)
    now++
    expect(await ledger.claim(ids[0] as string)).toBe(true)
  })

  test('marks a lead whose address takes no mail', async () => {
    await Promise.all([0, 1].map((at) => ledger.claim(ids[at] as string)))
    await Promise.all([ledger.settle(settlement(0, 'bounced', '550 5.1.1')), ledger.settle(settlement(1, 'failed', '554'))])
    expect(await store.sql.rows('select id, status, bounced_at, bounce_reason from leads where id <= 2 order by id')).toEqual([
      { id: 1, status: 'bounced', bounced_at: now, bounce_reason: '550 5.1.1' },
      { id: 2, status: 'active', bounced_at: null, bounce_reason: null },
    ])
  })

  test('holds what nobody is sending any more in doubt, until somebody knows better or an admin says so', async () => {
    await Promise.all([0, 1, 2].map((at) => ledger.claim(ids[at] as string)))
    await ledger.settle(settlement(0, 'sent'))
    await interrupt(store.sql, now)
    expect(await states()).toMatchObject({ 1: 'sent', 2: 'doubtful: interrupted', 3: 'doubtful: interrupted', 4: 'queued' })
    expect(await ledger.claim(ids[1] as string)).toBe(false)
    await ledger.settle(settlement(1, 'sent'))
    expect(await requeue(store.sql, ids[1] as string, now)).toBe(null)
    expect(await requeue(store.sql, ids[2] as string, now)).toMatchObject({ lead_id: 3, state: 'queued' })
    expect(await states()).toMatchObject({ 2: 'sent', 3: 'queued' })
    await change('update leads set email_unsubscribed = true where id = 4')
    await ledger.claim(ids[4] as string)
    await interrupt(store.sql, now)
    await change('update leads set email_unsubscribed = true where id = 5')
    expect(await requeue(store.sql, ids[4] as string, now)).toBe(null)
  })

  test('has one mailing of one request', async () => {
    const again = () => insertMailing(store.sql, { id: newId(), campaign_id: 1, subject: 's', html: null, text: 'x', key: `key ${mailing}` }, { ...EVERYBODY, ids: [1] }, now)
    await again()
    await expect(again()).rejects.toMatchObject({ code: 'conflict' })
    expect(await store.sql.rows(`select total from mailings where request_key = 'key ${mailing}'`)).toEqual([{ total: 1 }])
  })
})
