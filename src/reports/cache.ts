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
  const answers = new LRUCache<string, { askedAt: number; rows: Promise<Row[]> }>({ max: 1_000, maxSize: ROWS, maxEntrySize: ROWS_AN_ANSWER })
  const begin = (key: string, statement: Statement): Promise<Row[]> => {
    const entry = { askedAt: now(), rows: ask(statement) }
    answers.set(key, entry, { size: 1 })
    const weigh = async (): Promise<void> => {
      const size = await entry.rows.then((rows) => rows.length + 1, () => Infinity)
      if (answers.peek(key) !== entry) return
      if (size > ROWS_AN_ANSWER) answers.delete(key)
      else answers.set(key, entry, { size })
    }
    void weigh()
    return entry.rows
  }
  return async (statement) => {
    const key = JSON.stringify([statement.text, statement.values])
    const known = answers.get(key)
    const rows = await (known !== undefined && now() - known.askedAt <= ms ? known.rows : begin(key, statement))
    // Whoever asked may change its rows.
    return rows.map((row) => ({ ...row }))
  }
}
