/** How fast the engine takes rows in when nothing else is asked of it: a process of its own, started by `batches.ts`. */
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type DuckDBAppender, DuckDBInstance } from '@duckdb/node-api'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { EVENT_COLUMNS, EVENT_COLUMN_NAMES, type EventColumn } from '../src/store/events.ts'
import { openEngine } from '../src/store/open.ts'
import type { Row } from '../src/store/sql.ts'
import { serveTask } from './task.ts'

/** Which store to take rows from, how many, and how many of them are one transaction. */
export interface AppendOrder {
  dataDir: string
  databaseUrl: string | null
  rows: number
  group: number
}

export interface AppendResult {
  rows: number
  /** Rows a second. */
  rate: number
}

type Cells = (string | bigint | boolean | null)[]

serveTask<AppendOrder, AppendResult>(async (order) => {
  const rows = await rowsOf(order)
  const seconds = order.databaseUrl === null ? await appendToDuckdb(order.dataDir, rows, order.group) : await copyToPostgres(order.databaseUrl, rows, order.group)
  return { rows: rows.length, rate: rows.length / seconds }
})

const TABLE = 'appended'
const JSON_OF = { duckdb: 'json', postgres: 'jsonb' }

async function rowsOf({ dataDir, databaseUrl, rows }: AppendOrder): Promise<Cells[]> {
  const engine = await openEngine({ dataDir, databaseUrl, replicas: { urls: [], maxLagMs: 0 }, memoryMb: 384, threads: 2 })
  const found = await engine.rows<Row>(`select ${EVENT_COLUMN_NAMES.join(', ')} from events limit ${rows}`)
  await engine.close()
  return found.map((row) => EVENT_COLUMN_NAMES.map((name) => (typeof row[name] === 'number' ? BigInt(row[name]) : (row[name] as string | boolean | null))))
}

function tableText(json: string): string {
  const columns = Object.entries(EVENT_COLUMNS).map(([name, type]) => `${name} ${type === 'json' ? json : type}`)
  return `create table ${TABLE} (${columns.join(', ')})`
}

/** Seconds it took. */
async function appendToDuckdb(dataDir: string, rows: readonly Cells[], group: number): Promise<number> {
  const instance = await DuckDBInstance.create(join(dataDir, 'appended.duckdb'), { checkpoint_threshold: '128MB', threads: '2' })
  const connection = await instance.connect()
  await connection.run(tableText(JSON_OF.duckdb))
  const kinds = EVENT_COLUMN_NAMES.map((name: EventColumn) => EVENT_COLUMNS[name])
  const start = performance.now()
  for (let from = 0; from < rows.length; from += group) {
    await connection.run('begin')
    const appender = await connection.createAppender(TABLE)
    for (const cells of rows.slice(from, from + group)) {
      for (let i = 0; i < cells.length; i++) appendCell(appender, cells[i] as Cells[number], kinds[i] as string)
      appender.endRow()
    }
    appender.closeSync()
    await connection.run('commit')
  }
  const seconds = (performance.now() - start) / 1000
  connection.closeSync()
  instance.closeSync()
  return seconds
}

function appendCell(appender: DuckDBAppender, cell: Cells[number], kind: string): void {
  if (cell === null) appender.appendNull()
  else if (kind === 'bigint') appender.appendBigInt(cell as bigint)
  else if (kind === 'boolean') appender.appendBoolean(cell as boolean)
  else appender.appendVarchar(cell as string)
}

/** Seconds it took. */
async function copyToPostgres(databaseUrl: string, rows: readonly Cells[], group: number): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query(tableText(JSON_OF.postgres))
  const start = performance.now()
  for (let from = 0; from < rows.length; from += group) {
    const text = rows.slice(from, from + group).map((cells) => `${cells.map(copyCell).join('\t')}\n`).join('')
    await pipeline(Readable.from([text]), client.query(copyFrom(`copy ${TABLE} from stdin`)))
  }
  const seconds = (performance.now() - start) / 1000
  await client.end()
  return seconds
}

function copyCell(cell: Cells[number]): string {
  return cell === null ? '\\N' : String(cell).replace(/[\\\n\r\t]/g, (sign) => ({ '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' })[sign] as string)
}
