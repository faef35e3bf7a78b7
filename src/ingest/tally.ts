import type { Family } from './event.ts'
import type { DropReason } from './pipeline.ts'

const EVERY_MS = 10_000

/** Why an event that somebody meant to be kept was not. The other reasons are no fault: they are told with what was captured. */
const FAULTS: ReadonlySet<DropReason> = new Set<DropReason>(['invalid', 'unknown_link', 'journal_full', 'journal_failed', 'store_refused'])

/** What the log is told of. */
export interface TallyLog {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** Events as the log tells of them. */
export interface Tally {
  captured(family: Family, count: number): void
  dropped(family: Family, reason: DropReason, count: number): void
  /** Tells what is untold, now. */
  tell(): void
}

type Counts = Record<string, Record<string, number>>

/**
 * Writes each capture at debug, and once in 10 seconds what has come: captures as one line at info, what was refused or
 * lost as one at warn, by family and reason. Nothing comes, nothing is written.
 */
export function createTally(log: TallyLog): Tally {
  let events: Counts = {}
  let faults: Counts = {}
  let timer: NodeJS.Timeout | null = null

  const tell = (): void => {
    if (timer === null) return
    clearTimeout(timer)
    timer = null
    if (Object.keys(events).length > 0) log.info({ events }, 'events captured')
    if (Object.keys(faults).length > 0) log.warn({ events: faults }, 'events refused')
    events = {}
    faults = {}
  }
  const add = (counts: Counts, family: Family, word: string, count: number): void => {
    const of = (counts[family] ??= {})
    of[word] = (of[word] ?? 0) + count
    timer ??= setTimeout(tell, EVERY_MS).unref()
  }

  return {
    captured(family, count) {
      if (count === 0) return
      log.debug({ family, events: count }, 'captured')
      add(events, family, 'captured', count)
    },
    dropped: (family, reason, count) => add(FAULTS.has(reason) ? faults : events, family, reason, count),
    tell,
  }
}
