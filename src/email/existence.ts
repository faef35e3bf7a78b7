import { LRUCache } from 'lru-cache'
import { growing } from '../core/growing.ts'
import type { Sql } from '../store/sql.ts'
import { existingBetween } from './store.ts'

/** Ids that are asked for at once: those of one mailing lie beside each other, so that one question answers for all their readers. */
const BLOCK_IDS = 1_024
/** Ten million ids, in 128 bytes a block. */
const BLOCKS = 10_000
/** A lead that was erased on another node is forgotten here after this. */
const SHARED_TTL_MS = 5_000
/** Somebody waits for the answer. */
const WAIT_MS = 1_000

/** Whether there are leads and campaigns of these ids: what is there is remembered, the rest is asked for. */
export class Existence {
  readonly #away: () => boolean
  readonly #known: Record<Kind, LRUCache<number, Block>>

  /** `away`: the store takes nothing at the moment. `shared`: other nodes may erase too. */
  constructor(sql: Sql, away: () => boolean, shared: boolean) {
    this.#away = away
    const memory = (kind: Kind): LRUCache<number, Block> =>
      new LRUCache({
        ...growing(BLOCKS),
        ...(shared ? { ttl: SHARED_TTL_MS } : {}),
        ignoreFetchAbort: true,
        fetchMethod: async (block) => blockOf(await existingBetween(sql, kind, block * BLOCK_IDS, (block + 1) * BLOCK_IDS)),
      })
    this.#known = { leads: memory('leads'), campaigns: memory('campaigns') }
  }

  /** Whether there are both; null when the store does not say so in time. */
  async both(campaignId: number, leadId: number): Promise<boolean | null> {
    const missing = ([['leads', leadId], ['campaigns', campaignId]] as const).filter(([kind, id]) => !isIn(this.#known[kind].get(placeOf(id)), id))
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

  /** Forgets leads that are gone, with all that lie near: a question that is under way may still have seen them, and is not remembered. */
  forget(leadIds: readonly number[]): void {
    for (const id of leadIds) this.#known.leads.delete(placeOf(id))
  }

  /** Asks again where the answer is older than the question: it may have come since. */
  async #ask(kind: Kind, id: number): Promise<boolean> {
    const known = this.#known[kind]
    return isIn(await known.fetch(placeOf(id)), id) || isIn(await known.fetch(placeOf(id), { forceRefresh: true }), id)
  }
}

type Kind = 'leads' | 'campaigns'
/** A bit for each id. */
type Block = Uint8Array

function blockOf(ids: readonly number[]): Block {
  const block = new Uint8Array(BLOCK_IDS / 8)
  for (const id of ids) block[byteOf(id)] = (block[byteOf(id)] as number) | bitOf(id)
  return block
}

function isIn(block: Block | undefined, id: number): boolean {
  return block !== undefined && ((block[byteOf(id)] as number) & bitOf(id)) !== 0
}

function placeOf(id: number): number {
  return Math.floor(id / BLOCK_IDS)
}

function byteOf(id: number): number {
  return (id % BLOCK_IDS) >> 3
}

function bitOf(id: number): number {
  return 1 << (id % 8)
}
