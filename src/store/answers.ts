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

/** The answer that was given to a request with an idempotency key; `answer` is JSON text, `createdAt` UTC ms. */
export interface GivenAnswer {
  scope: string
  key: string
  bodyHash: string
  status: number
  answer: string
  createdAt: number
}

/** Keeps the answer to a request; one that is there already stays for `windowMs`. */
export async function keepAnswer(sql: Sql, answer: GivenAnswer, windowMs: number): Promise<void> {
  await sql.write([insertion(answer, windowMs)])
}

/** Keeps an answer within a transaction; one that is there already stays for `windowMs`. */
export async function insertAnswer(tx: Transaction, answer: GivenAnswer, windowMs: number): Promise<void> {
  const { text, values } = insertion(answer, windowMs)
  await tx.rows(text, values)
}

function insertion({ scope, key, bodyHash, status, answer, createdAt }: GivenAnswer, windowMs: number) {
  return {
    text: `insert into answers (scope, key, body_hash, status, answer, created_at) values ($1, $2, $3, $4, $5, $6)
           on conflict (scope, key) do update
           set body_hash = excluded.body_hash, status = excluded.status, answer = excluded.answer, created_at = excluded.created_at
           where answers.created_at < excluded.created_at - $7`,
    values: [scope, key, bodyHash, status, answer, createdAt, windowMs],
  }
}
