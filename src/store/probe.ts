import { newId } from '../core/ids.ts'
import type { Sql } from './sql.ts'

/** Whether the store commits, and how long it took in ms; null when it does not. */
export type Probe = () => Promise<number | null>

/**
 * A probe that writes and removes a row in one transaction. Health checks are public, so asking more often than once
 * in `everyMs` gets the last answer again, and a store that hangs counts as away after `timeoutMs`.
 */
export function createProbe(sql: Sql, everyMs = 500, timeoutMs = 3_000): Probe {
  let last: { at: number; answer: Promise<number | null> } | null = null
  return () => {
    if (!last || performance.now() - last.at > everyMs) last = { at: performance.now(), answer: probe(sql, timeoutMs) }
    return last.answer
  }
}

/** Writes and removes one probe row; gives its id. Throws what the store throws. */
export async function writeProbe(sql: Sql): Promise<string> {
  const id = newId()
  await sql.write([
    { text: `insert into answers (scope, key, body_hash, status, answer, created_at) values ('probe', $1, '', 200, '', 0)`, values: [id] },
    { text: `delete from answers where scope = 'probe' and key = $1`, values: [id] },
  ])
  return id
}

async function probe(sql: Sql, timeoutMs: number): Promise<number | null> {
  const start = performance.now()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), timeoutMs)))
  const answer = writeProbe(sql).then(
    () => performance.now() - start,
    () => null,
  )
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
