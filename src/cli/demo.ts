import type { Command } from 'commander'
import { toCsv } from '../core/csv.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, iso } from '../core/time.ts'
import type { Draft } from '../ingest/index.ts'
import { countRows } from '../store/copy/tables.ts'
import { expected } from './api.ts'
import { FIRST_NAMES, type Person, createPeople } from './demo-people.ts'
import { saysJson, withExamples } from './help.ts'
import { say } from './print.ts'
import { startProgress } from './progress.ts'
import { type CliWorld, type Opened, Refused, type Terminal } from './world.ts'

/** The story: an app for hikers is launched. Posts, partners and a campaign bring people, mails bring them back, some of them stay and pay. */
const APP = { projectKey: '7a11ea0d0001', name: 'Trailhead' }
const DAYS = 182
const GROUP = 2_000
const SITE = 'https://trailhead.example'

const PARTNERS = [
  { trackingId: 'summit_blog', partnerName: 'The Summit Blog', email: 'editor@summit.example' },
  { trackingId: 'trail_podcast', partnerName: 'Trail Podcast', email: 'host@podcast.example' },
]
const LINKS = [
  { tracking_id: 'launch-linkedin', original_url: `${SITE}/?from=linkedin`, link_function: 'LinkedIn', campaign: 'spring_launch', description: 'Post of the founders' },
  { tracking_id: 'founder-calendly', original_url: 'https://calendly.com/trailhead/demo', link_function: 'Calendly', campaign: 'spring_launch', description: 'Talk to us' },
  { tracking_id: 'open-maps-github', original_url: 'https://github.com/trailhead/open-maps', link_function: 'GitHub', campaign: 'open_maps', description: 'The maps are open' },
  { tracking_id: 'summit-review', original_url: `${SITE}/review`, link_function: 'Website', campaign: 'autumn_hikes', partner: 'summit_blog', description: 'Review on the Summit Blog' },
  { tracking_id: 'podcast-episode-12', original_url: `${SITE}/podcast`, link_function: 'Podcast', campaign: 'autumn_hikes', partner: 'trail_podcast', description: 'Show notes of episode 12' },
  { tracking_id: 'old-beta', original_url: `${SITE}/beta`, link_function: 'Website', campaign: 'beta', description: 'The beta is over', is_active: false },
]
/** In the order of their numbers. What mails did before the last 90 days is kept by nobody, unless told to (EMAIL_RETENTION_DAYS). */
const NEWSLETTERS = ['Huts that are open', 'Your first summit', 'Autumn hikes', 'A year of trails']
/** The first goes out on this day of the story, and the others so many days apart. */
const FIRST_LETTER_DAY = 100
const LETTER_DAYS = 20
/** A thousand mails take as many seconds. */
const MS_A_MAIL = 1_000
/** By tracking id: the path a link is followed on. */
const PATHS: Record<string, string> = { 'launch-linkedin': 'linkedin', 'founder-calendly': 'calendly', 'open-maps-github': 'github', 'summit-review': 'website', 'podcast-episode-12': 'link', 'old-beta': 'website' }

/** `seed`: the story for a store that nobody has used. */
export function seedCommand(program: Command, world: CliWorld): void {
  withExamples(saysJson(program.command('seed')), ['waymark seed', 'DATA_DIR=./demo waymark seed'])
    .description('fill a store that nobody has used with a story of half a year, to look around in')
    .action(async ({ json }: { json?: boolean }) => {
      const opened = await world.open()
      try {
        const events = await fillStore(opened, world.err, Date.now())
        say(world.out, json, { events, projectKey: APP.projectKey }, `${events} events are there; the project's key is ${APP.projectKey}.`)
      } finally {
        await opened.close()
      }
    })
}

/** Fills a fresh store with half a year up to `now` (UTC ms) and gives the number of events. Throws Refused where there is something in it. */
export async function fillStore(opened: Opened, terminal: Terminal, now: number): Promise<number> {
  for (const table of ['events', 'link_tracking', 'projects']) {
    if ((await countRows(opened.sql.rows, table)) > 0) throw new Refused('There is something in this store already: the story is for a fresh one. Set another DATA_DIR, or an empty database.')
  }
  const first = now - DAYS * DAY_MS
  await opened.adopt.project([{ ...APP, createdAt: iso(first) }])
  await opened.adopt.link(LINKS.map((link) => ({ ...link, created_at: iso(first) })))
  for (const partner of PARTNERS) await opened.ask('POST', '/api/tracking/partner/create', partner)
  for (const [at, name] of NEWSLETTERS.entries()) await opened.ask('POST', '/api/v1/campaigns', { name, subject: name, html: `<p>Hello {{first_name}}, <a href="${SITE}/news/${at + 1}">read on</a>.</p>` })

  const events = await withLeads(opened, story(now))
  const progress = startProgress(terminal, 'events', events.length)
  for (let at = 0; at < events.length; at += GROUP) {
    const group = events.slice(at, at + GROUP)
    await opened.ingest.record(group)
    progress.add(group.length)
  }
  await opened.settled()
  progress.end()
  return events.length
}

/** Makes a lead of everybody who gets mails, and gives the events with the leads' own ids. */
async function withLeads(opened: Opened, events: Draft[]): Promise<Draft[]> {
  const numbers = [...new Set(events.flatMap(({ leadId }) => leadId ?? []))]
  const list = numbers.map((number) => ({ email: `hiker-${number}@mail.example`, first_name: FIRST_NAMES[number % FIRST_NAMES.length] }))
  const { rows } = (await expected(opened.ask('POST', '/api/v1/leads/import', toCsv(['email', 'first_name'], list)))) as { rows: { lead_id: number }[] }
  const ids = new Map(rows.map(({ lead_id: id }, at) => [numbers[at], id]))
  return events.map((event) => (event.leadId ? { ...event, leadId: ids.get(event.leadId) as number } : event))
}

