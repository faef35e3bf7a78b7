import type { Sql } from '../store/sql.ts'
import { deleteEvents, nextOldEvents } from './store.ts'

/** Deletes the events of mails that were received before a moment (UTC ms), in small pieces between which events are loaded. Says whether there were any. */
export async function deleteOldEvents(sql: Sql, before: number, goOn: () => boolean): Promise<boolean> {
  let found = false
  for (; goOn(); found = true) {
    const last = await nextOldEvents(sql, before)
    if (last === null) break
    await deleteEvents(sql, last)
  }
  return found
}
