import type { Dialect, Month } from './dialect.ts'
import type { Engine } from './engine.ts'
import type { Sql } from './sql.ts'

/** So many months are made ahead of the one that is now. */
const AHEAD = 2
/** Nobody received an event before; what says so lies among those without a month of their own. */
const FIRST = Date.UTC(2015, 0, 1)

/** The month of a moment, or one of those behind it. */
export function monthOf(at: number, behind = 0): Month {
  const date = new Date(at)
  const from = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + behind, 1)
  const begin = new Date(from)
  return {
    table: `events_${begin.getUTCFullYear()}_${String(begin.getUTCMonth() + 1).padStart(2, '0')}`,
    from,
    to: Date.UTC(begin.getUTCFullYear(), begin.getUTCMonth() + 1, 1),
  }
}

/** The months that there must be at a moment: its own and those ahead. */
export function monthsAhead(now: number): Month[] {
  return Array.from({ length: AHEAD + 1 }, (_, behind) => monthOf(now, behind))
}

/**
 * Makes tables for months, where the engine has any and they are missing. A month that lies in the default table already, or with
 * the events from before there were months, stays there. Throws Fault 'unavailable' when events are read or written all the time, so
 * that it must be tried again.
 */
export async function makeMonths(engine: Engine, months: readonly Month[]): Promise<void> {
  const { month } = engine.dialect
  if (month === null) return
  const found = await engine.rows<{ name: string }>(month.list)
  const known = new Set(found.map(({ name }) => name))
  for (const wanted of months) if (!known.has(wanted.table)) await engine.transaction('rows', (tx) => tx.rows(month.make(wanted)))
}

/** Makes sure, before events are loaded, that those of times past find a month of their own, in this process once for each. */
export function createMonthMaker(engine: Engine, now: () => number): (receivedAt: Iterable<number>) => Promise<void> {
  if (engine.dialect.month === null) return async () => undefined
  const made = new Set<number>()
  /** The month of the event before: nearly all are of one. */
  let before = { from: 0, to: 0 }
  return async (receivedAt) => {
    const missing = new Map<number, Month>()
    const last = monthOf(now(), AHEAD).from
    for (const at of receivedAt) {
      if (at >= before.from && at < before.to) continue
      const month = monthOf(at)
      // Clocks that are wrong make no tables: what they date lies in the default one.
      if (month.from < FIRST || month.from > last) continue
      if (!made.has(month.from)) missing.set(month.from, month)
      before = month
    }
    if (missing.size === 0) return
    // Tried once: without its table a month lies in the default one, and all goes on.
    for (const from of missing.keys()) made.add(from)
    await makeMonths(engine, [...missing.values()]).catch(() => undefined)
  }
}

/** Takes away, where months have tables, those that ended before a moment. Says whether there were any. */
export async function dropMonths(sql: Sql, { month }: Dialect, before: number): Promise<boolean> {
  if (month === null) return false
  const first = monthOf(before).table
  const tables = (await sql.rows<{ name: string }>(month.list)).map(({ name }) => name).filter((name) => /^events_\d{4}_\d\d$/.test(name) && name < first)
  // One at a time, for each waits for all who read events, and all who come after it wait for it.
  for (const table of tables.sort()) await sql.write([{ text: month.patience }, { text: `drop table ${table}` }], 'events')
  return tables.length > 0
}
