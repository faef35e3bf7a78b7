import { iso } from '../core/time.ts'
import { type Journal, readRecord } from '../ingest/index.ts'
import { pauseAfter } from './backoff.ts'
import { keepRefused } from './dead-letters.ts'
import type { EdgeMetrics } from './metrics.ts'
import type { Origin, Sent } from './origin.ts'

/** What one request carries at most, well within what the origin takes. */
const MOST_EVENTS = 500
const MOST_BYTES = 1024 * 1024

/** Time as the edge knows it; tests let it run faster. */
export interface Clock {
  now(): number
  /** Ends after so many ms, or as soon as the signal is given. */
  pause(ms: number, signal: AbortSignal): Promise<void>
}

/** Where the sending is, and how to end it. */
export interface Sender {
  /** So many events more are in the journal. */
  wake(events: number): void
  /** Since when the oldest event waits, UTC ms; null when none does. */
  readonly oldestAt: number | null
  /** Sends what waits, as far as the origin takes it within `ms`, and ends. What is left stays in the journal. */
  drain(ms: number): Promise<void>
}

/** What a sender is made of. */
export interface SenderParts {
  journal: Journal
  origin: Origin
  /** Where dead letters go. */
  folder: string
  batchEvents: number
  batchWaitMs: number
  clock: Clock
  random: () => number
  metrics: EdgeMetrics
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void }
}

/** A place in the journal: behind the record `seq`, with so many events of the next one sent already. */
interface Place {
  seq: number
  events: number
}

/**
 * The other loader: moves the journal to the origin, in order, in batches. A record goes when all of its events were answered for; so
 * whatever moment the process dies in, the next start sends again what may not have arrived, and the events' own ids keep it from counting twice.
 */
export function startSender(parts: SenderParts): Sender {
  const { journal, clock, batchEvents, batchWaitMs, metrics, log } = parts
  const first = firstOf(journal)
  let place: Place = { seq: first - 1, events: 0 }
  let waiting = 0
  // What the last process left has waited long enough.
  let oldestAt: number | null = first <= journal.head ? clock.now() - batchWaitMs : null
  let failures = 0
  let closing = false
  let ended = false
  let signal = new AbortController()

  const awake = (): void => {
    signal.abort()
    signal = new AbortController()
  }

  const run = async (): Promise<void> => {
    while (!closing) {
      const due = oldestAt === null ? Number.POSITIVE_INFINITY : oldestAt + batchWaitMs - clock.now()
      if (waiting < batchEvents && due > 0) await clock.pause(Math.min(due, batchWaitMs), signal.signal)
      else await step()
    }
  }

  /** One batch, or a pause after one that did not go. */
  const step = async (): Promise<void> => {
    const startedAt = clock.now()
    const { events, next } = batchAt(parts, place)
    const told = events.length === 0 ? 'done' : await deliver(parts, events)
    if (ended) return
    if (told === 'done') {
      if (failures > 0) log.info({ failures }, 'the origin takes clicks again')
      failures = 0
      place = next
      journal.loaded(place.seq)
      const behind = place.seq < journal.head
      waiting = behind ? Math.max(0, waiting - events.length) : 0
      // What came while a batch that took all was under way is no older than it; behind a full one lies more of the same age.
      oldestAt = behind ? (events.length < MOST_EVENTS ? startedAt : oldestAt) : null
      return
    }
    failures++
    const pause = pauseAfter(failures, told.told, parts.random)
    if (failures === 1) log.warn({ why: told.why }, 'the origin does not take clicks; they wait in the journal')
    if (!closing) await clock.pause(pause, ending.signal)
  }

  // Not even a full batch cuts a pause short that the origin asked for: only the end does.
  const ending = new AbortController()
  const running = run()

  return {
    wake(events) {
      waiting += events
      oldestAt ??= clock.now()
      if (waiting >= batchEvents || waiting === events) awake()
    },
    get oldestAt() {
      return oldestAt
    },
    async drain(ms) {
      closing = true
      ending.abort()
      awake()
      const until = performance.now() + ms
      await Promise.race([running, new Promise((resolve) => setTimeout(resolve, ms).unref())])
      // One failure is enough: who is ended has no time for the origin to come back.
      failures = 0
      while (performance.now() < until && failures === 0 && place.seq < journal.head) {
        await Promise.race([step(), new Promise((resolve) => setTimeout(resolve, until - performance.now()).unref())])
      }
      ended = true
    },
  }

  function firstOf(from: Journal): number {
    for (const { seq } of from.read(1)) return seq
    return from.head + 1
  }

  /** Sends events until each was answered for; where the batch as a whole is not liked, half of it at a time. */
  async function deliver(world: SenderParts, events: readonly string[]): Promise<'done' | Extract<Sent, { kind: 'later' }>> {
    const sent = await world.origin.send(events)
    metrics.batch(sent.kind)
    if (sent.kind === 'later') return sent
    if (sent.kind === 'taken') {
      metrics.event('stored', sent.successful - sent.duplicates)
      metrics.event('duplicate', sent.duplicates)
      return bury(sent.errors.map(({ index, field, error }) => ({ event: events[index] as string, field, error })))
    }
    if (events.length === 1) return bury([{ event: events[0] as string, field: 'event', error: sent.why }])
    const half = Math.ceil(events.length / 2)
    const one = await deliver(world, events.slice(0, half))
    return one === 'done' ? deliver(world, events.slice(half)) : one
  }

  async function bury(refused: Parameters<typeof keepRefused>[1]): Promise<'done' | Extract<Sent, { kind: 'later' }>> {
    if (refused.length === 0) return 'done'
    metrics.event('refused', refused.length)
    log.warn({ events: refused.length, field: refused[0]?.field, error: refused[0]?.error }, 'the origin refused clicks; they are in the dead letters')
    return keepRefused(parts.folder, refused, iso(clock.now())).then(
      () => 'done' as const,
      (error: unknown) => ({ kind: 'later' as const, why: (error as Error).message, told: null }),
    )
  }
}

/** The events behind a place, as far as one request goes, and the place behind them. */
function batchAt({ journal, log }: SenderParts, from: Place): { events: string[]; next: Place } {
  const events: string[] = []
  let bytes = 0
  let next = from
  for (const { seq, record } of journal.read(from.seq + 1)) {
    const all = eventsIn(record, log)
    for (let at = seq === from.seq + 1 ? from.events : 0; at < all.length; at++) {
      const text = all[at] as string
      if (events.length >= MOST_EVENTS || (events.length > 0 && bytes + text.length > MOST_BYTES)) return { events, next }
      events.push(text)
      bytes += text.length
      next = { seq: seq - 1, events: at + 1 }
    }
    next = { seq, events: 0 }
    if (events.length >= MOST_EVENTS) break
  }
  return { events, next }
}

/** The events of a record, each as its JSON. A damaged one is told of and left behind: those after it go on. */
function eventsIn(record: Buffer, log: SenderParts['log']): string[] {
  try {
    return readRecord(record).events
  } catch (error) {
    log.warn({ bytes: record.length, why: (error as Error).message }, 'a record of the journal cannot be read; its clicks are lost')
    return []
  }
}
