import { Fault } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import { clip, wellFormed } from '../core/text.ts'
import type { GivenAnswer } from '../store/answers.ts'
import type { ClaimedId } from '../store/engine.ts'
import type { IdFilter } from './duplicates.ts'
import type { Draft, Event, Family } from './event.ts'
import type { Journal } from './journal.ts'
import type { IngestMetrics } from './metrics.ts'
import { type DropReason, type PipelineWorld, encodeEvent, toEvent } from './pipeline.ts'
import type { Progress } from './progress.ts'
import type { Part } from './record.ts'

/** Dead letters keep this much of what was sent: all of it, since no body is larger. */
const ORIGINAL_MAX = 2 * 1024 * 1024
/** How long a suspected duplicate waits for the loader before it is taken in unlooked; the loader looks again. */
const LOOK_UP_WAIT_MS = 15_000
/** A store that has committed nothing for this long is away, whether or not it says so; its next commit brings it back. */
const STORE_WAIT_MS = 4_000

/** When a write is answered: after the journal's flush, or after the store's commit. */
export type Ack = 'journal' | 'store'

/** What became of a draft. */
export interface Outcome {
  id: string
  duplicate: boolean
}

/** An event a door turned away. */
export interface Refusal {
  family: Family
  project: string
  reason: DropReason
  field: string | null
  error: string
  /** What the sender wrote, as text. */
  original: string
}

/** What the pipeline is made of. */
export interface IngestParts {
  journal: Journal
  progress: Progress
  filter: IdFilter
  /** Looks ids up in the store exactly: the indexes of those stored since a moment. */
  known: (ids: ClaimedId[], since: number) => Promise<number[]>
  world: PipelineWorld
  metrics: IngestMetrics
  windowMs: number
  ack: Ack
  recordWaitMs: number
  now: () => number
}

/** The one way in for every event of every family. */
export class Ingest {
  readonly #parts: IngestParts
  /** Set once the filter holds the window's ids; until then every id is looked up. */
  recalled = false

  constructor(parts: IngestParts) {
    this.#parts = parts
  }