/** Everything that happened, in the order of time; the same for the same moment. */
function story(now: number): Draft[] {
  const events: Draft[] = []
  for (const person of createPeople(now - DAYS * DAY_MS, now)) events.push(...lifeOf(person, now))
  return events
    .filter(({ ts }) => (ts as number) <= now)
    .sort((a, b) => (a.ts as number) - (b.ts as number))
    .map((draft) => ({ ...draft, kept: { received_at: draft.ts as number } }))
}

/** What one person does, from the first click to the last visit. */
function lifeOf(person: Person, now: number): Draft[] {
  const { random } = person
  const events: Draft[] = []
  const link = LINKS.find(({ tracking_id }) => tracking_id === person.link)
  let ts = person.firstAt
  if (link) events.push({ ...person.visitor, family: 'links', project: 'links', source: 'link', name: 'link_clicked', ts, trackingId: link.tracking_id, clickSource: PATHS[link.tracking_id] as string, campaign: link.campaign, referrer: link.partner ?? null, destinationUrl: link.original_url, referrerUrl: person.referrerUrl, properties: '{"host":"go.trailhead.example","protocol":"https"}' })
  if (person.machine) return events

  const referrer = link?.partner ?? person.channel
  const campaign = link?.campaign ?? person.campaign
  const visit = { ...person.visitor, family: 'tracking', project: 'tracking', source: 'web', referrer, campaign, originalSource: person.channel, sessionId: `web-${person.number}` } as const
  ts += 2_000
  events.push({ ...visit, name: 'inbound', ts, landingPage: person.landing })
  if (random() > 0.4) return events
  ts += MINUTE_MS + random() * 5 * MINUTE_MS
  events.push({ ...visit, name: 'outbound', ts: Math.floor(ts), landingPage: person.landing, destinationUrl: 'https://apps.example/trailhead' })
  events.push(...useOf(person, ts + HOUR_MS * (0.1 + random()), now))
  return events
}

/** How the app is used, and what the mails of each month do. */
function useOf(person: Person, firstAt: number, now: number): Draft[] {
  const { random } = person
  const events: Draft[] = []
  const device = `device-${person.number}`
  const user = `hiker-${person.number}`
  const known = random() < 0.7
  let user_id: string | null = null
  let ts = firstAt
  for (let visits = 0; ts < now && visits < 200; visits++) {
    const sessionId = `${device}-${visits}`
    const add = (name: string, properties: object = {}): void => {
      events.push({ family: 'product', project: APP.projectKey, source: 'product', name, ts: Math.floor(ts), sessionId, anonymousId: user_id === null || name === 'login_success' ? device : null, userId: user_id, address: null, country: person.visitor.country ?? null, userAgent: null, agentSeen: false, properties: JSON.stringify({ plan: person.plan, version: `2.${Math.floor((ts - firstAt) / (30 * DAY_MS))}`, ...properties }) })
      ts += 5_000 + random() * 2 * MINUTE_MS
    }
    add('app_open')
    add('screen_view', { screen: 'home' })
    if (known && user_id === null) {
      user_id = user
      add('login_success')
    }
    if (random() < 0.8) add('trail_searched', { region: person.region })
    if (random() < 0.5) add('trail_viewed', { region: person.region })
    if (random() < 0.2) add('trail_saved')
    if (user_id !== null && random() < person.willingness) add('purchase_success', { amount: person.plan === 'team' ? 49 : 9 })
    if (random() > person.loyalty) break
    ts += DAY_MS * (0.5 + random() * 9)
  }
  if (user_id !== null) events.push(...mailsOf(person, firstAt, now))
  return events
}

/** The newsletters that somebody gets, each on its morning, until they bounce or opt out; some have a mail programme that fetches the picture by itself. */
function mailsOf({ number, random, visitor }: Person, knownAt: number, now: number): Draft[] {
  const events: Draft[] = []
  const prefetches = number % 10 === 3
  for (let letter = 1; letter <= NEWSLETTERS.length; letter++) {
    const morning = Math.floor((now - DAYS * DAY_MS) / DAY_MS) * DAY_MS + (FIRST_LETTER_DAY + (letter - 1) * LETTER_DAYS) * DAY_MS + 9 * HOUR_MS
    const ts = morning + number * MS_A_MAIL
    if (ts < knownAt) continue
    const mail = { family: 'email', project: 'email', source: 'email', campaignId: letter, leadId: number + 1, address: null, userAgent: null, agentSeen: false } as const
    if (number % 60 === 13) {
      events.push({ ...mail, name: 'email_bounced', ts, properties: '{"reason":"550 5.1.1 no such mailbox"}' })
      break
    }
    events.push({ ...mail, name: 'email_sent', ts })
    if (prefetches) events.push({ ...mail, name: 'email_opened', ts: ts + 4_000, verdict: { machine: true, reason: 'soon_after_sending' } })
    if (random() > 0.45) continue
    const opened = Math.floor(ts + MINUTE_MS + random() ** 2 * 40 * HOUR_MS)
    events.push({ ...mail, ...visitor, name: 'email_opened', ts: opened })
    if (random() < 0.3) events.push({ ...mail, ...visitor, name: 'email_clicked', ts: opened + 30_000, destinationUrl: `${SITE}/news/${letter}` })
    if (random() < 0.02) {
      events.push({ ...mail, ...visitor, name: 'email_unsubscribed', ts: opened + MINUTE_MS })
      break
    }
  }
  return events
}
