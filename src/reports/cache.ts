import { LRUCache } from 'lru-cache'
import type { Row } from '../store/sql.ts'
import type { Question } from './report.ts'

/** Rows that are kept at most, over all answers. */
const ROWS = 100_000
/** One answer may take a tenth of them: nobody asks for a large one twice. */
const ROWS_AN_ANSWER = ROWS / 10

/** Asks a question of a store that holds a state, at least. */
type Ask = (question: Question, holds: number) => Promise<Row[]>

/** What the store was like at a moment: a number that grows with every change of what reports are made of, by the count of one server. */
export interface State {
  state: number
  server: string
}

/** An answer, and what the store was like when its question was asked. */
interface Kept extends State {
  askedAt: number
  rows: Row[]
}

/** Says whether an answer that was given in one state holds in a later one, since nothing has come meanwhile that concerns it. */
type Holds = (question: Question, after: number, through: number) => Promise<boolean>

/** Gives an answer; with `fresh` none that is older than the question. */
export type Cached = (question: Question, fresh?: boolean) => Promise<Row[]>

/**
 * Gives an answer again as long as nothing has come that concerns it, and to all who wait for it. What was acknowledged
 * before a question is in its answer all the same: the state is read behind it, and whoever asks while the same question
 * is under way on an older state waits for the next run, which begins afterwards; so of one question never more than one
 * runs. With `ms` above 0, an answer is also given when it no longer holds, until its question is that old. Failures are
 * not kept.
 *
 * @param options.state ends when the store holds all that was acknowledged, and tells what it is like
 * @param options.now a monotonic clock in ms
 */
export function cached(ask: Ask, { state, holds, ms, now }: { state: () => Promise<State>; holds: Holds; ms: number; now: () => number }): Cached {
  const answers = new LRUCache<string, Kept>({ max: 1_000, maxSize: ROWS, maxEntrySize: ROWS_AN_ANSWER, sizeCalculation: ({ rows }) => rows.length + 1 })
  const turns = new Map<string, () => Promise<Row[]>>()
  const stateNow = inTurns(state)

  const turnOf = (key: string, question: Question): (() => Promise<Row[]>) => {
    const known = turns.get(key)
    if (known) return known
    const work = async (): Promise<Row[]> => {
      const askedAt = now()
      // Before the rows are read: what is stored meanwhile may be in them, and is counted as a change of them.
      const before = await stateNow()
      const last = answers.get(key)
      const kept = last?.server === before.server ? last : undefined
      if (kept?.state === before.state) return kept.rows
      const rows = kept !== undefined && (await holds(question, kept.state, before.state)) ? kept.rows : await ask(question, before.state)
      answers.set(key, { askedAt, ...before, rows })
      return rows
    }
    const turn = inTurns(work, () => turns.delete(key))
    turns.set(key, turn)
    return turn
  }

  return async (question, fresh = false) => {
    const key = JSON.stringify([question.text, question.values])
    const kept = answers.get(key)
    const rows = kept !== undefined && ms > 0 && !fresh && now() - kept.askedAt <= ms ? kept.rows : await turnOf(key, question)()
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
