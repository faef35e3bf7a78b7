import { Fault } from '../core/errors.ts'
import { insertAnswer } from '../store/answers.ts'
import type { Cell, ClaimedId, Engine, Transaction } from '../store/engine.ts'
import { EVENT_COLUMN_NAMES, STORED_COLUMN_NAMES } from '../store/events.ts'
import { createMonthMaker } from '../store/months.ts'
import type { Aliases } from './aliases.ts'
import { type DeadLetter, type Group, decodeGroup } from './record.ts'
import { lockPosition, setPosition, takeNumbers } from './store.ts'

/** What one transaction loads at most; larger groups cost less an event, smaller ones are readable sooner. */
const LOAD_EVENTS = 10_000
const LOAD_BYTES = 8 * 1024 * 1024
/** A commit costs some milliseconds whatever its size, so few events wait this long for more, unless somebody asks. */
const GATHER_EVENTS = 10_000
const GATHER_MS = 100
const RETRY_FIRST_MS = 100
const RETRY_MAX_MS = 5_000
/** The store gets its quiet moment after this long without an event. */
const IDLE_MS = 1_000

const ID = EVENT_COLUMN_NAMES.indexOf('id')
const PROJECT = EVENT_COLUMN_NAMES.indexOf('project')
const EVENT_ID = EVENT_COLUMN_NAMES.indexOf('event_id')
const RECEIVED_AT = EVENT_COLUMN_NAMES.indexOf('received_at')
const SEQ = STORED_COLUMN_NAMES.indexOf('seq')
const DEAD_LETTER_COLUMNS = ['id', 'received_at', 'family', 'project', 'reason', 'field', 'error', 'original', 'replayed_at'] as const

/** The journal as the loader reads it: records by ascending number, from one on. */
export interface Records {
  read(from: number): Iterable<{ seq: number; record: Buffer }>
}

/** What the loader tells of its work. */
export interface LoaderEvents {
  /** All records up to `seq` are committed; with how many events, how many of them were duplicates, in how long. */
  loaded(seq: number, events: number, duplicates: number, seconds: number): void
  /** The store went away or came back, with what it said. */
  away(reason: string | null): void
  /** A record could not be loaded and its events became dead letters. */
  poisoned(events: number, reason: string): void
}

/** Moves the journal into the store, in order, each record exactly once. */
export interface Loader {
  /** There are records up to `seq`, with so many events more than at the last call. */
  wake(seq: number, events: number): void
  /** Somebody waits for what there is: load it now. */
  hurry(): void
  readonly position: number
  /** Ends after the transaction under way. */
  stop(): Promise<void>
}

/**
 * Starts a loader after `position`. Events, dead letters, answers and the journal's position are one transaction, so
 * whatever moment the process dies in, the next start goes on exactly behind what is stored.
 */
