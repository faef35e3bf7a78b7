import { Fault } from '../core/errors.ts'
import type { FedEvent, Feed } from '../ingest/index.ts'
import { createLane } from '../store/lane.ts'
import type { Sql } from '../store/sql.ts'
import { burstsIn } from './bursts.ts'
import { type Hit, hitsOf, marking, noting } from './store.ts'
import { BURST_MS } from './traces.ts'

const NAME = 'leads'
const PIECE = 1_000
/** Somebody waits for the answer. */
const WAIT_MS = 5_000

/** What keeps leads as their events say. */
export interface LeadFollower {
  /** Takes its place behind the events that there are; before the first event of a mail. */
  begin(): Promise<void>
  /** Brings leads up to the last event in the store, or as far as `goOn` lets it. */
  follow(goOn: () => boolean): Promise<void>
  /** Ends when leads show all that was acknowledged before. Throws Fault 'unavailable' when that takes too long. */
  caughtUp(): Promise<void>
}

/**
 * Follows the events of mails: notes in leads what people did first, and marks what a gateway did that followed every link of a mail,
 * which the first of its clicks could not tell. A piece is dealt with in one transaction, and doing it again changes nothing.
 */
export function createLeadFollower({ sql, feed, settled, now }: { sql: Sql; feed: Feed; settled: () => Promise<void>; now: () => number }): LeadFollower {
  const turn = createLane()

  const follow = async (goOn: () => boolean): Promise<boolean> => {
    while (goOn()) {
      const piece = await feed.read(NAME, ['email'], PIECE)
      const touched = piece.events.filter(({ lead_id: lead }) => lead !== null)
      if (piece.events.length > 0) {
        const marked = await newBursts(sql, touched)
        const gone = new Set(marked.map(({ id }) => id))
        const people = touched.filter((event) => !event.machine && !gone.has(event.id))
        await sql.write(
          [
            ...(['email_opened', 'email_clicked', 'email_unsubscribed'] as const).flatMap((what) => noting(what, firstOf(people, what), now())),
            ...marking(marked, 'every_link', now()),
            feed.passed(NAME, piece),
          ],
          marked.length > 0 ? 'events' : 'rows',
        )
      }
      if (piece.end) return true
    }
    return false
  }

  return {
    begin: async () => void (await feed.read(NAME, ['email'], 1)),
    follow: async (goOn) => void (await turn(() => follow(goOn))),
    async caughtUp() {
      await settled()
      const end = performance.now() + WAIT_MS
      if (!(await turn(() => follow(() => performance.now() < end)))) throw new Fault('unavailable', 'Leads have not yet caught up with their events. Try again soon.', { retryAfterSeconds: 2 })
    },
  }
}

async function newBursts(sql: Sql, events: readonly FedEvent[]): Promise<Hit[]> {
  const hits = events.filter(({ name, ts }) => ts !== null && (name === 'email_clicked' || name === 'email_opened'))
  if (hits.length === 0) return []
  const times = hits.map(({ ts }) => ts as number)
  const leads = [...new Set(hits.map(({ lead_id: lead }) => lead as number))]
  const beside = await hitsOf(sql, leads, Math.min(...times) - 2 * BURST_MS, Math.max(...times) + 2 * BURST_MS)
  return burstsIn(beside).filter(({ machine }) => !machine)
}

/** When each lead did it first, by id. */
function firstOf(events: readonly FedEvent[], what: string): Map<number, number> {
  const first = new Map<number, number>()
  for (const { name, lead_id: lead, ts, received_at: received } of events) {
    if (name !== what) continue
    const at = ts ?? received
    first.set(lead as number, Math.min(first.get(lead as number) ?? at, at))
  }
  return first
}
