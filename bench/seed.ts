/** Fills a store with events straight through its engine, as the years would: a process of its own, started by `reports.ts`. */
import { createHash } from 'node:crypto'
import { newId } from '../src/core/ids.ts'
import { DAY_MS } from '../src/core/time.ts'
import type { Cell } from '../src/store/engine.ts'
import { EVENT_COLUMN_NAMES } from '../src/store/events.ts'
import { openEngine } from '../src/store/open.ts'
import { serveTask } from './task.ts'
import { DESTINATION, SOURCES, agentOf, createRandom, createSkew, referrerOf } from './world.ts'

/** What to fill which store with: so many clicks on these links, the first ones most, over so many days up to now. */
export interface SeedOrder {
  dataDir: string
  databaseUrl: string | null
  links: string[]
  events: number
  days: number
}

const GROUP = 10_000
const VISITORS_A_DAY = 4_000

serveTask<SeedOrder, { seconds: number }>(async ({ dataDir, databaseUrl, links, events, days }) => {
  const start = performance.now()
  const engine = await openEngine({ dataDir, databaseUrl, memoryMb: 384, threads: 2 })
  const random = createRandom(3)
  const link = createSkew(links.length, 1, random)
  const visitor = createSkew(VISITORS_A_DAY, 0.6, random)
  const first = Date.now() - days * DAY_MS
  for (let made = 0; made < events; made += GROUP) {
    const rows = Array.from({ length: Math.min(GROUP, events - made) }, (_, i) => {
      // A little out of order, as clients' clocks and late batches are.
      const ts = Math.floor(first + ((made + i) / events) * days * DAY_MS + random() * 60_000)
      return clickOf(links[link()] as string, visitor(), ts)
    })
    await engine.transaction('events', (tx) => tx.append('events', EVENT_COLUMN_NAMES, rows))
  }
  await engine.idle()
  await engine.close()
  return { seconds: (performance.now() - start) / 1000 }
})

/** What a user agent is read as; the pipeline would find the same. */
const READ_AS = [
  ['Chrome', 'Windows', 'desktop'], ['Safari', 'iOS', 'mobile'], ['Chrome', 'macOS', 'desktop'], ['Chrome', 'Android', 'mobile'],
  ['Firefox', 'Windows', 'desktop'], ['Safari', 'macOS', 'desktop'], ['Chrome', 'Android', 'mobile'], ['Microsoft Edge', 'Linux', 'desktop'], ['LinkedIn', 'iOS', 'mobile'],
] as const
const COUNTRIES = ['US', 'DE', 'GB', 'IN', 'FR', 'CA', 'BR', 'NL', 'ES', 'PL']

function clickOf(link: string, visitor: number, ts: number): Cell[] {
  const machine = visitor % 8 === 7
  const [browser, os, device] = machine ? [null, null, 'bot'] : (READ_AS[visitor % READ_AS.length] as (typeof READ_AS)[number])
  const who = createHash('sha256').update(`${Math.floor(ts / DAY_MS)} ${visitor}`).digest()
  const referrer = referrerOf(visitor)
  const event: Partial<Record<(typeof EVENT_COLUMN_NAMES)[number], Cell>> = {
    id: newId(),
    project: 'links',
    source: 'link',
    name: 'link_clicked',
    ts,
    received_at: ts,
    event_id: newId(),
    person: `v:${who.toString('base64url', 0, 16)}`,
    tracking_id: link,
    click_source: SOURCES[visitor % SOURCES.length] as string,
    campaign: `campaign-${visitor % 7}`,
    destination_url: DESTINATION,
    referrer_url: referrer,
    referrer_host: referrer === null ? null : new URL(referrer).hostname.replace(/^www\./, ''),
    ip_hash: who.toString('hex', 16),
    country: COUNTRIES[visitor % COUNTRIES.length] as string,
    user_agent: agentOf(visitor),
    browser,
    os,
    device,
    machine,
    machine_reason: machine ? 'bot_agent' : null,
    properties: '{"campaign":"fall-2025","host":"go.example.com"}',
  }
  return EVENT_COLUMN_NAMES.map((name) => event[name] ?? null)
}
