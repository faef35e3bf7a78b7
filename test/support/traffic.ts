import { randomFrom } from './random.ts'

/** What the n-th event of a run says, as the batch route takes it. The same seed and number give the same event. */
export interface PlannedEvent {
  event_id: string
  tracking_id: string
  clicked_at: string
  ip_address: string
  user_agent: string | null
  referrer_url: string | null
  click_source: string
  session_id: string | null
  metadata: { n: number; pad?: string }
}

/** What the n-th click of a run asks for. Clicks carry no id of their own, so the referrer tells them apart. */
export interface PlannedClick {
  path: string
  trackingId: string
  source: string
  userAgent: string
  referrer: string
}

const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
]
const SOURCES = ['linkedin', 'calendly', 'portfolio', 'github', 'website', 'link']
const FIRST_DAY = Date.UTC(2025, 2, 1)
const DAYS = 30
const DAY_MS = 86_400_000

/** The n-th event. `links` are the tracking ids it may be of; `pad` makes it heavier by so many characters. */
export function plannedEvent(seed: number, n: number, links: readonly string[], pad = 0): PlannedEvent {
  const random = randomFrom(seed ^ Math.imul(n, 0x9e3779b1))
  const some = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  return {
    event_id: `e-${seed}-${n}`,
    tracking_id: some(links),
    clicked_at: new Date(FIRST_DAY + Math.floor(random() * DAYS * DAY_MS)).toISOString(),
    ip_address: `203.0.113.${Math.floor(random() * 256)}`,
    user_agent: some([...AGENTS, null]),
    referrer_url: some([null, 'https://www.linkedin.com/feed/', 'https://news.example/a?b=c', 'not a url']),
    click_source: some(SOURCES),
    session_id: some([null, `s${Math.floor(random() * 1_000)}`]),
    metadata: pad === 0 ? { n } : { n, pad: padding(random, pad) },
  }
}

/** The number of the event with this id in a run, or null when the id is none of the run's. */
export function eventNumber(seed: number, eventId: string): number | null {
  const prefix = `e-${seed}-`
  return eventId.startsWith(prefix) ? Number(eventId.slice(prefix.length)) : null
}

/** The n-th click. */
export function plannedClick(seed: number, n: number, links: readonly string[]): PlannedClick {
  const random = randomFrom(seed ^ Math.imul(n, 0x85ebca6b))
  const source = SOURCES[Math.floor(random() * SOURCES.length)] as string
  const trackingId = links[Math.floor(random() * links.length)] as string
  return {
    path: `/${source}?uuid=${trackingId}`,
    trackingId,
    source,
    userAgent: AGENTS[Math.floor(random() * AGENTS.length)] as string,
    referrer: `https://marks.example/${seed}/${n}`,
  }
}

/** The number of the click with this referrer in a run, or null when it is none of the run's. */
export function clickNumber(seed: number, referrer: string): number | null {
  const prefix = `https://marks.example/${seed}/`
  return referrer.startsWith(prefix) ? Number(referrer.slice(prefix.length)) : null
}

/** Text that does not compress well, so that it weighs in the store's log. */
function padding(random: () => number, length: number): string {
  let text = ''
  while (text.length < length) text += Math.floor(random() * 4294967296).toString(36)
  return text.slice(0, length)
}
