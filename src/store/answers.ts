import type { Transaction } from './engine.ts'
import type { Sql } from './sql.ts'

/** The answer that was given to a request with this idempotency key since `since` (ms), or null. */
export async function storedAnswer(sql: Sql, scope: string, key: string, since: number): Promise<{ bodyHash: string; status: number; answer: string } | null> {
  const [row] = await sql.rows<{ body_hash: string; status: number; answer: string }>(
    'select body_hash, status, answer from answers where scope = $1 and key = $2 and created_at >= $3',
    [scope, key, since],
  )
  return row ? { bodyHash: row.body_hash, status: row.status, answer: row.answer } : null
}

/** The answer that was given to a request with an idempotency key; `answer` is JSON text. */
export interface GivenAnswer {
  scope: string
  key: string
  bodyHash: string
  status: number
  answer: string
}

/** Keeps the answer to a request; the first one stays. */
export async function keepAnswer(sql: Sql, answer: GivenAnswer, now: number): Promise<void> {
  await sql.write([insertion(answer, now)])
}

/** Keeps an answer within a transaction; the first one stays. */
export async function insertAnswer(tx: Transaction, answer: GivenAnswer, now: number): Promise<void> {
  const { text, values } = insertion(answer, now)
  await tx.rows(text, values)
}

function insertion({ scope, key, bodyHash, status, answer }: GivenAnswer, now: number) {
  return {
    text: 'insert into answers (scope, key, body_hash, status, answer, created_at) values ($1, $2, $3, $4, $5, $6) on conflict do nothing',
    values: [scope, key, bodyHash, status, answer, now],
  }
}
