import { LRUCache } from 'lru-cache'
import { growing } from '../core/growing.ts'
import { Fault } from '../core/errors.ts'
import type { Sql } from '../store/sql.ts'
import { type Link, destinationOf } from './link.ts'
import { changedLinks, linksByIds } from './store.ts'

/** What a redirect needs to know of a link. */
export interface Target {
  trackingId: string
  destination: string
  linkFunction: string
  campaign: string | null
  partner: string | null
  active: boolean
  expiresAt: number | null
  version: number
}

const LINKS = 200_000
const UNKNOWN = 50_000
const PAGE = 5_000
/** Changes made on other nodes are followed this often, and an id that had no link is asked for again as soon. */
const FOLLOW_MS = 250
/** A question that has no answer for so long may have lost its connection: the next one is asked beside it. */
const FOLLOW_WAIT_MS = 500
const LOOK_MS = 2_000

/** The links in memory: the most used are here, the others are fetched when asked for. */
export class LinkDirectory {
  readonly #sql: Sql
  readonly #targets = new LRUCache<string, Target>(growing(LINKS))
  readonly #unknown: LRUCache<string, true>
  #seen = { version: 0, trackingId: '' }
  #timer: NodeJS.Timeout | null = null
  /** When the last question for changes was asked that has no answer yet, in ms; -Infinity when all are answered. */
  #asked = -Infinity

  /** `shared`: other nodes may change links. They are right here within a second, as long as the store answers. */
  constructor(sql: Sql, shared: boolean) {
    this.#sql = sql
    this.#unknown = new LRUCache({ ...growing(UNKNOWN), ...(shared ? { ttl: FOLLOW_MS } : {}) })
    if (shared) this.#timer = setInterval(() => void this.#followOn(), FOLLOW_MS)
  }

  /** A link from memory: undefined when it must be looked up, null when there is none. */
  find(trackingId: string): Target | null | undefined {
    return this.#targets.get(trackingId) ?? (this.#unknown.has(trackingId) ? null : undefined)
  }

  /** The links of these ids that are in memory. */
  findAll(trackingIds: Iterable<string>): Map<string, Target> {
    const found = new Map<string, Target>()
    for (const id of new Set(trackingIds)) {
      const target = this.find(id)
      if (target) found.set(id, target)
    }
    return found
  }

  /** A link from memory or the store. Throws Fault 'unavailable' when it is not in memory and the store is away. */
  async look(trackingId: string): Promise<Target | null> {
    return this.find(trackingId) ?? (await this.lookAll([trackingId])).get(trackingId) ?? null
  }

  /**
   * The links of these ids that exist, from memory and, for the rest, one question to the store. Throws Fault
   * 'unavailable' when the store is away, or says nothing for `LOOK_MS`.
   */
  async lookAll(trackingIds: Iterable<string>): Promise<Map<string, Target>> {
    const found = new Map<string, Target>()
    const asked: string[] = []
    for (const id of new Set(trackingIds)) {
      const target = this.find(id)
      if (target) found.set(id, target)
      else if (target === undefined) asked.push(id)
    }
    if (asked.length === 0) return found
    for (const link of await answered(linksByIds(this.#sql, asked))) found.set(link.tracking_id, this.put(link))
    // A link made while the question was under way is in memory by now.
    for (const id of asked) if (!found.has(id) && !this.#targets.has(id)) this.#unknown.set(id, true)
    return found
  }

  /** Takes in a link as it is now; an older state never replaces a newer one. */
  put(link: Link): Target {
    const known = this.#targets.get(link.tracking_id)
    if (known && known.version >= link.version) return known
    const target: Target = {
      trackingId: link.tracking_id,
      destination: destinationOf(link.original_url),
      linkFunction: link.link_function,
      campaign: link.campaign,
      partner: link.partner,
      active: link.is_active,
      expiresAt: link.expires_at,
      version: link.version,
    }
    this.#targets.set(link.tracking_id, target)
    this.#unknown.delete(link.tracking_id)
    return target
  }

  /** Takes in all changes since the last time, at the start all links, as far as memory goes. */
  async follow(): Promise<void> {
    for (let read = PAGE, total = 0; read === PAGE && total < LINKS; total += read) {
      const links = await changedLinks(this.#sql, this.#seen, PAGE)
      for (const link of links) this.put(link)
      const last = links.at(-1)
      if (last) this.#seen = { version: last.version, trackingId: last.tracking_id }
      read = links.length
    }
  }

  async #followOn(): Promise<void> {
    const now = performance.now()
    if (now - this.#asked < FOLLOW_WAIT_MS) return
    this.#asked = now
    await this.follow().catch(() => undefined)
    if (this.#asked === now) this.#asked = -Infinity
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer)
  }
}

/** An answer, or Fault 'unavailable' when it takes longer than somebody who clicked can be asked to wait. */
async function answered<T>(question: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Fault('unavailable', 'The store does not answer.', { retryAfterSeconds: 2 })), LOOK_MS)
  })
  try {
    return await Promise.race([question, late])
  } finally {
    clearTimeout(timer)
  }
}
