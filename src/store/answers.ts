import type { Sql } from './sql.ts'

/** The answer that was given to a request with this idempotency key since `since` (ms), or null. */
export async function storedAnswer(sql: Sql, scope: string, key: string, since: number): Promise<{ bodyHash: string; status: number; answer: string } | null> {
  const [row] = await sql.rows<{ body_hash: string; status: number; answer: string }>(
    'select body_hash, status, answer from answers where scope = $1 and key = $2 and created_at >= $3',
    [scope, key, since],
  )
  return row ? { bodyHash: row.body_hash, status: row.status, answer: row.answer } : null
}

/** Keeps the answer to a request; the first one stays. */
export async function keepAnswer(sql: Sql, answer: { scope: string; key: string; bodyHash: string; status: number; answer: string }, now: number): Promise<void> {
  await sql.write([
    {
      text: 'insert into answers (scope, key, body_hash, status, answer, created_at) values ($1, $2, $3, $4, $5, $6) on conflict do nothing',
      values: [answer.scope, answer.key, answer.bodyHash, answer.status, answer.answer, now],
    },
  ])
}
