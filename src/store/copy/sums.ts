import { crc32 } from 'node:zlib'
import type { Cell } from '../engine.ts'
import type { Table } from './tables.ts'

/** How many rows, and a number made of all their cells, whatever the order of rows. */
export interface Sum {
  rows: number
  sum: number
}

/** So that sums of any number of rows are exact. */
const MODULUS = 2 ** 48

/** The sum of no row. */
export const NOTHING: Sum = { rows: 0, sum: 0 }

/** A sum with some rows of a table more. JSON counts by what it says, for each engine writes it in its own way. */
export function withRows({ rows: before, sum: start }: Sum, table: Table, rows: readonly (readonly Cell[])[]): Sum {
  const documents = Object.values(table.columns).flatMap((type, at) => (type === 'json' ? [at] : []))
  let sum = start
  for (const row of rows) {
    const cells: unknown[] = [...row]
    for (const at of documents) cells[at] = typeof row[at] === 'string' ? sorted(JSON.parse(row[at])) : row[at]
    sum = (sum + crc32(JSON.stringify(cells))) % MODULUS
  }
  return { rows: before + rows.length, sum }
}

/** A JSON value whose names stand in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, sorted(inner)]))
}
