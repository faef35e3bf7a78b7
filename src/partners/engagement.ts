import { DAY_MS, iso } from '../core/time.ts'
import { hostOf, siteName } from '../core/urls.ts'
import type { Reporter } from '../reports/index.ts'
import type { Row } from '../store/sql.ts'
import { CONVERSION } from '../tracking/index.ts'

const COUNTS = ['events', 'human_events', 'machine_events'] as const
type Counts = Record<(typeof COUNTS)[number], number>
const LARGEST = 100
/** More hosts than sites are shown: several may be one site's. */
const HOSTS = 1_000
const RECENT = 50

/** The questions behind a partner's numbers, as values, about the events of one scope. `today` is the UTC midnight (ms) at which the last of the `days` begins. */
export function engagementReports(trackingId: string, days: number, today: number) {
  const all = { where: {}, range: { from: null, to: null } }
  return {
    scope: { ...all, where: { referrer: trackingId } },
    byEvent: { ...all, metrics: COUNTS, by: ['event'] },
    byDay: { metrics: COUNTS, by: ['time'], where: {}, range: { from: today - (days - 1) * DAY_MS, to: today + DAY_MS } },
    byCampaign: { ...all, metrics: COUNTS, by: ['campaign'], limit: LARGEST },
    byDestination: { ...all, metrics: COUNTS, by: ['destination_host'], where: { name: CONVERSION }, limit: HOSTS },
    recent: { ...all, columns: ['ts', 'name', 'campaign', 'destination_url', 'machine'], limit: RECENT },
  } as const
}

/**
 * A partner's numbers. Counts hold all events of the referrer, people's and machines'; conversions are the outbound ones, and
 * the rate is people's alone, a rounded percentage. Public are the totals and the last `days` by UTC day, newest first; private
 * the campaigns, destinations and latest events as well.
 */
export async function engagement(reporter: Reporter, trackingId: string, { access, days, now }: { access: 'public' | 'private'; days: number; now: number }) {
  const today = now - (now % DAY_MS)
  const { scope, byEvent, byDay, byCampaign, byDestination, recent } = engagementReports(trackingId, days, today)
  const [events = [], perDay = [], campaigns = [], destinations = [], latest = []] = await reporter.together(
    scope,
    access === 'public' ? [byEvent, byDay] : [byEvent, byDay, byCampaign, byDestination, recent],
  )
  const all = sum(events)
  const conversions = sum(events.filter(({ event }) => event === CONVERSION))
  const ofDay = new Map(perDay.map((row) => [row.time, row]))
  return {
    trackingId,
    access,
    totalClicks: all.events,
    humanClicks: all.human_events,
    machineClicks: all.machine_events,
    totalConversions: conversions.events,
    humanConversions: conversions.human_events,
    machineConversions: conversions.machine_events,
    conversionRate: all.human_events === 0 ? 0 : Math.round((100 * conversions.human_events) / all.human_events),
    topCampaigns: campaigns.flatMap((row) => (row.campaign === null ? [] : [{ campaign: row.campaign as string, ...clicks(row) }])),
    destinations: bySite(destinations).slice(0, LARGEST),
    recentActivity: latest.map(({ ts, campaign, destination_url, name, machine }) => ({
      timestamp: iso(ts as number),
      campaign,
      destination: destination_url === null ? null : siteOf(destination_url as string),
      eventType: name === CONVERSION ? CONVERSION : 'inbound',
      machine,
    })),
    clicksByDay: Array.from({ length: days }, (_, ago) => {
      const time = today - ago * DAY_MS
      return { date: iso(time).slice(0, 10), ...clicks(ofDay.get(time) ?? NOTHING) }
    }),
  }
}

const NOTHING: Counts = { events: 0, human_events: 0, machine_events: 0 }

/** The rows of one site's hosts as one, the most clicks first. */
function bySite(rows: readonly Row[]) {
  const sites = new Map<string, Row[]>()
  for (const row of rows) {
    const name = row.destination_host === null ? null : siteOf(`https://${row.destination_host as string}`)
    if (name !== null) sites.set(name, [...(sites.get(name) ?? []), row])
  }
  return [...sites].map(([name, hosts]) => ({ name, ...clicks(sum(hosts)) })).sort((a, b) => b.clicks - a.clicks)
}

function siteOf(url: string): string | null {
  const host = hostOf(url)
  return host === null ? null : siteName(host)
}

function sum(rows: readonly Row[]): Counts {
  const total = { ...NOTHING }
  for (const row of rows) for (const name of COUNTS) total[name] += row[name] as number
  return total
}

function clicks(row: Row | Counts) {
  return { clicks: row.events as number, humanClicks: row.human_events as number, machineClicks: row.machine_events as number }
}
