import type { Dialect } from './dialect.ts'
import type { ReplicaState } from './replicas.ts'
import type { Asking, Lane, Row, Value } from './sql.ts'

/** A client's event id, as the store knows it. `suspect`: it may have come before, so the store must look. */
export interface ClaimedId {
  project: string
  eventId: string
  receivedAt: number
  suspect: boolean
}

/** A transaction on the store. Await nothing else while one is open. */
export interface Transaction {
  rows<T = Row>(text: string, values?: readonly Value[]): Promise<T[]>
  /** Adds rows by the engine's fastest way; `rows[i][j]` belongs to `columns[j]`, which are the table's first ones. */
  append(table: string, columns: readonly string[], rows: readonly (readonly Cell[])[]): Promise<void>
  /** Says for each id whether it is new in the `windowMs` before it was received, and takes it. */
  claim(ids: readonly ClaimedId[], windowMs: number): Promise<boolean[]>
}

/** One cell of an appended row. */
export type Cell = string | number | boolean | null

/** A store engine, living in the store's thread. */
export interface Engine {
  readonly name: 'duckdb' | 'postgres'
  /** Whether other processes may write to the same data. */
  readonly shared: boolean
  readonly dialect: Dialect
  rows<T = Row>(text: string, values?: readonly Value[], options?: Asking): Promise<T[]>
  /** Streams a large answer in chunks, without holding it whole. */
  stream(text: string, values?: readonly Value[]): AsyncIterable<Row[]>
  /** Commits what `work` did, or nothing. Work may run again after a conflict between transactions. */
  transaction<T>(lane: Lane, work: (tx: Transaction) => Promise<T>): Promise<T>
  /** Which of these ids were stored since `since` (ms): the answer holds their indexes. */
  known(ids: readonly ClaimedId[], since: number): Promise<number[]>
  /** A moment without load: the time for housekeeping such as a checkpoint. False: others were writing, so ask again. */
  idle(): Promise<boolean>
  /** How the replicas are from which reports are read; the embedded engine has none. */
  replicas(): ReplicaState[]
  close(): Promise<void>
}
