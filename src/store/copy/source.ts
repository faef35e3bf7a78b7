import type { Engine } from '../engine.ts'
import type { Source } from './fill.ts'
import { type Asker, allTables, pagesOf } from './tables.ts'

/** Everything of a store. It is known again by the first of the journals that were loaded into it. */
export async function storeSource(ask: Asker): Promise<Source> {
  const [first] = await ask<{ journal: string }>('select journal from journal_positions order by journal limit 1')
  return { id: `store ${first?.journal ?? ''}`, tables: await allTables(ask), pages: (table, from) => pagesOf(ask, table, from) }
}

/** Whether a server holds a turn in this store: one runs on it, or was killed within the last 20 seconds. `now` is UTC ms. */
export async function isServed(store: Engine, now: number): Promise<boolean> {
  const [row] = await store.rows<{ count: number }>('select count(*) as count from leases where expires_at > $1', [now])
  return Number(row?.count) > 0
}

/** The names of the schema's steps that a store has taken. */
export async function schemaSteps(ask: Asker): Promise<string[]> {
  return (await ask<{ name: string }>('select name from migrations order by name')).map(({ name }) => name)
}
