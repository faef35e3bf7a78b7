import { describe, expect, test } from 'vitest'
import { type Reporter, createReporter } from '../reports/index.ts'
import { EVENTS_STATE } from '../store/events.ts'
import type { Row, Sql, Value } from '../store/sql.ts'
import { type Question, conversion, funnel, overview, paths, retention, timeSeries, topEvents } from './answers.ts'

const JANUARY = { from: Date.UTC(2025, 0, 1), to: Date.UTC(2025, 1, 1) }
const question: Question = { where: { project: 'a1b2c3d4e5f6' }, range: JANUARY, timezone: 'UTC' }
const year: Question = { ...question, range: { from: Date.UTC(2025, 0, 1), to: Date.UTC(2026, 0, 1) }, timezone: 'Europe/Berlin' }
const filtered: Question = { ...question, properties: { 'a.b': 'pro', '$~/"': "o'neil" }, range: { from: null, to: null } }

/** Every report of the family, by the name its SQL is kept under. */
const reports: Record<string, (reporter: Reporter) => Promise<unknown>> = {
  overview: (reporter) => overview(reporter, question),
  'overview-filtered': (reporter) => overview(reporter, filtered),
  'top-events': (reporter) => topEvents(reporter, question, 10),
  'series-hour': (reporter) => timeSeries(reporter, { ...question, timezone: 'Asia/Kolkata' }, 'hour', null),
  'series-hour-cut': (reporter) => timeSeries(reporter, { ...question, range: { from: Date.UTC(2024, 9, 1), to: Date.UTC(2024, 10, 1) }, timezone: 'Australia/Lord_Howe' }, 'hour', null),
  'series-day': (reporter) => timeSeries(reporter, question, 'day', 'buy'),
  'series-week': (reporter) => timeSeries(reporter, year, 'week', null),
  'series-month': (reporter) => timeSeries(reporter, year, 'month', null),
  'series-open': (reporter) => timeSeries(reporter, { ...year, range: { from: null, to: null } }, 'day', null),
  funnel: (reporter) => funnel(reporter, question, ['open', 'view', 'buy'], null),
  'funnel-window': (reporter) => funnel(reporter, question, ['open', 'open'], 3_600_000),
  'funnel-long': (reporter) => funnel(reporter, question, ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'], null),
  conversion: (reporter) => conversion(reporter, question, 'buy'),
  'retention-day': (reporter) => retention(reporter, question, 'day', 7),
  'retention-week': (reporter) => retention(reporter, year, 'week', 8),
  'paths-after': (reporter) => paths(reporter, question, { eventName: 'open', direction: 'after', steps: 3, limit: 10 }),
  'paths-before': (reporter) => paths(reporter, question, { eventName: 'buy', direction: 'before', steps: 1, limit: 10 }),
  query: (reporter) => reporter.run({ ...year, metrics: ['events', 'users', 'sessions'], by: ['time', 'event', { property: 'plan' }], interval: 'week', limit: 1_000 }),
}

describe.each(['duckdb', 'postgres'] as const)('the SQL that %s is asked', (engine) => {
  test.each(Object.entries(reports))('for %s', async (name, ask) => {
    const asked: string[] = []
    // A store with nothing in it but the edges of what it was asked about.
    const sql: Sql = {
      rows: async <T = Row>(text: string, values: readonly Value[] = []) => {
        if (text.includes(EVENTS_STATE)) return [{ state: 1, server: '' }] as T[]
        asked.push(`${text};\n${values.map((value, at) => `-- $${at + 1} = ${JSON.stringify(value)}\n`).join('')}`)
        return (text.includes('first_at') ? [{ first_at: JANUARY.from, last_at: JANUARY.to }] : []) as T[]
      },
      write: () => Promise.reject(new Error('A report writes nothing.')),
    }
    await ask(createReporter({ sql, engine, settled: async () => undefined, timeoutMs: 10_000, cacheMs: 0 }))
    await expect(asked.join('\n')).toMatchFileSnapshot(`../reports/golden/product-${name}.${engine}.sql`)
  })
})
