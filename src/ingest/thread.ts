import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { Fault } from '../core/errors.ts'
import { isUnderWay } from '../store/copy/fill.ts'
import type { ClaimedId } from '../store/engine.ts'
import { EVENTS_CHANGED } from '../store/events.ts'
import { migrate } from '../store/migrations/index.ts'
import { makeMonths, monthsAhead } from '../store/months.ts'
import { type StoreSettings, openEngine } from '../store/open.ts'
import { offer } from '../store/remote.ts'
import type { Asking, Lane, Row, Statement, Value } from '../store/sql.ts'
import { createAliases } from './aliases.ts'
import { fingerprint } from './duplicates.ts'
import { openRecords } from './journal.ts'
import { type Loader, startLoader } from './loader.ts'
import { eventIdsBehind, eventIdsSince, positionOf, versionOf } from './store.ts'

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
  /** Opens the store, brings its schema up to date, starts the loader; gives the engine's traits, its version and the journal's position. */
  async open() {
    const opened = await engine
    const migrated = await migrate(opened)
    if (await isUnderWay(opened)) throw new Fault('unavailable', 'This store is a copy that was cut short, and holds a part only. Run the same migrate-store or restore again to complete it.')
    const position = await positionOf(opened, settings.journalId, Date.now())
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
    return { name: opened.name, version: await versionOf(opened), shared: opened.shared, position, migrated }
  },
  rows: async (text: string, values?: readonly Value[], options?: Asking) => (await engine).rows(text, values, options),
  write: async (statements: readonly Statement[], lane: Lane = 'rows') =>
    (await engine).transaction(lane, async (tx) => {
      const answers = []
      for (const { text, values } of statements) answers.push(await tx.rows(text, values))
      // Last, for other nodes' loaders wait for it.
      if (lane === 'events') await tx.rows(EVENTS_CHANGED)
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
  /** Makes the months that there must be soon. */
  months: async () => makeMonths(await engine, monthsAhead(Date.now())),
  /** How the replicas are. */
  replicas: async () => (await engine).replicas(),
  known: async (ids: readonly ClaimedId[], since: number) => (await engine).known(ids, since),
  /** Tells the fingerprints of all event ids since a moment, in pieces, and ends when they are all told; gives the number up to which they surely are. */
  async recall(since: number) {
    const opened = await engine
    const { head } = await eventIdsBehind(opened, Number.MAX_SAFE_INTEGER)
    for await (const rows of eventIdsSince(opened, since)) tellIds(rows)
    return head
  },
  /** The same for those that came behind a number. */
  async recallBehind(after: number) {
    const { ids, head } = await eventIdsBehind(await engine, after)
    if (ids.length > 0) tellIds(ids)
    return head
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

function tellIds(rows: readonly Row[]): void {
  const prints = new Uint32Array(rows.length * 2)
  rows.forEach((row, at) => prints.set(fingerprint(row.project as string, row.event_id as string), at * 2))
  tell({ told: 'ids', prints })
}

offer(port as never, offers as never)
