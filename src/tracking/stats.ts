import { iso } from '../core/time.ts'
import { cursorOf } from '../http/cursor.ts'
import type { Range, Reporter, Scope } from '../reports/index.ts'
import { TRACKING_PROJECT } from './capture.ts'

const COUNTS = ['events', 'human_events', 'machine_events'] as const
const LARGEST = 100
const COLUMNS = ['id', 'referrer', 'campaign', 'ts', 'landing_page', 'original_source', 'destination_url', 'name', 'machine']

/** All captures of a range. */
export function trackingScope(range: Range): Scope {
  return { where: { project: TRACKING_PROJECT }, range }
}

/** The captures of one referrer, by its tracking id. */
export function referrerScope(referrer: string, range: Range): Scope {
  return { where: { project: TRACKING_PROJECT, referrer }, range }
}

/** All captures of a range in numbers: whole, by referrer, campaign and landing page, and the last of them. Two statements. */
export async function trackingStats(reporter: Reporter, range: Range, limit: number) {
  const scope = trackingScope(range)
  const [{ total, parts }, recent] = await Promise.all([
    reporter.breakdown({ ...scope, metrics: COUNTS, parts: ['referrer', 'campaign', 'landing_page'], limit: LARGEST }),
    reporter.list({ ...scope, columns: COLUMNS, limit }),
  ])
  const [byReferrer, byCampaign, byLandingPage] = [mapsOf(parts.referrer.rows, 'referrer'), mapsOf(parts.campaign.rows, 'campaign'), mapsOf(parts.landing_page.rows, 'landing_page')]
  return {
    totalEvents: total.events,
    humanEvents: total.human_events,
    machineEvents: total.machine_events,
    byReferrer: byReferrer.events,
    humanByReferrer: byReferrer.human_events,
    machineByReferrer: byReferrer.machine_events,
    byCampaign: byCampaign.events,
    humanByCampaign: byCampaign.human_events,
    machineByCampaign: byCampaign.machine_events,
    byLandingPage: byLandingPage.events,
    humanByLandingPage: byLandingPage.human_events,
    machineByLandingPage: byLandingPage.machine_events,
    truncated: Object.values(parts).some(({ more }) => more),
    recent: recent.map((row) => eventView(row as unknown as EventRow)),
  }
}

/** One referrer's captures in numbers, whole and by campaign, and a page of them, newest first. Two statements. */
export async function referrerStats(reporter: Reporter, referrer: string, range: Range, page: { limit: number; after: { ts: number; id: string } | null }) {
  const scope = referrerScope(referrer, range)
  const [{ total, parts }, rows] = await Promise.all([
    reporter.breakdown({ ...scope, metrics: COUNTS, parts: ['campaign'], limit: LARGEST }),
    reporter.list({ ...scope, columns: COLUMNS, ...page }),
  ])
  const campaigns = mapsOf(parts.campaign.rows, 'campaign')
  const last = rows.at(-1) as EventRow | undefined
  return {
    referrerId: referrer,
    totalClicks: total.events,
    humanClicks: total.human_events,
    machineClicks: total.machine_events,
    campaigns: campaigns.events,
    humanCampaigns: campaigns.human_events,
    machineCampaigns: campaigns.machine_events,
    truncated: parts.campaign.more,
    events: rows.map((row) => eventView(row as unknown as EventRow)),
    cursor: last && rows.length === page.limit ? cursorOf([last.ts, last.id]) : null,
  }
}

/** For each count a map by name. `fromEntries` takes any name, `__proto__` too. */
function mapsOf(rows: readonly Record<string, unknown>[], column: string) {
  const map = (count: (typeof COUNTS)[number]) => Object.fromEntries(rows.map((row) => [row[column] as string, row[count] as number]))
  return { events: map('events'), human_events: map('human_events'), machine_events: map('machine_events') }
}

interface EventRow {
  id: string
  referrer: string
  campaign: string
  ts: number
  landing_page: string
  original_source: string | null
  destination_url: string | null
  name: string
  machine: boolean
}

function eventView(row: EventRow) {
  return {
    id: row.id,
    referrer: row.referrer,
    campaign: row.campaign,
    timestamp: iso(row.ts),
    landingPage: row.landing_page,
    originalSource: row.original_source,
    destinationUrl: row.destination_url,
    eventType: row.name,
    machine: row.machine,
  }
}
