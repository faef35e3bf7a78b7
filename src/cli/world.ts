import type { Adopter, Ingest, Reader } from '../ingest/index.ts'
import type { Engine } from '../store/engine.ts'
import type { StorePlace } from '../store/open.ts'
import type { Sql } from '../store/sql.ts'

/** An answer of the API. */
export interface Answered {
  status: number
  body: unknown
}

/** Asks the API: of a server, or of the rooms opened for this command alone. A text is sent as CSV, all else as JSON. */
export type Ask = (method: string, path: string, body?: object | string) => Promise<Answered>

/** The rooms, opened for one command: whoever asks them is the operator, and nobody else can. */
export interface Opened {
  ask: Ask
  sql: Sql
  ingest: Ingest
  /** Steps that the schema took at this opening. */
  migrated: readonly string[]
  read: { click: Reader; capture: Reader; event: Reader }
  adopt: { link: Adopter; project: Adopter }
  /** Ends when the store holds everything that was recorded. */
  settled(): Promise<void>
  close(): Promise<void>
}

/** A store without the rooms on it, for what reads or writes all of it. */
export interface OpenedStore {
  engine: Engine
  /** Where the secrets lie that were made for it. */
  dataDir: string
  close(): Promise<void>
}

/** One thing that `doctor` has looked at. `advice` says what to do where it is not well. */
export interface Finding {
  what: string
  state: 'well' | 'unused' | 'unwell'
  found: string
  advice?: string
}

/** Where a command writes to. */
export interface Terminal {
  write(text: string): unknown
  isTTY?: boolean | undefined
  columns?: number | undefined
}

/** What the world gives the commands; the rooms on the right of this one come as functions. */
export interface CliWorld {
  version: string
  out: Terminal
  err: Terminal
  /** All of standard input. */
  input(): Promise<string>
  /** Runs the server until it is told to end; fills a store that nobody has used where `demo` says so. */
  serve(options: { demo: boolean }): Promise<void>
  /** Runs the edge redirector until it is told to end. */
  edge(): Promise<void>
  /** Opens the rooms on the settings' store. Throws Fault 'unavailable' where a server has the store open. */
  open(): Promise<Opened>
  /** Opens the settings' store to be read whole, with all that was acknowledged in it; a copy of it where a server has it open. */
  read(): Promise<OpenedStore>
  /** Opens the settings' store, or another one, to be filled. */
  fill(place?: StorePlace): Promise<OpenedStore>
  /** Opens another store to be read whole and left. What its journal holds is loaded first. Throws FolderHeld where its server runs here. */
  leave(place: StorePlace): Promise<OpenedStore>
  /** Looks at everything a server needs, one after the other. */
  examine(): AsyncIterable<Finding>
}

/** A command that cannot go on: the sentence is for people. `code`: what the process ends with. */
export class Refused extends Error {
  readonly code: number

  constructor(sentence: string, code = 1) {
    super(sentence)
    this.code = code
  }
}
