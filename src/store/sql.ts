/** Row writes and event loads each have a lane, so that neither waits for the other's commit. */
export type Lane = 'rows' | 'events'

/** What a parameter may be. Times are UTC milliseconds; JSON goes in as text. */
export type Value = string | number | boolean | null | readonly string[] | readonly number[]

/** One row of an answer, by column name. Bigints come back as numbers, JSON as text, on both engines. */
export type Row = Record<string, unknown>

/** One SQL statement with its parameters `$1`, `$2`, … */
export interface Statement {
  text: string
  values?: readonly Value[]
}

/** How a question is asked. With a time-out it is a report, and ends after so many ms. */
export interface Asking {
  timeoutMs?: number
  /** A replica may answer that holds the events up to this state (`EVENTS_STATE`). */
  holds?: number
}

/** What a room may ask of the store. The same text runs on every engine. */
export interface Sql {
  /** Runs one statement and gives its rows. Throws Fault 'unavailable' when the store is away or takes too long. */
  rows<T = Row>(text: string, values?: readonly Value[], options?: Asking): Promise<T[]>
  /**
   * Runs statements in one transaction, all or nothing, and gives the rows of each. Throws Fault 'conflict' on a taken key.
   * What changes events takes turns with their loading, in the lane of the `events`.
   */
  write(statements: readonly Statement[], lane?: Lane): Promise<Row[][]>
}
