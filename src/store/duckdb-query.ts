import { BIGINT, type DuckDBConnection, type DuckDBType, type DuckDBValue, LIST, VARCHAR, listValue } from '@duckdb/node-api'
import { Fault } from '../core/errors.ts'
import type { Row, Value } from './sql.ts'

/**
 * Commits what `work` did on a connection, or nothing. A question is planned and answered at one moment of the store in it: a plan rests on
 * statistics, such as the longest text of a column, and a commit between plan and answer would have a longer text cut. Throws as `query` does.
 */
export async function inTransaction<R>(connection: DuckDBConnection, work: () => Promise<R>): Promise<R> {
  try {
    await connection.run('begin')
    const result = await work()
    await connection.run('commit')
    return result
  } catch (error) {
    await connection.run('rollback').catch(() => undefined)
    throw translated(error)
  }
}

/** Asks for all rows. Throws Fault where the store is to blame, and the engine's own error where the question is. */
export async function query<T>(connection: DuckDBConnection, text: string, values: readonly Value[] = []): Promise<T[]> {
  try {
    const reader = await connection.runAndReadAll(text, values.map(toDuckdb), values.map(typeOf))
    return reader.getRowObjectsJS().map(plain) as T[]
  } catch (error) {
    throw translated(error)
  }
}

/** Asks for rows in the pieces in which the engine makes them. */
export async function* piecesOf(connection: DuckDBConnection, text: string, values: readonly Value[] = []): AsyncGenerator<Row[]> {
  const result = await connection.stream(text, values.map(toDuckdb), values.map(typeOf))
  for await (const piece of result.yieldRowObjectJs()) yield piece.map(plain)
}

/** Interrupts what a connection is at after a time (ms). */
export async function bounded<T>(connection: DuckDBConnection, timeoutMs: number | undefined, work: () => Promise<T>): Promise<T> {
  if (timeoutMs === undefined) return work()
  const timer = setTimeout(() => connection.interrupt(), timeoutMs)
  try {
    return await work()
  } finally {
    clearTimeout(timer)
  }
}

function toDuckdb(value: Value): DuckDBValue {
  return Array.isArray(value) ? listValue(value as DuckDBValue[]) : (value as DuckDBValue)
}

/** The type of a parameter, where its value does not tell: an empty list has no first item to go by. */
function typeOf(value: Value): DuckDBType {
  // The library's own guess stands in for an undefined, which its types leave out.
  return (Array.isArray(value) ? LIST(typeof value[0] === 'number' ? BIGINT : VARCHAR) : undefined) as DuckDBType
}

function plain(row: Record<string, unknown>): Row {
  for (const name in row) {
    const value = row[name]
    if (typeof value === 'bigint') row[name] = Number(value)
  }
  return row
}

/** What an error of the engine means to those who ask: a Fault, or the error itself. */
function translated(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Fault) return error
  if (/^INTERRUPT/i.test(error.message)) return new Fault('unavailable', 'The question took too long. Ask for a shorter range.', { retryAfterSeconds: 1 })
  if (/Constraint Error: Duplicate key/i.test(error.message)) return new Fault('conflict', 'There is one of that name already.')
  if (OWN_FAULT.test(error.message)) {
    const fault = new Fault('unavailable', 'The store cannot be written or read.', { retryAfterSeconds: 5 })
    fault.cause = error
    return fault
  }
  return error
}

/** What no row is to blame for: the disk, the memory, or a fatal error, after which the engine asks to be opened anew. */
const OWN_FAULT = /^(IO|FATAL|Out of Memory) Error|No space left|Could not (write|read|sync)|has been invalidated/i
