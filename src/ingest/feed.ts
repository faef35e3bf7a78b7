import type { Sql, Statement } from '../store/sql.ts'
import type { FedEvent, Source, StoredEvent } from './event.ts'
import { eventsAt, eventsBetween, setStanding, standing } from './store.ts'

/** Some events, and how far a follower has come once it has dealt with them. */
export interface Piece {
  events: FedEvent[]
  through: number
  /** Whether that is as far as events went when it was read. */
  end: boolean
}

/** The events in the order in which they came into the store, for rooms that must act on what has happened. */
export interface Feed {
  /**
   * What a follower has not dealt with yet: at most `limit` events of these sources. A follower begins, at its first reading,
   * behind what there is. Each is read again until `passed` was committed. Sources that are asked for are asked for once it is known
   * how far events go, so that whoever wanted one before it came does not miss it.
   */
  read(follower: string, sources: readonly Source[] | (() => Promise<readonly Source[]>), limit: number): Promise<Piece>
  /** The whole events of these numbers that are still there. */
  at(numbers: readonly number[]): Promise<StoredEvent[]>
  /** Says that a follower has dealt with a piece; to be written with what it did, in one transaction, so that a crash neither skips nor repeats. */
  passed(follower: string, piece: Piece): Statement
}

/** How many events are looked through at once for those that are wanted. */
const SPAN = 50_000

/** Opens the feed. */
export function createFeed(sql: Sql, now: () => number): Feed {
  return {
    async read(follower, wanted, limit) {
      const { position: before, head } = await standing(sql, follower, 'events', now())
      const sources = typeof wanted === 'function' ? await wanted() : wanted
      let position = before
      for (;;) {
        const through = Math.min(head, position + SPAN)
        const events = through > position ? await eventsBetween(sql, sources, position, through, limit) : []
        const last = events[limit - 1]
        if (last) return { events, through: last.seq, end: last.seq === head }
        if (events.length > 0) return { events, through, end: through === head }
        if (through > position) await sql.write([setStanding(follower, through, now())])
        if (through === head) return { events, through, end: true }
        position = through
      }
    },
    at: (numbers) => eventsAt(sql, numbers),
    passed: (follower, piece) => setStanding(follower, piece.through, now()),
  }
}
