import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import type { ClaimedId } from '../store/engine.ts'
import { migrate } from '../store/migrations/index.ts'
import { type StoreSettings, openEngine } from '../store/open.ts'
import { offer } from '../store/remote.ts'
import type { Lane, Statement, Value } from '../store/sql.ts'
import { createAliases } from './aliases.ts'
import { fingerprint } from './duplicates.ts'
import { openRecords } from './journal.ts'
import { type Loader, startLoader } from './loader.ts'
import { eventIdsSince, positionOf } from './store.ts'

/** What the store's thread is started with. */
export interface ThreadSettings {
  store: StoreSettings
  journalFolder: string
  journalId: string
  windowMs: number
}

/** What the thread tells unasked. */
export type Tidings =
  | { told: 'loaded'; seq: number; events: number; duplicates: number; seconds: number }
  | { told: 'away'; reason: string | null }
  | { told: 'poisoned'; events: number; reason: string }
  | { told: 'ids'; prints: Uint32Array }

/** What the thread can be asked, beside the SQL of `store/remote.ts`. */
export type StoreThread = typeof offers

// On Linux this is this thread's priority alone: whoever waits for an answer comes before what is loaded behind it.
setPriority(0, 5)

const port = parentPort
if (!port) throw new Error('thread.ts runs as a worker')
const settings = workerData as ThreadSettings
const tell = (tidings: Tidings): void => port.postMessage(tidings)

const engine = openEngine(settings.store)
// A failed opening is told to whoever calls `open`; without a handler here it would end the thread first.
engine.catch(() => undefined)
let loader: Loader | null = null
const aliases = createAliases()

const offers = {
  /** Opens the store, brings its schema up to date, starts the loader; gives the engine's traits and the journal's position. */
  async open() {
    const opened = await engine
    const migrated = await migrate(opened)
    const position = await positionOf(opened, settings.journalId)
    const records = openRecords(settings.journalFolder)
    loader = startLoader({
      engine: opened,
      records: {
        *read(from) {
          for (const { key, value } of records.getRange({ start: from, end: Number.MAX_SAFE_INTEGER })) yield { seq: key as number, record: value as Buffer }
        },
      },
      journalId: settings.journalId,
      position,
      windowMs: settings.windowMs,
      aliases,
      now: Date.now,
      tell: {
        loaded: (seq, events, duplicates, seconds) => tell({ told: 'loaded', seq, events, duplicates, seconds }),
        away: (reason) => tell({ told: 'away', reason }),
        poisoned: (events, reason) => tell({ told: 'poisoned', events, reason }),
      },
    })
    return { name: opened.name, shared: opened.shared, position, migrated }
  },
  rows: async (text: string, values?: readonly Value[], options?: { timeoutMs?: number }) => (await engine).rows(text, values, options),
  write: async (statements: readonly Statement[], lane: Lane = 'rows') =>
    (await engine).transaction(lane, async (tx) => {
      const answers = []
      for (const { text, values } of statements) answers.push(await tx.rows(text, values))
      return answers
    }),
  /** The journal holds records up to `seq`, with so many events more. */
  wake(seq: number, events: number) {
    loader?.wake(seq, events)
  },
  /** Somebody waits for what the journal holds. */
  hurry() {
    loader?.hurry()
  },
  known: async (ids: readonly ClaimedId[], since: number) => (await engine).known(ids, since),
  /** Tells the fingerprints of all event ids since a moment, in pieces, and ends when they are all told. */
  async recall(since: number) {
    for await (const rows of eventIdsSince(await engine, since)) {
      const prints = new Uint32Array(rows.length * 2)
      rows.forEach((row, at) => prints.set(fingerprint(row.project as string, row.event_id as string), at * 2))
      tell({ told: 'ids', prints })
    }
  },
  /** Lets go of what is remembered of people, and has the engine do so with what was taken from its rows. */
  async forget() {
    aliases.forget()
    await (await engine).idle()
  },
  /** Ends the loader after its transaction, and closes the store. */
  async close() {
    await loader?.stop()
    await (await engine).close()
  },
}

offer(port as never, offers as never)
