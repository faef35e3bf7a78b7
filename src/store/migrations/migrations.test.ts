import { readdirSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FreshStore, onEveryEngine } from '../../../test/support/engines.ts'
import { engineOn } from '../../../test/support/store.ts'
import type { Engine } from '../engine.ts'
import { STORED_COLUMN_NAMES } from '../events.ts'
import { migrate } from './index.ts'

/** The files beside this one, in their order: each is a step, and its name is the file's. */
const STEPS = readdirSync(import.meta.dirname)
  .filter((file) => /^\d{4}-.*\.ts$/.test(file))
  .map((file) => file.replace('.ts', ''))
  .sort()

/** Every table, view, column and index, as the engine tells them. */
async function schemaOf(engine: Engine): Promise<unknown[]> {
  const columns = await engine.rows('select table_name, column_name, data_type, is_nullable from information_schema.columns where table_schema = current_schema() order by table_name, ordinal_position')
  const indexes = engine.name === 'postgres' ? await engine.rows('select indexname, indexdef from pg_indexes where schemaname = current_schema() order by indexname') : []
  return [...columns, ...indexes]
}

onEveryEngine('the schema', (engine) => {
  let store: FreshStore
  let opened: Engine
  beforeEach(async () => {
    store = await engine.fresh()
    opened = await engineOn(store)
  })
  afterEach(async () => {
    await opened.close()
    await store.drop()
  })

  test('is made once, and has the columns in the order in which events are journalled', async () => {
    expect(await migrate(opened)).toEqual(STEPS)
    expect(await migrate(opened)).toEqual([])
    const columns = await opened.rows<{ column_name: string }>("select column_name from information_schema.columns where table_name = 'events' order by ordinal_position")
    expect(columns.map(({ column_name }) => column_name)).toEqual(STORED_COLUMN_NAMES)
  })

  test('is made once by nodes that start together', async () => {
    const others = engine.name === 'postgres' ? await Promise.all([engineOn(store), engineOn(store)]) : []
    const taken = await Promise.all([opened, ...others].map((one) => migrate(one)))
    expect(new Set(taken.flat())).toEqual(new Set(STEPS))
    expect(await opened.rows('select name from migrations order by name')).toEqual(STEPS.map((name) => ({ name })))
    await Promise.all(others.map((one) => one.close()))
  })

  test('is whole in the end, at whatever statement of whatever step its making was broken off', { timeout: 300_000 }, async () => {
    let through = 0
    let begun = false
    const dying: Engine = {
      ...opened,
      transaction: (lane, work) =>
        opened.transaction(lane, async (tx) => {
          // What each start does first makes the list of steps, and is none itself.
          if (!begun) {
            begun = true
            return work(tx)
          }
          let asked = 0
          const rows: typeof tx.rows = (text, values) => {
            if (asked++ === through) throw new Error('killed')
            return tx.rows(text, values)
          }
          const result = await work({ ...tx, rows })
          through = 0
          return result
        }),
    }
    const stepsTaken = () => opened.rows<{ name: string }>('select name from migrations order by name').then((rows) => rows.map(({ name }) => name), () => [])
    let kills = 0
    for (;;) {
      begun = false
      const ended = await migrate(dying).then(() => null, (error: Error) => error.message)
      if (ended === null) break
      expect(ended).toContain('killed')
      const taken = await stepsTaken()
      expect(taken).toEqual(STEPS.slice(0, taken.length))
      kills++
      through++
    }
    console.log(`${engine.name}: the making of the schema was broken off ${kills} times`)
    const other = await engine.fresh()
    const straight = await engineOn(other)
    await migrate(straight)
    expect([await stepsTaken(), await schemaOf(opened)]).toEqual([STEPS, await schemaOf(straight)])
    await straight.close()
    await other.drop()
  })

  test('that was left half-way is completed by the next start: a step is whole or not there', async () => {
    const dying: Engine = {
      ...opened,
      transaction: (lane, work) =>
        opened.transaction(lane, async (tx) =>
          work({
            ...tx,
            rows: (text, values) => {
              if (text.startsWith('create table users')) throw new Error('killed')
              return tx.rows(text, values)
            },
          }),
        ),
    }
    await expect(migrate(dying)).rejects.toThrow('killed')
    expect(await opened.rows("select table_name from information_schema.tables where table_name in ('events', 'users')")).toEqual([])
    expect(await migrate(opened)).toEqual(STEPS)
  })
})
