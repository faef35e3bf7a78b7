import { afterEach, beforeEach, expect, test } from 'vitest'
import { onEveryEngine } from '../../test/support/engines.ts'
import { type TestStore, openStore } from '../../test/support/store.ts'
import type { Sql } from '../store/sql.ts'
import { Existence } from './existence.ts'
import { deleteLeads } from './store.ts'

const LEADS = [1, 2, 1_023, 1_024, 5_000]

onEveryEngine('whether there is a lead and a campaign', (engine) => {
  let store: TestStore
  let questions: string[]
  let away: boolean
  let answer: (() => void) | undefined
  beforeEach(async () => {
    store = await openStore(engine)
    questions = []
    away = false
    answer = undefined
    for (const id of LEADS) await addLead(id)
    await store.sql.write([{ text: `insert into campaigns (id, name, created_at, updated_at) values (7, 'a campaign', 0, 0)` }])
  })
  afterEach(() => store.close())

  const addLead = (id: number) =>
    store.sql.write([
      {
        text: `insert into leads (id, email, status, email_opened, email_clicked, email_unsubscribed, created_at, updated_at) values ($1, $2, 'active', false, false, false, 0, 0)`,
        values: [id, `lead${id}@example.com`],
      },
    ])
  const watched = (rows: Sql['rows'] = store.sql.rows): Sql => ({
    ...store.sql,
    rows: (text, values, options) => {
      questions.push(`${/from (\w+)/.exec(text)?.[1]} from ${values?.[0]}`)
      return rows(text, values, options)
    },
  })
  /** A store whose first answer about leads comes when `answer` is called. */
  const held = () =>
    watched(async (text, values) => {
      const rows = await store.sql.rows(text, values)
      if (answer === undefined && text.includes('leads')) await new Promise<void>((resolve) => (answer = resolve))
      return rows as never
    })
  const existence = (sql = watched()) => new Existence(sql, () => away, false)

  test('is asked once for all ids that lie near, however many ask at the same time', async () => {
    const known = existence()
    expect(await Promise.all(LEADS.map((id) => known.both(7, id)))).toEqual([true, true, true, true, true])
    expect(questions.sort()).toEqual(['campaigns from 0', 'leads from 0', 'leads from 1024', 'leads from 4096'])
    expect(await known.both(7, 1_023)).toBe(true)
    expect(questions).toHaveLength(4)
  })

  test('is asked again for who was not there, and forgotten of who is gone', async () => {
    const known = existence()
    expect(await known.both(7, 3)).toBe(false)
    expect(await known.both(8, 1)).toBe(false)
    await addLead(3)
    expect(await known.both(7, 3)).toBe(true)
    await deleteLeads(store.sql, [3])
    known.forget([3, 9_999])
    expect(await known.both(7, 3)).toBe(false)
    expect(await known.both(7, 2)).toBe(true)
  })

  test('is true of one who came while an older question was under way', async () => {
    const known = existence(held())
    const early = known.both(7, 1)
    while (answer === undefined) await new Promise(setImmediate)
    await addLead(4)
    const late = known.both(7, 4)
    answer?.()
    expect([await early, await late]).toEqual([true, true])
  })

  test('is not remembered of one who went while a question was under way', async () => {
    const known = existence(held())
    const early = known.both(7, 1)
    while (answer === undefined) await new Promise(setImmediate)
    await deleteLeads(store.sql, [2])
    known.forget([2])
    answer?.()
    expect(await early).toBe(true)
    expect(await known.both(7, 2)).toBe(false)
  })

  test('is not known of a store that is away or fails, unless it is remembered', async () => {
    const known = existence()
    await known.both(7, 1)
    away = true
    expect([await known.both(7, 2), await known.both(7, 5_000)]).toEqual([true, null])
    const failing = existence(watched(() => Promise.reject(new Error('gone'))))
    away = false
    expect(await failing.both(7, 1)).toBe(null)
  })

  test('is right for the largest ids that a token can name', async () => {
    await addLead(Number.MAX_SAFE_INTEGER)
    const known = existence()
    expect(await known.both(7, Number.MAX_SAFE_INTEGER)).toBe(true)
    expect(await known.both(7, Number.MAX_SAFE_INTEGER - 1)).toBe(false)
  })
})
