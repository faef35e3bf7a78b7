import { LRUCache } from 'lru-cache'
import { growing } from '../core/growing.ts'
import type { Cell, Transaction } from '../store/engine.ts'
import { EVENT_COLUMN_NAMES } from '../store/events.ts'
import { insertAliases } from './store.ts'

const PROJECT = EVENT_COLUMN_NAMES.indexOf('project')
const USER_ID = EVENT_COLUMN_NAMES.indexOf('user_id')
const ANONYMOUS_ID = EVENT_COLUMN_NAMES.indexOf('anonymous_id')
const KNOWN = 100_000
const ROWS_A_STATEMENT = 1_000

/** Finds, among loaded events, anonymous ids that came with a user, and notes them once. */
export interface Aliases {
  /** Notes them in the transaction that loads the events; what it gives back is to be called once that is committed. */
  note(tx: Transaction, events: readonly (readonly Cell[])[], now: number): Promise<() => void>
  /** Forgets what was noted: it may have been erased since. */
  forget(): void
}

/** An anonymous id belongs to the user it was first seen with; ids noted lately are not asked for again. */
export function createAliases(): Aliases {
  const noted = new LRUCache<string, true>(growing(KNOWN))
  return {
    async note(tx, events, now) {
      const fresh = new Map<string, { project: string; alias: string; person: string }>()
      for (const cells of events) {
        const user = cells[USER_ID]
        const anonymous = cells[ANONYMOUS_ID]
        if (user === null || anonymous === null) continue
        const key = `${cells[PROJECT]}\n${anonymous}`
        if (noted.has(key) || fresh.has(key)) continue
        fresh.set(key, { project: cells[PROJECT] as string, alias: `a:${anonymous}`, person: `u:${user}` })
      }
      // In one order on all nodes, so that none waits for another in a circle.
      const rows = [...fresh].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
      for (let at = 0; at < rows.length; at += ROWS_A_STATEMENT) await insertAliases(tx, rows.slice(at, at + ROWS_A_STATEMENT), now)
      return () => {
        for (const key of fresh.keys()) noted.set(key, true)
      }
    },
    forget: () => noted.clear(),
  }
}
