/** Visits to a campaign's pages, as they lie in the store. */
import { createHash } from 'node:crypto'
import { COUNTRIES, agentOf, createSkew, randomFrom, readAs, referrerOf } from '../src/cli/crowd.ts'
import { newId } from '../src/core/ids.ts'
import { DAY_MS } from '../src/core/time.ts'
import type { Cell } from '../src/store/engine.ts'
import { TRACKING_PROJECT } from '../src/tracking/capture.ts'
import { SOURCES, type Seeded, cellsOf } from './world.ts'

const VISITORS_A_DAY = 4_000
const CAMPAIGNS = 40
const PAGES = 300
const SHOPS = ['www.kickstarter.com', 'shop.example.com', 'www.amazon.com', 'example.org', 'www.etsy.com']

/** Captures of these referrers over so many days up to now, the first referrers, campaigns and pages most. */
export function captures(referrers: readonly string[], events: number, days: number): Seeded {
  const random = randomFrom(6)
  const referrer = createSkew(referrers.length, 0.8, random)
  const campaign = createSkew(CAMPAIGNS, 1, random)
  const page = createSkew(PAGES, 1, random)
  const visitor = createSkew(VISITORS_A_DAY, 0.6, random)
  const first = Date.now() - days * DAY_MS
  let made = 0
  return {
    aliases: [],
    next: (count) =>
      Array.from({ length: count }, () => {
        const ts = Math.floor(first + (made++ / events) * days * DAY_MS + random() * 60_000)
        return captureOf({ referrer: referrers[referrer()] as string, campaign: `campaign-${campaign()}`, page: `/posts/${page()}`, visitor: visitor(), ts })
      }),
  }
}

function captureOf({ referrer, campaign, page, visitor, ts }: { referrer: string; campaign: string; page: string; visitor: number; ts: number }): Cell[] {
  const who = createHash('sha256').update(`${Math.floor(ts / DAY_MS)} ${visitor}`).digest()
  const outbound = visitor % 4 === 0
  const from = referrerOf(visitor)
  return cellsOf({
    id: newId(),
    project: TRACKING_PROJECT,
    source: 'web',
    name: outbound ? 'outbound' : 'inbound',
    ts,
    received_at: ts,
    event_id: newId(),
    session_id: `5f0c7a4e-1b2c-4d3e-8f90-${visitor.toString(16).padStart(12, '0')}`,
    person: `v:${who.toString('base64url', 0, 16)}`,
    referrer,
    campaign,
    landing_page: page,
    original_source: SOURCES[visitor % SOURCES.length] as string,
    destination_url: outbound ? `https://${SHOPS[visitor % SHOPS.length]}/projects/${visitor % 7}` : null,
    referrer_url: from,
    referrer_host: from === null ? null : new URL(from).hostname.replace(/^www\./, ''),
    ip_hash: who.toString('hex', 16),
    country: COUNTRIES[visitor % COUNTRIES.length] as string,
    user_agent: agentOf(visitor),
    ...readAs(visitor),
    properties: null,
  })
}
