import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type DuckDBAppender, type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { Fault } from '../core/errors.ts'
import { duckdbDialect } from './dialect.ts'
import { bounded, inTransaction, piecesOf, query } from './duckdb-query.ts'
import type { Cell, ClaimedId, Engine, Transaction } from './engine.ts'
import { EVENT_COLUMNS } from './events.ts'
import { createLane, createPool } from './lane.ts'
import type { Lane, Value } from './sql.ts'

/** Readers that may run side by side; more would only share the same cores. */
const READERS = 4
/** Under load a checkpoint stalls commits for 100 ms and more, so it waits for this much log, or for a quiet moment. */
const CHECKPOINT_MB = 128
/** What is asked when the store closes may go on for so long before it is interrupted, and again until it has ended. */
const CLOSE_GRACE_MS = 500
const INTERRUPT_MS = 50
const CONFLICT_TRIES = 10
const CONFLICT_PAUSE_MS = 5

/**
 * Opens the embedded engine on `DATA_DIR/waymark.duckdb`, made where missing.
 * Throws Fault 'unavailable' with a sentence when another process holds the file.
 */
export async function openDuckdb(settings: { dataDir: string; memoryMb: number; threads: number }): Promise<Engine> {
  mkdirSync(settings.dataDir, { recursive: true, mode: 0o700 })
  const file = join(settings.dataDir, 'waymark.duckdb')
  const instance = await DuckDBInstance.create(file, {
    memory_limit: `${settings.memoryMb}MB`,
    threads: String(settings.threads),
    checkpoint_threshold: `${CHECKPOINT_MB}MB`,
    // Memory that a question has left behind goes back to the system also when nobody asks another.
    allocator_background_threads: 'true',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  }).catch((error: unknown) => {
    throw inUse(error, file)
  })
  const readers = await Promise.all(Array.from({ length: READERS }, () => instance.connect()))
  const lend = createPool(readers)
  const lanes = {
    rows: { connection: await instance.connect(), take: createLane() },
    events: { connection: await instance.connect(), take: createLane() },
  }

  const streams = new Set<DuckDBConnection>()
  const { busy, ended } = createWork(() => [...readers, ...streams, lanes.rows.connection, lanes.events.connection])
  const read = <R>(work: (connection: DuckDBConnection) => Promise<R>): Promise<R> => busy(() => lend((connection) => inTransaction(connection, () => work(connection))))

  let appended = false
  const engine: Engine = {
    name: 'duckdb',
    shared: false,
    dialect: duckdbDialect,
    rows: <T>(text: string, values?: readonly Value[], options?: { timeoutMs?: number }) =>
      read((connection) => bounded(connection, options?.timeoutMs, () => query<T>(connection, text, values))),
    async *stream(text, values) {
      const connection = await busy(() => instance.connect())
      streams.add(connection)
      try {
        await busy(() => connection.run('begin'))
        const pieces = piecesOf(connection, text, values)
        for (;;) {
          const piece = await busy(() => pieces.next())
          if (piece.done) return
          yield piece.value
        }
      } finally {
        if (streams.delete(connection)) connection.closeSync()
      }
    },
    transaction: (lane: Lane, work) =>
      busy(() =>
        lanes[lane].take(() =>
          retried(async () => {
            if (lane === 'events') appended = true
            const { connection } = lanes[lane]
            return inTransaction(connection, () => work(transactionOn(connection)))
          }),
        ),
      ),
    known: (ids, since) => read((connection) => known(connection, ids, since)),
    async idle() {
      if (!appended) return true
      appended = false
      return busy(() =>
        lanes.events.take(() =>
          lanes.events.connection.run('checkpoint').then(
            () => true,
            (error: unknown) => {
              ignoreBusy(error)
              appended = true
              return false
            },
          ),
        ),
      )
    },
    replicas: () => [],
    async close() {
      // A thread that ends while the engine works takes the whole process with it.
      await ended()
      await lanes.events.connection.run('checkpoint').catch(ignoreBusy)
      for (const connection of [...readers, ...streams, lanes.rows.connection, lanes.events.connection]) connection.closeSync()
      streams.clear()
      instance.closeSync()
    },
  }
  return engine
}

