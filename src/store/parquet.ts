import { chmod, rm } from 'node:fs/promises'
import type { DuckDBInstance } from '@duckdb/node-api'
import type { Cell } from './engine.ts'
import type { ColumnType } from './events.ts'
import type { Row } from './sql.ts'

/** What a Parquet column holds. A `time` is UTC ms outside, and a timestamp in the file. */
export type ParquetType = ColumnType | 'time' | 'double'

const TYPES: Record<ParquetType, string> = { text: 'varchar', json: 'varchar', bigint: 'bigint', double: 'double', boolean: 'boolean', time: 'bigint' }

/** Writes rows as a Parquet file; `rows[i][j]` belongs to the j-th column. They are gathered on the disk beside it, not in memory. */
export async function writeParquet(file: string, columns: Readonly<Record<string, ParquetType>>, pages: AsyncIterable<readonly (readonly Cell[])[]>): Promise<void> {
  const gathered = `${file}.gathering`
  await rm(gathered, { force: true })
  const instance = await opened(gathered)
  const connection = await instance.connect()
  try {
    const kinds = Object.values(columns)
    await connection.run(`create table gathered (${Object.entries(columns).map(([name, type]) => `"${name}" ${TYPES[type]}`).join(', ')})`)
    const appender = await connection.createAppender('gathered')
    for await (const rows of pages) {
      for (const row of rows) {
        for (const [at, cell] of row.entries()) {
          if (cell === null) appender.appendNull()
          else if (typeof cell === 'string') appender.appendVarchar(cell)
          else if (typeof cell === 'boolean') appender.appendBoolean(cell)
          else if (kinds[at] === 'double') appender.appendDouble(cell)
          else appender.appendBigInt(BigInt(cell))
        }
        appender.endRow()
      }
      appender.flushSync()
    }
    appender.closeSync()
    const shown = Object.entries(columns).map(([name, type]) => (type === 'time' ? `make_timestamp("${name}" * 1000) as "${name}"` : `"${name}"`))
    await connection.run(`copy (select ${shown.join(', ')} from gathered) to '${quoted(file)}' (format parquet, compression zstd)`)
    await chmod(file, 0o600)
  } finally {
    connection.closeSync()
    instance.closeSync()
    await Promise.all([rm(gathered, { force: true }), rm(`${gathered}.wal`, { force: true })])
  }
}

/** Reads a Parquet file in pieces. Times come as ISO 8601 texts. Throws Error where it is none. */
export async function* readParquet(file: string): AsyncIterable<Row[]> {
  const instance = await opened(':memory:')
  const connection = await instance.connect()
  try {
    const result = await connection.stream(`select * from read_parquet('${quoted(file)}')`)
    for await (const rows of result.yieldRowObjectJs()) yield rows.map(plain)
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** The engine is loaded only where it is needed: a server on PostgreSQL does without its 35 MB. */
async function opened(path: string): Promise<DuckDBInstance> {
  return (await import('@duckdb/node-api')).DuckDBInstance.create(path)
}

function plain(row: Row): Row {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value instanceof Date ? value.toISOString() : value]))
}

/** A path inside a text of SQL. */
function quoted(path: string): string {
  return path.replaceAll("'", "''")
}