export function startLoader(options: {
  engine: Engine
  records: Records
  journalId: string
  position: number
  windowMs: number
  aliases: Aliases
  now: () => number
  tell: LoaderEvents
}): Loader {
  const { engine, tell } = options
  const makeMonths = createMonthMaker(engine, options.now)
  let position = options.position
  let head = position
  let running: Promise<void> | null = null
  let stopped = false
  let away = false
  let waiting = 0
  let hurried = false
  let gathered: (() => void) | null = null
  let idle: NodeJS.Timeout | null = null
  let endPause: () => void = () => undefined

  const gather = (): Promise<void> | void => {
    if (hurried || stopped || waiting >= GATHER_EVENTS) return
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, GATHER_MS)
      gathered = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  const run = async (): Promise<void> => {
    let pause = RETRY_FIRST_MS
    while (position < head && !stopped) {
      await gather()
      gathered = null
      hurried = false
      const start = performance.now()
      try {
        const batch = nextBatch(options.records, position)
        if (batch.last === position) break
        await makeMonths(receivedAt(batch))
        const { stored, duplicates, at } = await load(engine, options, batch)
        if (away) tell.away(null)
        away = false
        pause = RETRY_FIRST_MS
        waiting = Math.max(0, waiting - batch.events.length)
        position = at
        tell.loaded(position, stored, duplicates, (performance.now() - start) / 1000)
      } catch (error) {
        if (!away) tell.away(reasonOf(error))
        away = true
        await new Promise<void>((resolve) => {
          endPause = resolve
          setTimeout(resolve, pause)
        })
        pause = Math.min(pause * 2, RETRY_MAX_MS)
      }
    }
    running = null
    rest()
  }
  /** Gives the store its quiet moment, as often as it takes: others may write just then. */
  const rest = (): void => {
    if (stopped || running) return
    if (idle) clearTimeout(idle)
    idle = setTimeout(() => void engine.idle().then((done) => void (done || rest()), () => undefined), IDLE_MS)
  }

  return {
    wake(seq, events) {
      head = Math.max(head, seq)
      waiting += events
      if (waiting >= GATHER_EVENTS) gathered?.()
      if (running || stopped || position >= head) return
      if (idle) clearTimeout(idle)
      running = run()
    },
    hurry() {
      hurried = true
      gathered?.()
    },
    get position() {
      return position
    },
    async stop() {
      stopped = true
      gathered?.()
      endPause()
      if (idle) clearTimeout(idle)
      await running
    },
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message} ${error.cause.message}` : error.message
}

/** Records behind `after` and up to `last`. */
type Batch = Group & { after: number; last: number }

function nextBatch(records: Records, after: number): Batch {
  const batch: Batch = { after, last: after, events: [], deadLetters: [], answers: [] }
  let bytes = 0
  for (const { seq, record } of records.read(after + 1)) {
    const group = decodeGroup(record)
    for (const cells of group.events) batch.events.push(cells)
    batch.deadLetters.push(...group.deadLetters)
    batch.answers.push(...group.answers)
    batch.last = seq
    bytes += record.length
    if (batch.events.length >= LOAD_EVENTS || bytes >= LOAD_BYTES) break
  }
  return batch
}

function* receivedAt({ events }: Batch): Iterable<number> {
  for (const cells of events) yield cells[RECEIVED_AT] as number
}

type LoadOptions = Parameters<typeof startLoader>[0]

/** What came of a batch: how many of its events were stored, how many not, and where the store stands now. */
interface Loaded {
  stored: number
  duplicates: number
  at: number
}

/** Loads a batch. A row the store refuses becomes a dead letter; its neighbours go in. */
async function load(engine: Engine, options: LoadOptions, batch: Batch): Promise<Loaded> {
  try {
    return await commit(engine, options, batch)
  } catch (error) {
    if (error instanceof Fault && error.code === 'unavailable') throw error
    const sound: Cell[][] = []
    const refused: DeadLetter[] = []
    for (const cells of batch.events) {
      const reason = await refusal(engine, cells)
      if (reason === null) sound.push(cells)
      else refused.push(letterOf(cells, reason))
    }
    if (refused.length === 0) throw error
    options.tell.poisoned(refused.length, refused[0]?.error ?? '')
    const rest = { ...batch, events: sound, deadLetters: [...batch.deadLetters, ...refused] }
    return commit(engine, options, rest)
  }
}

async function commit(engine: Engine, options: LoadOptions, batch: Batch): Promise<Loaded> {
  const { remember, ...loaded } = await engine.transaction('events', (tx) => store(tx, options, batch))
  remember()
  return loaded
}

async function store(tx: Transaction, { engine, journalId, windowMs, now, aliases }: LoadOptions, batch: Batch): Promise<Loaded & { remember: () => void }> {
  const at = await lockPosition(tx, engine.dialect, journalId)
  // An earlier commit went through although nobody said so; or another database has taken over, which lacks some.
  if (at !== batch.after) return { stored: 0, duplicates: 0, at, remember: () => undefined }
  const events = await fresh(tx, batch.events, windowMs)
  if (events.length > 0) {
    const first = await takeNumbers(tx, events.length)
    events.forEach((cells, nth) => (cells[SEQ] = first + nth))
    await tx.append('events', STORED_COLUMN_NAMES, events)
  }
  await tx.append('dead_letters', DEAD_LETTER_COLUMNS, batch.deadLetters.map(lettersCells))
  for (const answer of batch.answers) await insertAnswer(tx, answer, windowMs)
  await setPosition(tx, journalId, batch.last, now())
  return { stored: events.length, duplicates: batch.events.length - events.length, at: batch.last, remember: await aliases.note(tx, events, now()) }
}

/** The events without those whose client id the store already has in the window before they came, however long they lay in the journal. */
async function fresh(tx: Transaction, events: Cell[][], windowMs: number): Promise<Cell[][]> {
  const claimed: ClaimedId[] = []
  const rows: Cell[][] = []
  for (const cells of events) {
    const eventId = cells[EVENT_ID] as string | null
    if (eventId === null) continue
    claimed.push({ project: cells[PROJECT] as string, eventId, receivedAt: cells[RECEIVED_AT] as number, suspect: cells.length > EVENT_COLUMN_NAMES.length })
    rows.push(cells)
  }
  const isNew = await tx.claim(claimed, windowMs)
  const repeated = new Set(rows.filter((_, at) => !isNew[at]))
  return repeated.size > 0 ? events.filter((cells) => !repeated.has(cells)) : events
}

const TRIAL = Symbol('trial')

/** Why the store refuses a row, by trying it in a transaction that is rolled back; null when it takes it. */
async function refusal(engine: Engine, cells: Cell[]): Promise<string | null> {
  try {
    await engine.transaction('events', async (tx) => {
      await tx.append('events', STORED_COLUMN_NAMES, [[...cells.slice(0, SEQ), null]])
      throw TRIAL
    })
  } catch (error) {
    if (error === TRIAL) return null
    if (error instanceof Fault && error.code === 'unavailable') throw error
    return error instanceof Error ? error.message : String(error)
  }
  return null
}

function letterOf(cells: Cell[], error: string): DeadLetter {
  const event = Object.fromEntries(EVENT_COLUMN_NAMES.map((name, at) => [name, cells[at]]))
  return {
    id: cells[ID] as string,
    received_at: cells[RECEIVED_AT] as number,
    family: 'store',
    project: cells[PROJECT] as string,
    reason: 'store_refused',
    field: null,
    error,
    original: JSON.stringify(event),
  }
}

function lettersCells(letter: DeadLetter): Cell[] {
  return [letter.id, letter.received_at, letter.family, letter.project, letter.reason, letter.field, letter.error, letter.original, null]
}
