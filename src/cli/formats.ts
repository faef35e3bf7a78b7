import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { extname } from 'node:path'
import { createInterface } from 'node:readline'
import { parse } from 'csv-parse'
import { iso } from '../core/time.ts'
import { armed, toCsv } from '../core/csv.ts'
import type { Cell } from '../store/engine.ts'
import type { Row } from '../store/sql.ts'
import { type ParquetType, readParquet, writeParquet } from '../store/parquet.ts'
import { Refused } from './world.ts'

/** The formats of files, by the ending of their names. */
export const FORMATS = ['csv', 'ndjson', 'parquet'] as const
export type Format = (typeof FORMATS)[number]

/** A record of a file, or why there is none at this place. `line` counts from 1; in a Parquet file it is the row. Texts of a CSV file may be disarmed. */
export type Read = { line: number; record: Record<string, unknown>; disarmed?: true } | { line: number; error: string }

/** Writes rows to a file in a format; times are UTC ms in the rows. */
export async function writeRows(file: string, format: Format, columns: Readonly<Record<string, ParquetType>>, pages: AsyncIterable<readonly Row[]>): Promise<void> {
  const names = Object.keys(columns)
  if (format === 'parquet') return writeParquet(file, columns, cellPages(names, pages))
  const handle = await open(file, 'w', 0o600)
  try {
    if (format === 'csv') await handle.write(toCsv(names, []))
    for await (const rows of pages) {
      if (format === 'ndjson') await handle.write(rows.map((row) => `${JSON.stringify(spoken(row, columns, true))}\n`).join(''))
      else await handle.write(toCsv(names, rows.map((row) => spoken(row, columns, false))).replace(/^.*?\r\n/, ''))
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function* cellPages(names: readonly string[], pages: AsyncIterable<readonly Row[]>): AsyncIterable<Cell[][]> {
  for await (const rows of pages) yield rows.map((row) => names.map((name) => (row[name] ?? null) as Cell))
}

/** A row as files have it: times as ISO 8601, JSON as it is meant where the format can hold it. */
function spoken(row: Row, columns: Readonly<Record<string, ParquetType>>, nests: boolean): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(columns).map(([name, type]) => {
      const value = row[name] ?? null
      if (value === null) return [name, null]
      if (type === 'time') return [name, iso(value as number)]
      return [name, type === 'json' && nests ? JSON.parse(value as string) : value]
    }),
  )
}

/** Reads the records of a file, one after the other. Throws Refused for a file of another kind. */
export async function* readRecords(file: string): AsyncIterable<Read> {
  switch (extname(file).toLowerCase()) {
    case '.csv':
      return yield* readCsv(file)
    case '.ndjson':
    case '.jsonl':
    case '.json':
      return yield* readNdjson(file)
    case '.parquet':
      return yield* readParquetRows(file)
    default:
      throw new Refused(`${file}: the name of a file to import ends in .csv, .ndjson, .jsonl, .json or .parquet.`, 2)
  }
}

async function* readNdjson(file: string): AsyncIterable<Read> {
  let line = 0
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    line++
    const trimmed = text.trim()
    if (trimmed === '') continue
    if (line === 1 && trimmed.startsWith('[')) throw new Refused(`${file} is one JSON array; a record a line is expected, as mongoexport writes them without --jsonArray.`, 2)
    yield lineOf(line, trimmed)
  }
}

function lineOf(line: number, text: string): Read {
  try {
    const record: unknown = JSON.parse(text)
    if (record !== null && typeof record === 'object' && !Array.isArray(record)) return { line, record: record as Record<string, unknown> }
    return { line, error: 'must be a JSON object' }
  } catch (error) {
    return { line, error: `is no JSON: ${(error as Error).message}` }
  }
}

async function* readCsv(file: string): AsyncIterable<Read> {
  // Nothing between two commas is nothing; "" is a text without letters.
  const parser = createReadStream(file).pipe(
    parse({ columns: true, bom: true, info: true, relax_column_count: true, cast: (value, { header, quoting }) => (header ? value : value === '' && !quoting ? null : value) }),
  )
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: Record<string, string | null>; info: { lines: number } }>) yield { line: info.lines, record, disarmed: true }
  } catch (error) {
    throw new Refused(`${file}: ${(error as Error).message}`)
  }
}

async function* readParquetRows(file: string): AsyncIterable<Read> {
  let line = 0
  for await (const rows of readParquet(file)) for (const record of rows) yield { line: ++line, record }
}

/** Cells of a CSV that `toCsv` wrote, as they were. */
export function armedRecord(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, typeof value === 'string' ? armed(value) : value]))
}
