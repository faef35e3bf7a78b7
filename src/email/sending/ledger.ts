import type { Row, Sql, Statement } from '../../store/sql.ts'
import type { Settlement } from './message.ts'
import { claiming, settling } from './store.ts'

/**
 * The ledger of all messages, as those who send them write it. What they ask for while the store commits is the next transaction, so that
 * a commit serves all of them.
 */
export interface Ledger {
  /** Takes a message out of the queue. False: it is to be sent no more, or not by us. Committed when it ends. */
  claim(id: string): Promise<boolean>
  /** Says what became of a message. Committed when it ends. */
  settle(settlement: Settlement): Promise<void>
}

interface Entry {
  claim: string | null
  settlement: Settlement | null
  resolve: (claimed: boolean) => void
  reject: (error: unknown) => void
}

/** Opens the ledger. */
export function openLedger(sql: Sql, now: () => number): Ledger {
  let waiting: Entry[] = []
  let writing = false

  async function write(): Promise<void> {
    writing = true
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      try {
        const claimed = await commit(sql, group, now())
        // Two may ask for one message in one commit: it goes to the first of them.
        for (const { claim, resolve } of group) resolve(claim !== null && claimed.delete(claim))
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    writing = false
  }
  const enter = (claim: string | null, settlement: Settlement | null): Promise<boolean> =>
    new Promise((resolve, reject) => {
      waiting.push({ claim, settlement, resolve, reject })
      if (!writing) void write()
    })

  return {
    claim: (id) => enter(id, null),
    async settle(settlement) {
      await enter(null, settlement)
    },
  }
}

async function commit(sql: Sql, group: readonly Entry[], now: number): Promise<Set<string>> {
  const settlements = group.flatMap(({ settlement }) => settlement ?? [])
  const claims = group.flatMap(({ claim }) => claim ?? [])
  const statements: Statement[] = [...(claims.length > 0 ? claiming(claims, now) : []), ...(settlements.length > 0 ? settling(settlements, now) : [])]
  const [claimed = []] = await sql.write(statements)
  return new Set(claims.length > 0 ? claimed.map((row: Row) => row.id as string) : [])
}
