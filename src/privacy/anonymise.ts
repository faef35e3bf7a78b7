import type { Sql } from '../store/sql.ts'
import { anonymiseEvents, deleteLetters, nextPiece } from './store.ts'

/**
 * Removes addresses, their hashes and user agents from events received before a moment (UTC ms, by this server's clock), and
 * deletes refused events of that age, in small pieces between which events are loaded. Says whether there was anything to do.
 * What was read from them stays, so no number changes: browser, system, device, the verdict on machines, and `person`, which
 * for a visitor without a name is a random label by then, since the key it was made with is long gone.
 */
export async function anonymise(sql: Sql, before: number, goOn: () => boolean): Promise<boolean> {
  let found = false
  for (let from = Number.MIN_SAFE_INTEGER; goOn(); found = true) {
    const last = await nextPiece(sql, from, before)
    if (last === null) break
    await anonymiseEvents(sql, from, last)
    from = last
  }
  while (goOn() && (await deleteLetters(sql, before)) > 0) found = true
  return found
}