  /**
   * Makes drafts and refusals durable and says what became of each draft, in order. `answer`, where given, is journalled
   * with them: it makes the request's stored answer out of the outcomes. Throws Fault 'unavailable' when the journal
   * cannot take them; then nothing is acknowledged and the whole request may be repeated.
   */
  async record(drafts: readonly Draft[], refusals: readonly Refusal[] = [], answer?: (outcomes: Outcome[]) => GivenAnswer): Promise<Outcome[]> {
    const { outcomes, seq } = await this.#journal(drafts, refusals, answer)
    if (this.#parts.ack === 'store') await this.#stored(seq)
    return outcomes
  }

  /** Records a draft whose visitor is waiting: ends after the flush, or after `RECORD_WAIT_MS`; never throws. */
  recordSoon(draft: Draft): Promise<void> {
    const { metrics, recordWaitMs } = this.#parts
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        metrics.late(draft.family)
        resolve()
      }, recordWaitMs)
      const end = (): void => {
        clearTimeout(timer)
        resolve()
      }
      this.#journal([draft], []).then(end, (error: unknown) => {
        metrics.unrecorded(draft.family, error instanceof Fault && error.cause === undefined ? 'journal_full' : 'journal_failed')
        end()
      })
    })
  }

  /** Whether the store takes nothing at the moment, so that whoever can do without an answer need not ask. */
  get storeAway(): boolean {
    return this.#parts.progress.away
  }

  /** Counts an event that is not recorded, for a reason of the closed list. */
  drop(family: Family, reason: DropReason): void {
    this.#parts.metrics.dropped(family, reason, 1)
  }

  /** Ends when the store holds all that was acknowledged before; throws Fault 'unavailable' when that takes too long. */
  async settled(timeoutMs: number): Promise<void> {
    const { journal, progress } = this.#parts
    if (!(await progress.passed(journal.head, timeoutMs, false))) {
      throw new Fault('unavailable', 'The store has not yet taken in all events. Try again soon.', { retryAfterSeconds: 2 })
    }
  }

  async #journal(drafts: readonly Draft[], refusals: readonly Refusal[], answer?: (outcomes: Outcome[]) => GivenAnswer): Promise<{ outcomes: Outcome[]; seq: number }> {
    const { journal, metrics, now } = this.#parts
    const receivedAt = now()
    const part: Part = { events: [], deadLetters: [], bytes: 0 }
    const suspects: { at: number; event: Event }[] = []
    const outcomes: Outcome[] = []
    for (const draft of drafts) {
      const event = toEvent(draft, receivedAt, this.#parts.world)
      outcomes.push({ id: event.id, duplicate: false })
      const suspect = this.#suspect(event, receivedAt)
      // What is kept is new, and its ids are the loader's to judge, by the time at which it came.
      if (draft.kept) push(part, 'events', encodeEvent(event, event.event_id !== null))
      else if (suspect) suspects.push({ at: outcomes.length - 1, event })
      else push(part, 'events', encodeEvent(event, false))
    }
    for (const refusal of refusals) push(part, 'deadLetters', letter(refusal, receivedAt))

    let seq: number
    if (suspects.length === 0) {
      if (answer) part.answer = JSON.stringify(answer(outcomes))
      seq = await journal.append(part)
    } else {
      // What came before, even in the same moment, is loaded before the look-up: an empty part marks the place.
      const before = await journal.append(part)
      const rest = await this.#lookUp(suspects, outcomes, before, receivedAt)
      if (answer) rest.answer = JSON.stringify(answer(outcomes))
      seq = rest.events.length > 0 || rest.answer ? await journal.append(rest) : before
    }
    this.#count(drafts, refusals, outcomes, metrics)
    return { outcomes, seq }
  }

  async #stored(seq: number): Promise<void> {
    const { progress } = this.#parts
    if (!(await progress.passed(seq, STORE_WAIT_MS))) progress.setAway(true)
  }

  #suspect(event: Event, now: number): boolean {
    if (event.event_id === null) return false
    return this.#parts.filter.suspectOrAdd(event.project, event.event_id, now) || !this.recalled
  }

  /** Tells true repeats among suspects, marks them in the outcomes, and gives the part of those that are new. */
  async #lookUp(suspects: { at: number; event: Event }[], outcomes: Outcome[], before: number, receivedAt: number): Promise<Part> {
    const { progress, known, windowMs } = this.#parts
    const ids = suspects.map(({ event }) => ({ project: event.project, eventId: event.event_id as string, receivedAt, suspect: true }))
    const loaded = await progress.passed(before, LOOK_UP_WAIT_MS)
    // With the store away nothing can be looked up: they are taken in, and the loader stores each once.
    const looked = loaded ? known(ids, receivedAt - windowMs).catch(() => []) : []
    const repeats = new Set(await Promise.race([looked, inVain(LOOK_UP_WAIT_MS)]))
    const part: Part = { events: [], deadLetters: [], bytes: 0 }
    const taken = new Set<string>()
    suspects.forEach(({ at, event }, i) => {
      const key = `${event.project}\n${event.event_id}`
      if (repeats.has(i) || taken.has(key)) (outcomes[at] as Outcome).duplicate = true
      else push(part, 'events', encodeEvent(event, true))
      taken.add(key)
    })
    return part
  }

  #count(drafts: readonly Draft[], refusals: readonly Refusal[], outcomes: readonly Outcome[], metrics: IngestMetrics): void {
    const family = drafts[0]?.family
    if (family) {
      let duplicates = 0
      for (const outcome of outcomes) if (outcome.duplicate) duplicates++
      metrics.captured(family, drafts.length - duplicates)
      if (duplicates > 0) metrics.dropped(family, 'duplicate', duplicates)
    }
    for (const refusal of refusals) metrics.dropped(refusal.family, refusal.reason, 1)
  }
}

/** Nothing found, once that has taken too long. */
function inVain(ms: number): Promise<number[]> {
  return new Promise((resolve) => setTimeout(() => resolve([]), ms).unref())
}

function push(part: Part, kind: 'events' | 'deadLetters', text: string): void {
  part[kind].push(text)
  part.bytes += text.length
}

function letter(refusal: Refusal, receivedAt: number): string {
  return JSON.stringify({
    id: newId(),
    received_at: receivedAt,
    family: refusal.family,
    project: refusal.project,
    reason: refusal.reason,
    field: refusal.field,
    error: wellFormed(refusal.error),
    original: wellFormed(clip(refusal.original, ORIGINAL_MAX)),
  })
}
