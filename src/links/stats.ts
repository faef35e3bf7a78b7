import { iso } from '../core/time.ts'
import type { Range, Report, Reporter } from '../reports/index.ts'

const CLICKS = ['events', 'human_events', 'machine_events', 'visitors'] as const
const LARGEST = 100
const RECENT = 50

/** The questions behind a link's numbers, as values. */
export function linkReports(trackingId: string, range: Range) {
  const base = { metrics: CLICKS, where: { source: 'link', tracking_id: trackingId }, range } satisfies Report
  return {
    total: base,
    byDay: { ...base, by: ['time'] },
    byClickSource: { ...base, by: ['click_source'], limit: LARGEST },
    byReferrer: { ...base, by: ['referrer_host'], limit: LARGEST },
    recent: {
      columns: ['id', 'ts', 'click_source', 'referrer_url', 'session_id', 'country', 'browser', 'os', 'device', 'machine', 'machine_reason'],
      where: base.where,
      range,
      limit: RECENT,
    },
  } as const
}

/** A link's numbers in a range: totals, by day, by click source, by referring site, and the last clicks. */
export async function linkStats(reporter: Reporter, trackingId: string, range: Range) {
  const reports = linkReports(trackingId, range)
  const [[total], byDay, byClickSource, byReferrer, recent] = await Promise.all([
    reporter.run(reports.total),
    reporter.series(reports.byDay),
    reporter.run(reports.byClickSource),
    reporter.run(reports.byReferrer),
    reporter.list(reports.recent),
  ])
  return {
    tracking_id: trackingId,
    ...counts(total as Counts),
    by_day: byDay.map((row) => ({ date: iso(row.time).slice(0, 10), ...counts(row as unknown as Counts) })),
    by_click_source: byClickSource.map((row) => ({ click_source: row.click_source, ...counts(row as Counts) })),
    by_referrer: byReferrer.map((row) => ({ referrer: row.referrer_host, ...counts(row as Counts) })),
    recent: recent.map(({ id, ts, ...rest }) => ({ click_id: id, clicked_at: iso(ts as number), ...rest })),
  }
}

/** Links with the clicks of each beside them, of all time. One statement. */
export async function withClicks<L extends { tracking_id: string }>(reporter: Reporter, links: readonly L[]) {
  if (links.length === 0) return []
  const metrics = ['events', 'human_events', 'machine_events'] as const
  const where = { source: 'link', tracking_id: links.map(({ tracking_id }) => tracking_id) }
  const rows = await reporter.run({ metrics, by: ['tracking_id'], where, range: { from: null, to: null } })
  const known = new Map(rows.map((row) => [row.tracking_id, row]))
  return links.map((link) => {
    const row = known.get(link.tracking_id)
    return { ...link, clicks: row?.events ?? 0, human_clicks: row?.human_events ?? 0, machine_clicks: row?.machine_events ?? 0 }
  })
}

type Counts = Record<(typeof CLICKS)[number], number>

function counts(row: Counts) {
  return { clicks: row.events, human_clicks: row.human_events, machine_clicks: row.machine_events, unique_visitors: row.visitors }
}
