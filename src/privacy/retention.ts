import type { Dialect } from '../store/dialect.ts'
import { dropMonths, monthOf } from '../store/months.ts'
import type { Sql } from '../store/sql.ts'
import { deleteOldEvents, nextOldEvents } from './store.ts'

/**
 * Deletes the events of all months that ended before a moment (UTC ms), by the time at which the server received them. A month that has
 * a table goes with it; what lies elsewhere goes in small pieces, between which events are loaded.
 */
export async function dropOldEvents(sql: Sql, dialect: Dialect, before: number, goOn: () => boolean): Promise<void> {
  const { from } = monthOf(before)
  await dropMonths(sql, dialect, from)
  while (goOn()) {
    const last = await nextOldEvents(sql, from)
    if (last === null) return
    await deleteOldEvents(sql, last)
  }
}