/** Knows what the engine is at, so that its end can be waited for, and hastened. */
function createWork(connections: () => DuckDBConnection[]): { busy: <R>(work: () => Promise<R>) => Promise<R>; ended: () => Promise<void> } {
  const underWay = new Set<Promise<unknown>>()
  let closed = false
  return {
    async busy(work) {
      if (closed) throw new Fault('unavailable', 'The store is closed.')
      const done = work()
      underWay.add(done)
      try {
        return await done
      } finally {
        underWay.delete(done)
      }
    },
    async ended() {
      closed = true
      for (let patience = CLOSE_GRACE_MS; underWay.size > 0; patience = INTERRUPT_MS) {
        const all = Promise.allSettled(underWay)
        const late = await Promise.race([all.then(() => false), new Promise<true>((resolve) => setTimeout(resolve, patience, true))])
        if (late) for (const connection of connections()) connection.interrupt()
      }
    },
  }
}

/** What a transaction on a connection can do. */
function transactionOn(connection: DuckDBConnection): Transaction {
  return {
    rows: (text, values) => query(connection, text, values),
    append: (table, columns, rows) => append(connection, table, columns, rows),
    claim: (ids, windowMs) => claim(connection, ids, windowMs),
  }
}

async function append(
  connection: DuckDBConnection,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
): Promise<void> {
  if (rows.length === 0) return
  const appender = await connection.createAppender(table)
  const unnamed = appender.columnCount - columns.length
  if (unnamed < 0) throw new Error(`${table}: ${appender.columnCount} cells a row, not ${columns.length}`)
  const types = columns.map((name) => (EVENT_COLUMNS as Record<string, string>)[name])
  for (const row of rows) {
    for (let i = 0; i < row.length; i++) appendCell(appender, row[i] as Cell, types[i])
    for (let i = 0; i < unnamed; i++) appender.appendNull()
    appender.endRow()
  }
  appender.closeSync()
}

function appendCell(appender: DuckDBAppender, cell: Cell, type: string | undefined): void {
  if (cell === null) appender.appendNull()
  else if (typeof cell === 'string') appender.appendVarchar(cell)
  else if (typeof cell === 'boolean') appender.appendBoolean(cell)
  else if (type === 'bigint' || Number.isInteger(cell)) appender.appendBigInt(BigInt(cell))
  else appender.appendDouble(cell)
}

/** One process writes here, so an id is new unless the filter suspected it and the events hold it. */
async function claim(connection: DuckDBConnection, ids: readonly ClaimedId[], windowMs: number): Promise<boolean[]> {
  const suspects = ids.filter((id) => id.suspect)
  const since = suspects.reduce((earliest, id) => Math.min(earliest, id.receivedAt), Infinity) - windowMs
  const taken = suspects.length > 0 ? await lastReceived(connection, suspects, since) : new Map<string, number>()
  return ids.map((id) => {
    const before = taken.get(keyOf(id))
    if (before !== undefined && before >= id.receivedAt - windowMs) return false
    taken.set(keyOf(id), id.receivedAt)
    return true
  })
}

async function known(connection: DuckDBConnection, ids: readonly ClaimedId[], since: number): Promise<number[]> {
  const found = await lastReceived(connection, ids, since)
  return ids.flatMap((id, at) => (found.has(keyOf(id)) ? [at] : []))
}

/** When the ids that were received since a moment came last. */
async function lastReceived(connection: DuckDBConnection, ids: readonly ClaimedId[], since: number): Promise<Map<string, number>> {
  const found = await query<{ project: string; event_id: string; received_at: number }>(
    connection,
    'select project, event_id, max(received_at) as received_at from events where event_id = any($1::text[]) and received_at >= $2 group by project, event_id',
    [ids.map((id) => id.eventId), since],
  )
  return new Map(found.map((row) => [keyOf({ project: row.project, eventId: row.event_id }), row.received_at]))
}

function keyOf(id: { project: string; eventId: string }): string {
  return `${id.project}\n${id.eventId}`
}

/** Two transactions that change one row conflict; the engine asks the later one to try again. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (tries === CONFLICT_TRIES || !(error instanceof Error) || !/conflict/i.test(error.message)) throw error
      // Unevenly, so that the two do not meet again.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * CONFLICT_PAUSE_MS * tries))
    }
  }
}

function inUse(error: unknown, file: string): unknown {
  if (!(error instanceof Error) || !/lock/i.test(error.message)) return error
  return new Fault('unavailable', `Another process has the data file ${file} open. Stop that one first, or give this one its own DATA_DIR.`)
}

function ignoreBusy(error: unknown): void {
  if (!(error instanceof Error) || !/checkpoint/i.test(error.message)) throw error
}
