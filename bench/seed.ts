/** Fills a store with events straight through its engine, as the years would: a process of its own, started by `reports.ts`, `product.ts` and `tracking.ts`. */
import { insertAliases, takeNumbers } from '../src/ingest/store.ts'
import { STORED_COLUMN_NAMES } from '../src/store/events.ts'
import { openEngine } from '../src/store/open.ts'
import { captures } from './captures.ts'
import { clicks } from './clicks.ts'
import { serveTask } from './task.ts'
import { visits } from './visits.ts'
import type { Seeded } from './world.ts'

/** What to fill which store with: so many events over so many days up to now; clicks on these links or captures of these referrers, the first ones most, or visits to a product. */
export interface SeedOrder {
  dataDir: string
  databaseUrl: string | null
  of: { links: string[] } | { referrers: string[] } | { project: string }
  events: number
  days: number
}

const GROUP = 10_000

serveTask<SeedOrder, { seconds: number }>(async ({ dataDir, databaseUrl, of, events, days }) => {
  const start = performance.now()
  const engine = await openEngine({ dataDir, databaseUrl, replicas: { urls: [], maxLagMs: 0 }, memoryMb: 384, threads: 2 })
  const seeded: Seeded = 'links' in of ? clicks(of.links, events, days) : 'referrers' in of ? captures(of.referrers, events, days) : visits(of.project, events, days)
  for (let made = 0; made < events; made += GROUP) {
    const cells = seeded.next(Math.min(GROUP, events - made))
    await engine.transaction('events', async (tx) => {
      const first = await takeNumbers(tx, cells.length)
      await tx.append('events', STORED_COLUMN_NAMES, cells.map((row, at) => [...row, first + at]))
    })
  }
  for (let at = 0; at < seeded.aliases.length; at += 1_000) {
    await engine.transaction('events', (tx) => insertAliases(tx, seeded.aliases.slice(at, at + 1_000), Date.now()))
  }
  await engine.idle()
  await engine.close()
  return { seconds: (performance.now() - start) / 1000 }
})
