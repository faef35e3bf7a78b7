import { type RootDatabase, open } from 'lmdb'
import { LRUCache } from 'lru-cache'
import { growing } from '../core/growing.ts'
import { Fault } from '../core/errors.ts'
import type { Target } from '../links/index.ts'
import type { Origin } from './origin.ts'

/** What was looked up is asked for again after this long, should the changes not have brought it by then; what does not exist, too. */
const LOOKED_MS = 10_000
const LOOKED = 50_000
/** With the origin away, one visitor in this time finds out for all whether it is back. */
const AWAY_MS = 1_000
/** No tracking id has this letter, so no link is under this key. */
const CURSOR = '.cursor'

/** The edge's own copy of the links, on the disk: it is there after a restart, also with the origin away. */
export class LinkCopy {
  readonly #links: RootDatabase<Target | string, string>
  readonly #origin: Origin
  readonly #now: () => number
  /** What single look-ups brought; the changes alone are kept on the disk, so that they have one writer and one order. */
  readonly #looked = new LRUCache<string, { target: Target | null }>({ ...growing(LOOKED), ttl: LOOKED_MS })
  readonly #asking = new Map<string, Promise<Target | null>>()
  #awayUntil = 0

  constructor(folder: string, origin: Origin, now: () => number) {
    this.#origin = origin
    this.#now = now
    this.#links = open({ path: folder, encoding: 'json', overlappingSync: false, eventTurnBatching: false })
  }

  /** How many links are in the copy. */
  get size(): number {
    return (this.#links.getStats() as { entryCount: number }).entryCount - (this.#links.doesExist(CURSOR) ? 1 : 0)
  }

  /** A link at once: undefined when it must be looked up, null when there is none. */
  find(id: string): Target | null | undefined {
    return (this.#links.get(id) as Target | undefined) ?? this.#looked.get(id)?.target
  }

  /** A link at once, or from the origin. Throws Fault 'unavailable' when neither has an answer. */
  async look(id: string): Promise<Target | null> {
    const found = this.find(id)
    if (found !== undefined) return found
    if (this.#now() < this.#awayUntil) throw new Fault('unavailable', 'The origin does not answer.')
    const asked = this.#asking.get(id) ?? this.#ask(id)
    return asked
  }

  /** Takes in all changes since the last time. Throws Error where the origin does not tell them, before the signal is given, or the disk does not take them. */
  async follow(signal: AbortSignal): Promise<void> {
    for (;;) {
      const cursor = (this.#links.get(CURSOR) as string | undefined) ?? null
      const page = await this.#origin.changes(cursor, signal)
      if (page === null) {
        // Another origin, or one that was set up anew: all of its links, from the start.
        await this.#links.remove(CURSOR)
        continue
      }
      if (page.cursor !== cursor) {
        await this.#links.transaction(() => {
          for (const link of page.links) void this.#links.put(link.trackingId, link)
          void this.#links.put(CURSOR, page.cursor)
        })
        for (const { trackingId } of page.links) this.#looked.delete(trackingId)
      }
      if (page.last) return
    }
  }

  close(): Promise<void> {
    return this.#links.close()
  }

  #ask(id: string): Promise<Target | null> {
    const asked = this.#origin
      .look(id)
      .then(
        (target) => {
          this.#awayUntil = 0
          this.#looked.set(id, { target })
          // Changes that came meanwhile are newer.
          return this.find(id) ?? null
        },
        (error: unknown) => {
          this.#awayUntil = this.#now() + AWAY_MS
          throw error
        },
      )
      .finally(() => this.#asking.delete(id))
    this.#asking.set(id, asked)
    return asked
  }
}
