/** Clicks on links, as they lie in the store. */
import { createHash } from 'node:crypto'
import { COUNTRIES, agentOf, createSkew, randomFrom, readAs, referrerOf } from '../src/cli/crowd.ts'
import { newId } from '../src/core/ids.ts'
import { DAY_MS } from '../src/core/time.ts'
import type { Cell } from '../src/store/engine.ts'
import { DESTINATION, SOURCES, type Seeded, cellsOf } from './world.ts'

const VISITORS_A_DAY = 4_000

/** Clicks on these links over so many days up to now, the first links most. */
export function clicks(links: readonly string[], events: number, days: number): Seeded {
  const random = randomFrom(3)
  const link = createSkew(links.length, 1, random)
  const visitor = createSkew(VISITORS_A_DAY, 0.6, random)
  const first = Date.now() - days * DAY_MS
  let made = 0
  return {
    aliases: [],
    next: (count) =>
      Array.from({ length: count }, () => {
        // A little out of order, as clients' clocks and late batches are.
        const ts = Math.floor(first + (made++ / events) * days * DAY_MS + random() * 60_000)
        return clickOf(links[link()] as string, visitor(), ts)
      }),
  }
}

function clickOf(link: string, visitor: number, ts: number): Cell[] {
  const who = createHash('sha256').update(`${Math.floor(ts / DAY_MS)} ${visitor}`).digest()
  const referrer = referrerOf(visitor)
  return cellsOf({
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
    ...readAs(visitor),
    properties: '{"campaign":"fall-2025","host":"go.example.com"}',
  })
}
