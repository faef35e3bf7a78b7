import { LRUCache } from 'lru-cache'
import { growing } from '../core/growing.ts'
import type { Sql } from '../store/sql.ts'
import { existing } from './store.ts'

const IDS = 200_000
/** A lead that was erased on another node is forgotten here after this. */
const SHARED_TTL_MS = 5_000
/** Somebody waits for the answer. */
const WAIT_MS = 1_000

/** Whether there are leads and campaigns of these ids: what is there is remembered, the rest is asked for, many at once. */
export class Existence {
  readonly #sql: Sql
  readonly #away: () => boolean
  readonly #known: Record<Kind, LRUCache<number, true>>
  readonly #asking: Record<Kind, Asking | null> = { leads: null, campaigns: null }
  #running: Promise<void> = Promise.resolve()

  /** `away`: the store takes nothing at the moment. `shared`: other nodes may erase too. */
  constructor(sql: Sql, away: () => boolean, shared: boolean) {
    this.#sql = sql
    this.#away = away
    const memory = (): LRUCache<number, true> => new LRUCache({ ...growing(IDS), ...(shared ? { ttl: SHARED_TTL_MS } : {}) })
    this.#known = { leads: memory(), campaigns: memory() }
  }

  /** Whether there are both; null when the store does not say so in time. */
  async both(campaignId: number, leadId: number): Promise<boolean | null> {
    const missing = ([['leads', leadId], ['campaigns', campaignId]] as const).filter(([kind, id]) => !this.#known[kind].get(id))
    if (missing.length === 0) return true
    if (this.#away()) return null
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), WAIT_MS)))
    try {
      return await Promise.race([Promise.all(missing.map(([kind, id]) => this.#ask(kind, id))).then((found) => found.every(Boolean), () => null), late])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Forgets leads that are gone. */
  forget(leadIds: readonly number[]): void {
    for (const id of leadIds) this.#known.leads.delete(id)
  }

  /** One question at a time for each kind: all who come while it is under way share the next. */
  async #ask(kind: Kind, id: number): Promise<boolean> {
    const asking = (this.#asking[kind] ??= this.#next(kind))
    asking.ids.add(id)
    return (await asking.found).has(id)
  }

  #next(kind: Kind): Asking {
    const ids = new Set<number>()
    const found = this.#running.then(async () => {
      this.#asking[kind] = null
      const there = await existing(this.#sql, kind, [...ids])
      for (const id of there) this.#known[kind].set(id, true)
      return there
    })
    this.#running = found.then(() => undefined, () => undefined)
    return { ids, found }
  }
}

type Kind = 'leads' | 'campaigns'
type Asking = { ids: Set<number>; found: Promise<Set<number>> }
