import { Fault } from '../../core/errors.ts'
import { DAY_MS } from '../../core/time.ts'
import type { Cell, ClaimedId, Engine } from '../engine.ts'
import { migrate } from '../migrations/index.ts'
import { createMonthMaker } from '../months.ts'
import type { Row } from '../sql.ts'
import { NOTHING, type Sum, withRows } from './sums.ts'
import { type Page, STATE, type Table, allTables, cellsIn, countRows, pagesOf } from './tables.ts'

/** Where a copy comes from: a store, or the files of a backup. */
export interface Source {
  /** The same whenever it is the same source, so that a copy that was cut short goes on. */
  id: string
  tables: readonly Table[]
  pages(table: Table, from: string | null): AsyncIterable<Page>
}

/** What a copy tells of its work: so many rows more. */
export type Told = (rows: number) => void

/** A store in whose tables nothing of this is has been used by nobody. */
const SIGNS_OF_USE = ['events', 'users', 'link_tracking', 'projects', 'ingest_keys']
/** No window of event ids is longer. */
const IDS_MS = 90 * DAY_MS

interface State {
  source: string
  place: string | null
  rows: number
  sum: number
  /** The rows that a schema of this version begins with, by table. */
  beginnings: string
}

/**
 * Fills a store that nobody has used with everything of a source, and gives the sum of each table as it was read. A copy that
 * was cut short goes on: its other tables are copied anew, its events from the last that are committed.
 * Throws Fault 'conflict' where the store has been used, or holds a part of another source.
 */
export async function fill(target: Engine, source: Source, told: Told): Promise<Record<string, Sum>> {
  await migrate(target)
  const state = (await stateOf(target)) ?? (await begin(target, source))
  if (state.source !== source.id) throw new Fault('conflict', 'The copy of another store was begun here and cut short. Complete that one, or take an empty folder or database.')
  const sums: Record<string, Sum> = {}
  for (const table of source.tables) sums[table.name] = table.name === 'events' ? await fillEvents(target, source, table, state, told) : await fillTable(target, source, table, told)
  return sums
}

async function fillTable(target: Engine, source: Source, table: Table, told: Told): Promise<Sum> {
  let sum = NOTHING
  await target.transaction('rows', (tx) => tx.rows(`delete from ${table.name}`))
  for await (const { rows } of source.pages(table, null)) {
    await target.transaction('rows', (tx) => tx.append(table.name, Object.keys(table.columns), rows))
    sum = withRows(sum, table, rows)
    told(rows.length)
  }
  return sum
}

/** A page of events, their ids and the place behind them are one transaction. */
async function fillEvents(target: Engine, source: Source, table: Table, state: State, told: Told): Promise<Sum> {
  const names = Object.keys(table.columns)
  const since = Date.now() - IDS_MS
  const makeMonths = createMonthMaker(target, Date.now)
  const cameAt = names.indexOf('received_at')
  let sum: Sum = { rows: state.rows, sum: state.sum }
  told(sum.rows)
  for await (const { rows, place } of source.pages(table, state.place)) {
    sum = withRows(sum, table, rows)
    await makeMonths(rows.map((row) => row[cameAt] as number))
    await target.transaction('events', async (tx) => {
      await tx.append(table.name, names, rows)
      await tx.claim(idsIn(names, rows).filter(({ receivedAt }) => receivedAt >= since), 0)
      await tx.rows(`update ${STATE} set place = $1, rows = $2, sum = $3`, [place, sum.rows, sum.sum])
    })
    told(rows.length)
  }
  return sum
}

function idsIn(names: readonly string[], rows: readonly Cell[][]): ClaimedId[] {
  const [project, eventId, receivedAt] = ['project', 'event_id', 'received_at'].map((name) => names.indexOf(name)) as [number, number, number]
  return rows.flatMap((row) => (row[eventId] === null ? [] : [{ project: row[project] as string, eventId: row[eventId] as string, receivedAt: row[receivedAt] as number, suspect: false }]))
}

/** Reads a store again, whole, and names each table that is not what it should be. */
export async function differences(store: Engine, tables: readonly Table[], sums: Readonly<Record<string, Sum>>, told: Told): Promise<string[]> {
  const different: string[] = []
  for (const table of tables) {
    let sum = NOTHING
    for await (const { rows } of pagesOf(store.rows, table)) {
      sum = withRows(sum, table, rows)
      told(rows.length)
    }
    const expected = sums[table.name] ?? NOTHING
    if (sum.rows !== expected.rows) different.push(`${table.name} has ${sum.rows} rows, not ${expected.rows}`)
    else if (sum.sum !== expected.sum) different.push(`the rows of ${table.name} are not the same`)
  }
  return different
}

/** Ends a copy: from now on the store is one like any other. Rows that this version begins with, and the source had not yet, are put back. */
export async function complete(target: Engine): Promise<void> {
  const state = await stateOf(target)
  const beginnings = JSON.parse(state?.beginnings ?? '{}') as Record<string, Row[]>
  for (const table of await allTables(target.rows)) {
    const rows = beginnings[table.name]?.map((row) => cellsIn(table, row)) ?? []
    const names = Object.keys(table.columns)
    for (const row of rows) {
      await target.transaction('rows', (tx) => tx.rows(`insert into ${table.name} (${names.join(', ')}) values (${names.map((_, at) => `$${at + 1}`).join(', ')}) on conflict do nothing`, row))
    }
  }
  await target.transaction('rows', (tx) => tx.rows(`drop table ${STATE}`))
  await target.idle()
}

/** Whether a store is a copy that was cut short: nobody may use it before it is complete. */
export async function isUnderWay(store: Engine): Promise<boolean> {
  const [row] = await store.rows<{ count: number }>('select count(*) as count from information_schema.tables where table_name = $1 and table_schema = current_schema()', [STATE])
  return Number(row?.count) > 0
}

async function stateOf(target: Engine): Promise<State | null> {
  if (!(await isUnderWay(target))) return null
  const [state] = await target.rows<State>(`select source, place, rows, sum, beginnings from ${STATE}`)
  return state ?? null
}

async function begin(target: Engine, source: Source): Promise<State> {
  for (const table of SIGNS_OF_USE) {
    if ((await countRows(target.rows, table)) > 0) throw new Fault('conflict', 'This store has been used. Take one that nobody has used: another folder, or an empty database.')
  }
  const beginnings: Record<string, Row[]> = {}
  for (const { name } of await allTables(target.rows)) {
    const rows = await target.rows(`select * from ${name}`)
    if (rows.length > 0) beginnings[name] = rows
  }
  const state: State = { source: source.id, place: null, ...NOTHING, beginnings: JSON.stringify(beginnings) }
  await target.transaction('rows', async (tx) => {
    await tx.rows(`create table ${STATE} (source text primary key, place text, rows bigint not null, sum bigint not null, beginnings text not null)`)
    await tx.rows(`insert into ${STATE} (source, place, rows, sum, beginnings) values ($1, $2, $3, $4, $5)`, [state.source, state.place, state.rows, state.sum, state.beginnings])
  })
  return state
}
