import type { Sql } from '../store/sql.ts'
import type { Source } from './event.ts'
import { countsBetween, eventsHead } from './store.ts'

/** New events by their source. */
export type News = Partial<Record<Source, number>>

/** Tells of events as they come into the store, whichever node took them in. */
export interface Live {
  /** Calls back at most once a second, when there is news; the function it gives back ends that. */
  listen(hear: (news: News) => void): () => void
  /** Ends all listening. */
  close(): void
}

const LOOK_MS = 1_000

/** Opens the news. While nobody listens, nothing is asked; while somebody does, one number a second. */
export function createLive(sql: Sql): Live {
  const listeners = new Set<(news: News) => void>()
  let timer: NodeJS.Timeout | undefined
  let looking = false
  let seen: number | null = null

  const look = async (): Promise<void> => {
    const head = await eventsHead(sql)
    const after = seen ?? head
    if (head > after) {
      const news: News = Object.fromEntries((await countsBetween(sql, after, head)).map(({ source, count }) => [source, count]))
      for (const hear of listeners) hear(news)
    }
    seen = head
  }

  const next = (): void => {
    // With the store away there is no news; the next look finds what has come since.
    look().then(again, again)
  }
  const again = (): void => {
    looking = listeners.size > 0
    if (looking) timer = setTimeout(next, LOOK_MS)
    else seen = null
  }

  return {
    listen(hear) {
      listeners.add(hear)
      if (!looking) next()
      looking = true
      return () => void listeners.delete(hear)
    },
    close() {
      listeners.clear()
      clearTimeout(timer)
    },
  }
}
