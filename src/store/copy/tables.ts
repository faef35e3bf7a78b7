import type { Cell } from '../engine.ts'
import type { ParquetType } from '../parquet.ts'
import type { Row, Value } from '../sql.ts'

/** Asks a store, inside a transaction or not. */
export type Asker = <T = Row>(text: string, values?: readonly Value[]) => Promise<T[]>

/** A table as a copy sees it: what each of its columns holds, in order, and its key; the events have none. */
export interface Table {
  name: string
  columns: Readonly<Record<string, ParquetType>>
  key: readonly string[]
}

/** Rows in the order of a table's columns, and where a reader goes on behind them. */
export interface Page {
  rows: Cell[][]
  place: string
}

const PAGE = 10_000
/** Where a copy notes how far it is, in the store that it fills. */
export const STATE = 'copy_under_way'
/** What is a store's own: its schema and its turns; and the ids, which are taken again from the events. */
const LEFT_OUT = ['migrations', 'leases', 'event_ids', STATE]

/** Every table that a copy holds, by name, the events last. */
export async function allTables(ask: Asker): Promise<Table[]> {
  const columns = await ask<{ table_name: string; column_name: string; data_type: string }>(
    `select c.table_name, c.column_name, c.data_type from information_schema.columns c
     join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name
     where t.table_type = 'BASE TABLE' and c.table_schema = current_schema() order by c.table_name, c.ordinal_position`,
  )
  const keys = await ask<{ table_name: string; column_name: string }>(
    `select k.table_name, k.column_name from information_schema.key_column_usage k
     join information_schema.table_constraints t on t.table_schema = k.table_schema and t.table_name = k.table_name and t.constraint_name = k.constraint_name
     where t.constraint_type = 'PRIMARY KEY' and k.table_schema = current_schema() order by k.table_name, k.ordinal_position`,
  )
  const tables = new Map<string, { name: string; columns: Record<string, ParquetType>; key: string[] }>()
  for (const { table_name: name, column_name, data_type } of columns) {
    // A part of the events is read with them.
    if (LEFT_OUT.includes(name) || name.startsWith('events_')) continue
    const table = tables.get(name) ?? { name, columns: {}, key: keys.filter(({ table_name }) => table_name === name).map((key) => key.column_name) }
    table.columns[column_name] = kindOf(data_type.toLowerCase())
    tables.set(name, table)
  }
  return [...tables.values()].sort((a, b) => Number(a.name === 'events') - Number(b.name === 'events'))
}

/** By the names that either engine gives its types. */
function kindOf(type: string): ParquetType {
  if (/^(bigint|integer|smallint)$/.test(type)) return 'bigint'
  if (type.startsWith('double')) return 'double'
  if (type.startsWith('json')) return 'json'
  return type === 'boolean' ? 'boolean' : 'text'
}

/** How many rows a table has. */
export async function countRows(ask: Asker, table: string): Promise<number> {
  const [row] = await ask<{ count: number }>(`select count(*) as count from ${table}`)
  return Number(row?.count ?? 0)
}

/** All rows of a table, a page at a time, from a place on that an earlier page told; null: from the start. */
export function pagesOf(ask: Asker, table: Table, from: string | null = null): AsyncIterable<Page> {
  return table.name === 'events' ? eventPages(ask, table, from === null ? { receivedAt: Number.MIN_SAFE_INTEGER, id: '' } : (JSON.parse(from) as EventPlace)) : keyedPages(ask, table)
}

async function* keyedPages(ask: Asker, table: Table): AsyncIterable<Page> {
  const key = table.key.join(', ')
  const places = table.key.map((_, at) => `$${at + 1}`).join(', ')
  for (let last: Value[] | null = null; ; ) {
    const rows: Row[] = await ask(`select * from ${table.name} ${last === null ? '' : `where (${key}) > (${places})`} order by ${key} limit ${PAGE}`, last ?? [])
    const end: Row | undefined = rows.at(-1)
    if (end) yield { rows: rows.map((row) => cellsIn(table, row)), place: '' }
    if (rows.length < PAGE) return
    last = table.key.map((name) => end?.[name] as Value)
  }
}

/** Behind an event that has a number, or behind one from before events were numbered: those come first, by time and id. */
type EventPlace = { seq: number } | { receivedAt: number; id: string }

async function* eventPages(ask: Asker, table: Table, from: EventPlace): AsyncIterable<Page> {
  const page = (rows: Row[], place: EventPlace): Page => ({ rows: rows.map((row) => cellsIn(table, row)), place: JSON.stringify(place) })
  let place = from
  while ('id' in place) {
    const rows: Row[] = await ask(`select * from events where seq is null and received_at >= $1 and (received_at > $1 or id > $2) order by received_at, id limit ${PAGE}`, [place.receivedAt, place.id])
    const end = rows.at(-1)
    place = end ? { receivedAt: end.received_at as number, id: end.id as string } : { seq: 0 }
    if (end) yield page(rows, place)
  }
  // By ranges of numbers, so that no page asks for the order of all that follow.
  for (let seq = place.seq; ; ) {
    const rows: Row[] = await ask('select * from events where seq > $1 and seq <= $2 order by seq', [seq, seq + PAGE])
    seq += PAGE
    if (rows.length > 0) {
      yield page(rows, { seq })
      continue
    }
    const [next]: { seq: number | null }[] = await ask<{ seq: number | null }>('select min(seq) as seq from events where seq > $1', [seq])
    if (!next || next.seq === null) return
    seq = next.seq - 1
  }
}

/** A row's cells in the order of a table's columns. */
export function cellsIn(table: Table, row: Row): Cell[] {
  return Object.keys(table.columns).map((name) => (row[name] ?? null) as Cell)
}
