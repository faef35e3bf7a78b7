import { readdirSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FreshStore, onEveryEngine } from '../../../test/support/engines.ts'
import { engineOn } from '../../../test/support/store.ts'
import type { Engine } from '../engine.ts'
import { EVENT_COLUMN_NAMES } from '../events.ts'
import { migrate } from './index.ts'

/** The files beside this one, in their order: each is a step, and its name is the file's. */
const STEPS = readdirSync(import.meta.dirname)
  .filter((file) => /^\d{4}-.*\.ts$/.test(file))
  .map((file) => file.replace('.ts', ''))
  .sort()

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
    expect(columns.map(({ column_name }) => column_name)).toEqual(EVENT_COLUMN_NAMES)
  })

  test('is made once by nodes that start together', async () => {
    const others = engine.name === 'postgres' ? await Promise.all([engineOn(store), engineOn(store)]) : []
    const taken = await Promise.all([opened, ...others].map((one) => migrate(one)))
    expect(new Set(taken.flat())).toEqual(new Set(STEPS))
    expect(await opened.rows('select name from migrations order by name')).toEqual(STEPS.map((name) => ({ name })))
    await Promise.all(others.map((one) => one.close()))
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
