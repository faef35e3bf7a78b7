import { iso } from '../../core/time.ts'
import { offsetAt } from '../../core/zones.ts'
import { type Range, type Report, type Reporter, type Scope, fill } from '../../reports/index.ts'

/** The project of all events of mails. */
const EMAIL_PROJECT = 'email'
const METRICS = ['events', 'machine_events', 'leads', 'human_leads'] as const
const TOP = 20

type Counts = Record<(typeof METRICS)[number], number>
type Named = Counts & { event: string }

/** The questions behind the numbers of a campaign, or of all of them, as values. */
function campaignReports(campaignId: number | null, range: Range): { scope: Scope; questions: Report[] } {
  const scope = { where: { project: EMAIL_PROJECT, ...(campaignId === null ? {} : { campaign_id: campaignId }) }, range }
  return {
    scope,
    questions: [
      { ...scope, metrics: METRICS, by: ['event'] },
      { ...scope, metrics: METRICS, by: ['time', 'event'] },
      { ...scope, metrics: ['human_leads', 'events', 'machine_events'], where: { ...scope.where, name: 'email_clicked' }, by: ['destination_url'], limit: TOP },
    ],
  }
}

/** A campaign's numbers in a range: counts of everything, unique ones and rates of people. All of one moment; days are a zone's. */
export async function campaignAnalytics(reporter: Reporter, campaignId: number | null, range: Range, timezone: string) {
  const { scope, questions } = campaignReports(campaignId, range)
  const [totals = [], days = [], links = []] = await reporter.together({ ...scope, timezone }, questions)
  return {
    campaign_id: campaignId,
    ...numbersOf(totals as Named[]),
    top_links: (links as (Counts & { destination_url: string })[]).map((link) => ({ url: link.destination_url, clicks: link.events, unique_clicks: link.human_leads, machine_clicks: link.machine_events })),
    by_day: daysOf(days as (Named & { time: number })[], range, timezone),
  }
}

/** The totals alone of a campaign in a range, or of all of them. */
export async function campaignNumbers(reporter: Reporter, campaignId: number | null, range: Range) {
  const [totals] = campaignReports(campaignId, range).questions
  return numbersOf((await reporter.run(totals as Report)) as Named[])
}

/** Campaigns with the numbers of each beside them, of all time. One statement. */
export async function withNumbers<C extends { id: number }>(reporter: Reporter, campaigns: readonly C[]) {
  const rows = (await reporter.run({ metrics: METRICS, by: ['campaign_id', 'event'], where: { project: EMAIL_PROJECT }, range: { from: null, to: null } })) as (Named & { campaign_id: number | null })[]
  return campaigns.map((campaign) => ({ ...campaign, numbers: numbersOf(rows.filter((row) => row.campaign_id === campaign.id)) }))
}

const NOTHING: Counts = { events: 0, machine_events: 0, leads: 0, human_leads: 0 }

function numbersOf(rows: readonly Named[]) {
  const of = countsOf(rows)
  const [sent, opened, clicked] = [of('email_sent').events, of('email_opened'), of('email_clicked')]
  const unsubscribes = of('email_unsubscribed').leads
  return {
    sent,
    bounced: of('email_bounced').events,
    opens: { total: opened.events, unique: opened.human_leads, machine: opened.machine_events },
    clicks: { total: clicked.events, unique: clicked.human_leads, machine: clicked.machine_events },
    unsubscribes,
    open_rate: percentage(opened.human_leads, sent),
    click_rate: percentage(clicked.human_leads, sent),
    click_to_open_rate: percentage(clicked.human_leads, opened.human_leads),
    unsubscribe_rate: percentage(unsubscribes, sent),
  }
}

function countsOf(rows: readonly Named[]): (event: string) => Counts {
  const known = new Map(rows.map((row) => [row.event, row]))
  return (event) => known.get(event) ?? NOTHING
}

function daysOf(rows: readonly (Named & { time: number })[], range: Range, zone: string) {
  const byTime = new Map<number, Named[]>()
  for (const row of rows) byTime.set(row.time, [...(byTime.get(row.time) ?? []), row])
  return fill([...byTime].map(([time, named]) => ({ time, named })), range, 'day', zone, { named: [] }).map(({ time, named }) => {
    const of = countsOf(named)
    return {
      date: iso(time + offsetAt(zone, time)).slice(0, 10),
      sent: of('email_sent').events,
      bounced: of('email_bounced').events,
      opens: of('email_opened').events,
      unique_opens: of('email_opened').human_leads,
      clicks: of('email_clicked').events,
      unique_clicks: of('email_clicked').human_leads,
      unsubscribes: of('email_unsubscribed').leads,
    }
  })
}

/** With two decimals; of nothing it is 0. */
function percentage(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 100
}
