import { LRUCache } from 'lru-cache'
import type { Row, Statement } from '../store/sql.ts'

/** Rows that are kept at most, over all answers. */
const ROWS = 100_000
/** One answer may take a tenth of them: nobody asks for a large one twice. */
const ROWS_AN_ANSWER = ROWS / 10

/** Asks a statement of a store that holds a state, at least. */
type Ask = (statement: Statement, holds: number) => Promise<Row[]>

/** An answer, and what the store was like when its question was asked. */
interface Kept {
  askedAt: number
  state: number
  rows: Row[]
}

/** Gives an answer; with `fresh` none that is older than the question. */
export type Cached = (statement: Statement, fresh?: boolean) => Promise<Row[]>

/**
 * Gives an answer again as long as the store is as it was, and to all who wait for it. What was acknowledged before a
 * question is in its answer all the same: the state is read behind it, and whoever asks while the same question is under
 * way on an older state waits for the next run, which begins afterwards; so of one question never more than one runs.
 * With `ms` above 0, an answer is also given when the store has changed, until its question is that old. Failures are not kept.
 *
 * @param options.state ends when the store holds all that was acknowledged, and gives a number that grows with every change of what reports are made of
 * @param options.now a monotonic clock in ms
 */
export function cached(ask: Ask, { state, ms, now }: { state: () => Promise<number>; ms: number; now: () => number }): Cached {
  const answers = new LRUCache<string, Kept>({ max: 1_000, maxSize: ROWS, maxEntrySize: ROWS_AN_ANSWER, sizeCalculation: ({ rows }) => rows.length + 1 })
  const turns = new Map<string, () => Promise<Row[]>>()
  const stateNow = inTurns(state)

  const turnOf = (key: string, statement: Statement): (() => Promise<Row[]>) => {
    const known = turns.get(key)
    if (known) return known
    const work = async (): Promise<Row[]> => {
      const askedAt = now()
      // Before the rows are read: what is stored meanwhile may be in them, and is counted as a change of them.
      const before = await stateNow()
      const kept = answers.get(key)
      if (kept?.state === before) return kept.rows
      const rows = await ask(statement, before)
      answers.set(key, { askedAt, state: before, rows })
      return rows
    }
    const turn = inTurns(work, () => turns.delete(key))
    turns.set(key, turn)
    return turn
  }

  return async (statement, fresh = false) => {
    const key = JSON.stringify([statement.text, statement.values])
    const kept = answers.get(key)
    const rows = kept !== undefined && ms > 0 && !fresh && now() - kept.askedAt <= ms ? kept.rows : await turnOf(key, statement)()
    // Whoever asked may change its rows.
    return rows.map((row) => ({ ...row }))
  }
}

/** Does a piece of work for all who ask for it: once at a time, each time for those who asked before it began. `onRest`: nobody waits for it now. */
function inTurns<T>(work: () => Promise<T>, onRest: () => void = () => undefined): () => Promise<T> {
  let running: Promise<T> | null = null
  let next: Promise<T> | null = null
  const begin = (): Promise<T> => {
    next = null
    const run = work()
    running = run
    const end = (): void => {
      if (next !== null) return
      running = null
      onRest()
    }
    run.then(end, end)
    return run
  }
  return () => {
    if (running === null) return begin()
    next ??= running.then(begin, begin)
    return next
  }
}
