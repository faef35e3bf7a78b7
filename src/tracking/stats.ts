import { iso } from '../core/time.ts'
import { cursorOf } from '../http/cursor.ts'
import type { Range, Reporter, Scope } from '../reports/index.ts'
import type { Row } from '../store/sql.ts'

const COUNTS = ['events', 'human_events', 'machine_events'] as const
/** What tells a conversion from every other event of a referrer. */
export const CONVERSION = 'outbound'
const LARGEST = 100
const PARTS = ['referrer', 'campaign', 'landing_page'] as const
const UTM_PARTS = ['utm_source', 'utm_medium', 'utm_campaign'] as const
const COLUMNS = ['id', 'referrer', 'campaign', 'ts', 'landing_page', 'original_source', 'destination_url', 'name', 'machine']

/** All events of a range that somebody is named for: captures, and clicks of links with a `partner`. */
function trackingScope(range: Range): Scope {
  return { where: {}, with: 'referrer', range }
}

/** The events of one referrer, by its tracking id: those that a partner's own numbers hold. */
function referrerScope(referrer: string, range: Range): Scope {
  return { where: { referrer }, range }
}

/** Every event with a referrer in a range, or those of one campaign, in numbers: whole, by referrer, campaign and landing page, with `utm` also by what addresses say, and the last of them. Two statements. */
export async function trackingStats(reporter: Reporter, range: Range, { campaign, utm, limit }: { campaign?: string | undefined; utm: boolean; limit: number }) {
  const whole = trackingScope(range)
  const scope = campaign === undefined ? whole : { ...whole, where: { ...whole.where, campaign } }
  const [{ total, parts }, recent] = await Promise.all([
    reporter.breakdown({ ...scope, metrics: COUNTS, parts: utm ? [...PARTS, ...UTM_PARTS] : PARTS, limit: LARGEST }),
    reporter.list({ ...scope, columns: COLUMNS, limit }),
  ])
  const [byReferrer, byCampaign, byLandingPage] = PARTS.map((name) => mapsOf(parts[name].rows, name)) as [Maps, Maps, Maps]
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
    ...(utm ? utmMaps(parts) : {}),
    truncated: Object.values(parts).some(({ more }) => more),
    recent: recent.map((row) => eventView(row as unknown as EventRow)),
  }
}

function utmMaps(parts: Record<(typeof UTM_PARTS)[number], { rows: Row[] }>) {
  const [source, medium, campaign] = UTM_PARTS.map((name) => mapsOf(parts[name].rows, name)) as [Maps, Maps, Maps]
  return {
    byUtmSource: source.events,
    humanByUtmSource: source.human_events,
    machineByUtmSource: source.machine_events,
    byUtmMedium: medium.events,
    humanByUtmMedium: medium.human_events,
    machineByUtmMedium: medium.machine_events,
    byUtmCampaign: campaign.events,
    humanByUtmCampaign: campaign.human_events,
    machineByUtmCampaign: campaign.machine_events,
  }
}

/** One referrer's events in numbers, whole and by campaign, and a page of them, newest first. Two statements. */
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

/** For each count a map by name; a click of a link names no landing page, and may name no campaign. `fromEntries` takes any name, `__proto__` too. */
function mapsOf(rows: readonly Record<string, unknown>[], column: string) {
  const map = (count: (typeof COUNTS)[number]) => Object.fromEntries(rows.flatMap((row) => (row[column] === null ? [] : [[row[column] as string, row[count] as number]])))
  return { events: map('events'), human_events: map('human_events'), machine_events: map('machine_events') }
}

type Maps = ReturnType<typeof mapsOf>

interface EventRow {
  id: string
  referrer: string
  campaign: string | null
  ts: number
  landing_page: string | null
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
    eventType: row.name === CONVERSION ? CONVERSION : 'inbound',
    machine: row.machine,
  }
}
