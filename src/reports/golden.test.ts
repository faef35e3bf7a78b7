import { describe, expect, test } from 'vitest'
import { type Dialect, duckdbDialect, postgresDialect } from '../store/dialect.ts'
import { compile, compileBreakdown, compileList, compileTogether } from './compile.ts'
import { DIMENSION_NAMES } from './index.ts'
import { METRICS, type MetricName } from './metrics.ts'
import { compileNews } from './news.ts'
import type { Statement } from '../store/sql.ts'
import type { Breakdown, EventList, Report } from './report.ts'

const FROM = Date.UTC(2026, 10, 1)
const TO = Date.UTC(2026, 11, 1)
const clicks = { source: 'link', tracking_id: 'abc' } as const
const counts = ['events', 'human_events', 'machine_events', 'visitors'] as const

/** The reports that are asked, each with the file in which a review reads its SQL. */
const reports: Record<string, Report> = {
  'totals': { metrics: counts, where: clicks, range: { from: null, to: null } },
  'totals-in-range': { metrics: counts, where: clicks, range: { from: FROM, to: TO } },
  'by-hour': { metrics: counts, by: ['time'], interval: 'hour', where: clicks, range: { from: FROM, to: TO } },
  'by-day': { metrics: counts, by: ['time'], interval: 'day', where: clicks, range: { from: FROM, to: null } },
  'by-week': { metrics: counts, by: ['time'], interval: 'week', where: clicks, range: { from: null, to: TO } },
  'by-month': { metrics: counts, by: ['time'], interval: 'month', where: clicks, range: { from: null, to: null } },
  'by-click-source': { metrics: counts, by: ['click_source'], limit: 100, where: clicks, range: { from: FROM, to: TO } },
  'by-two': { metrics: ['visitors', 'events'], by: ['country', 'browser'], limit: 10, where: { machine: false, campaign: ['a', 'b'] }, range: { from: FROM, to: TO } },
  'everything': { metrics: Object.keys(METRICS) as MetricName[], by: DIMENSION_NAMES, interval: 'month', where: { project: 'links' }, range: { from: FROM, to: TO } },
}
const breakdowns: Record<string, Breakdown> = {
  'tracking-stats': { metrics: ['events', 'human_events', 'machine_events'], parts: ['referrer', 'campaign', 'landing_page'], where: {}, with: 'referrer', range: { from: FROM, to: TO }, limit: 100 },
  'tracking-referrer': { metrics: ['events', 'human_events', 'machine_events'], parts: ['campaign'], where: { referrer: 'partner_john' }, range: { from: FROM, to: null }, limit: 100 },
}
const lists: Record<string, EventList> = {
  'list-behind': { columns: ['id', 'ts', 'campaign'], where: { project: 'tracking', referrer: 'partner_john' }, range: { from: FROM, to: TO }, after: { ts: TO - 1, id: 'x' }, limit: 50 },
  'list': { columns: ['id', 'ts', 'click_source'], where: clicks, range: { from: FROM, to: TO }, limit: 50 },
}
const email = { where: { project: 'email', campaign_id: 1 }, range: { from: FROM, to: null } }
const dialects: [name: string, dialect: Dialect][] = [['duckdb', duckdbDialect], ['postgres', postgresDialect]]

/** SQL with its parameters below it, as the golden files hold it. */
const golden = ({ text, values = [] }: { text: string; values?: readonly unknown[] }) => `${text}\n\n${values.map((value, at) => `-- $${at + 1} = ${JSON.stringify(value)}`).join('\n')}\n`

describe.each(dialects)('for %s', (engine, dialect) => {
  test.each(Object.entries(reports))('the report %s', async (name, report) => {
    await expect(golden(compile(report, { dialect, shifts: [] }))).toMatchFileSnapshot(`golden/${name}.${engine}.sql`)
  })

  test('the analytics of mails', async () => {
    const metrics = ['events', 'machine_events', 'leads', 'human_leads'] as const
    const questions: Report[] = [
      { ...email, metrics, by: ['event'] },
      { ...email, metrics, by: ['time', 'event'] },
      { ...email, metrics: ['human_leads', 'events', 'machine_events'], where: { ...email.where, name: 'email_clicked' }, by: ['destination_url'], limit: 20 },
    ]
    await expect(golden(compileTogether(email, questions, { dialect, shifts: [] }))).toMatchFileSnapshot(`golden/email-analytics.${engine}.sql`)
  })

  test('what came since an answer', async () => {
    const scope = { where: { project: 'shop', country: 'DE' }, properties: { plan: 'team' }, range: { from: FROM, to: TO } }
    const users = compile({ ...scope, metrics: ['events', 'users'] }, { dialect, shifts: [] })
    await expect(golden(compileNews(users, { after: 7, through: 9 }, dialect) as Statement)).toMatchFileSnapshot(`golden/news.${engine}.sql`)
    // To look at more than this would cost what asking anew does.
    expect(compileNews(users, { after: 7, through: 100_008 }, dialect)).toBeNull()
  })

  test('several questions together', async () => {
    const questions = [reports.totals, reports['by-day'], lists.list] as (Report | EventList)[]
    await expect(golden(compileTogether({ where: { referrer: 'partner' }, range: { from: null, to: null } }, questions, { dialect, shifts: [] }))).toMatchFileSnapshot(`golden/together.${engine}.sql`)
  })
})

test.each(Object.entries(breakdowns))('the breakdown %s is the same for every engine', async (name, breakdown) => {
  await expect(golden(compileBreakdown(breakdown, duckdbDialect))).toMatchFileSnapshot(`golden/${name}.sql`)
  expect(compileBreakdown(breakdown, postgresDialect)).toEqual(compileBreakdown(breakdown, duckdbDialect))
})

test.each(Object.entries(lists))('the %s of events is the same for every engine', async (name, list) => {
  await expect(golden(compileList(list, duckdbDialect))).toMatchFileSnapshot(`golden/${name}.sql`)
})

describe('what a caller chose', () => {
  const hostile = ["'; drop table events; --", '$1', '\\', '\0', '%', '"', '/*', "' or ''='"]

  test('is a parameter, never text', () => {
    for (const [, dialect] of dialects) {
      const plain = compile({ metrics: ['events'], where: { tracking_id: 'x', campaign: ['x'] }, range: { from: 1, to: 2 } }, { dialect, shifts: [] })
      for (const value of hostile) {
        const report: Report = { metrics: ['events'], where: { tracking_id: value, campaign: [value] }, range: { from: 1, to: 2 } }
        expect(compile(report, { dialect, shifts: [] })).toEqual({ text: plain.text, values: [value, [value], 1, 2], scope: report })
      }
    }
  })

  test('as a column that events do not have is an error of ours', () => {
    for (const column of ['password', '', 'id; drop table events', 'constructor', 'toString', '__proto__']) {
      expect(() => compileList({ columns: [column], where: {}, range: { from: null, to: null }, limit: 1 }, duckdbDialect)).toThrow(`events have no column ${column}`)
    }
  })
})
