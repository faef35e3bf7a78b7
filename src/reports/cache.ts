import { LRUCache } from 'lru-cache'
import type { Row, Statement } from '../store/sql.ts'

/** Rows that are kept at most, over all answers. */
const ROWS = 100_000
/** One answer may take a tenth of them: nobody asks for a large one twice. */
const ROWS_AN_ANSWER = ROWS / 10

type Ask = (statement: Statement) => Promise<Row[]>

/**
 * Gives the answers of the last `ms` again. An answer's age counts from when its question was asked, so that none is ever
 * older than that; those who ask the same at once wait for one answer. Failures are not kept. 0 keeps nothing.
 *
 * @param options.now a monotonic clock in ms
 */
export function cached(ask: Ask, { ms, now }: { ms: number; now: () => number }): Ask {
  if (ms === 0) return ask
  const answers = new LRUCache<string, { askedAt: number; rows: Promise<Row[]> }>({ max: 1_000, maxSize: ROWS })
  return async (statement) => {
    const key = JSON.stringify([statement.text, statement.values])
    const known = answers.get(key)
    const isFresh = known !== undefined && now() - known.askedAt <= ms
    const entry = isFresh ? known : { askedAt: now(), rows: ask(statement) }
    if (!isFresh) {
      answers.set(key, entry, { size: 1 })
      entry.rows.then(
        (rows) => {
          if (answers.peek(key) !== entry) return
          if (rows.length > ROWS_AN_ANSWER) answers.delete(key)
          else answers.set(key, entry, { size: rows.length + 1 })
        },
        () => answers.peek(key) === entry && answers.delete(key),
      )
    }
    // Whoever asked may change the rows.
    return (await entry.rows).map((row) => ({ ...row }))
  }
}
