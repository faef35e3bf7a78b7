import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { onEveryEngine } from '../../test/support/engines.ts'
import { type TestStore, openStore } from '../../test/support/store.ts'
import type { Cell } from '../store/engine.ts'
import { EVENTS_CHANGED, STORED_COLUMN_NAMES } from '../store/events.ts'
import type { Sql } from '../store/sql.ts'
import type { Report } from './report.ts'
import { type Reporter, createReporter } from './run.ts'

/** An event as it comes, of somebody who may be signed in. */
interface Coming {
  project: string
  name: string
  ts: number | null
  user: string | null
  visitor: string
  plan: string | null
}

/** Something that happens to the store, or a question. */
type Happening = { comes: Coming[] } | { renames: [string, string] } | { leaves: string } | { asks: Asked }

interface Asked {
  what: 'report' | 'list' | 'breakdown' | 'funnel' | 'paths' | 'retention'
  report: Report
}

const kind = fc.constantFrom('open', 'buy', 'leave')
const moment = fc.integer({ min: 0, max: 9 })
const coming: fc.Arbitrary<Coming> = fc.record({
  project: fc.constantFrom('one', 'two'),
  name: kind,
  ts: fc.option(moment, { freq: 8 }),
  user: fc.option(fc.constantFrom('ann', 'bob'), { freq: 1 }),
  visitor: fc.constantFrom('v1', 'v2', 'v3'),
  plan: fc.option(fc.constantFrom('team', 'free')),
})
const scope = fc.record({
  where: fc.record({ project: fc.constantFrom('one', 'two'), name: fc.oneof(kind, fc.constant(['open', 'buy'])) }, { requiredKeys: [] }),
  properties: fc.constantFrom({}, { plan: 'team' }),
  range: fc.record({ from: fc.option(moment), to: fc.option(moment) }),
})
const asking: fc.Arbitrary<Asked> = fc.record({
  what: fc.constantFrom('report', 'list', 'breakdown', 'funnel', 'paths', 'retention'),
  report: fc.tuple(scope, fc.constantFrom<Report['metrics']>(['events'], ['events', 'users'], ['visitors', 'last_at'])).map(([one, metrics]) => ({ ...one, metrics })),
})
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ comes: fc.array(coming, { minLength: 1, maxLength: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ renames: fc.tuple(kind, kind) }) },
  { weight: 1, arbitrary: fc.record({ leaves: kind }) },
  { weight: 6, arbitrary: fc.record({ asks: asking }) },
)

onEveryEngine('answers that are given again', (engine) => {
  let store: TestStore
  beforeEach(async () => {
    store = await openStore(engine)
  })
  afterEach(() => store.close())

  const reporterOn = (sql: Sql): Reporter => createReporter({ sql, engine: engine.name, settled: async () => undefined, timeoutMs: 10_000, cacheMs: 0 })

  /** Stores events, and who their visitors are, as the loader does: all in one transaction, each with a number. */
  const load = (events: readonly Coming[]) =>
    store.engine.transaction('events', async (tx) => {
      await tx.rows(`update counters set value = value + ${events.length} where name = 'events'`)
      const [counter] = await tx.rows<{ value: number }>(`select value from counters where name = 'events'`)
      const last = counter?.value ?? 0
      const rows = events.map(({ project, name, ts, user, visitor, plan }, at) => {
        const seq = last - events.length + 1 + at
        const cells: Record<string, Cell> = { id: `e${seq}`, project, source: 'product', name, ts, received_at: 0, user_id: user, anonymous_id: visitor, person: user === null ? `a:${visitor}` : `u:${user}`, machine: false, properties: JSON.stringify({ plan }), seq }
        return STORED_COLUMN_NAMES.map((column) => cells[column] ?? null)
      })
      await tx.append('events', STORED_COLUMN_NAMES, rows)
      for (const { project, user, visitor } of events) {
        if (user !== null) await tx.rows('insert into person_aliases (project, alias, person, created_at) values ($1, $2, $3, 0) on conflict do nothing', [project, `a:${visitor}`, `u:${user}`])
      }
    })
  const change = (text: string, values: string[]) =>
    store.engine.transaction('events', async (tx) => {
      await tx.rows(text, values)
      await tx.rows(EVENTS_CHANGED)
    })

  /** The reporter's answer to a question of any kind. */
  const answerOf = (reporter: Reporter, { what, report }: Asked): Promise<unknown> => {
    if (what === 'list') return reporter.list({ ...report, columns: ['id', 'name', 'ts'], limit: 3 })
    if (what === 'breakdown') return reporter.breakdown({ ...report, parts: ['event', 'source'], limit: 5 })
    if (what === 'funnel') return reporter.funnel({ ...report, steps: ['open', 'buy'], windowMs: null })
    if (what === 'paths') return reporter.paths({ ...report, eventName: 'open', direction: 'after', steps: 2, limit: 5 })
    if (what === 'retention') return reporter.retention({ ...report, interval: 'day', periods: 2 })
    return reporter.run({ ...report, by: ['event'] })
  }

  test('equal those that are asked anew, whatever comes, is changed or goes meanwhile', async () => {
    let again = 0
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { minLength: 10, maxLength: 40 }), fc.array(asking, { minLength: 1, maxLength: 3 }), async (happenings, watched) => {
        await change('delete from events', [])
        await change('delete from person_aliases', [])
        let asked = 0
        const counting: Sql = { ...store.sql, rows: (text, ...more) => (/^select (count\(\*\) as added|state)/.test(text) ? store.sql.rows(text, ...more) : (asked++, store.sql.rows(text, ...more))) }
        const reporter = reporterOn(counting)
        for (const one of happenings) {
          if ('comes' in one) await load(one.comes)
          else if ('renames' in one) await change('update events set name = $2 where name = $1', one.renames)
          else if ('leaves' in one) await change('delete from events where name = $1', [one.leaves])
          for (const each of 'asks' in one ? [one.asks] : watched) {
            const before = asked
            expect({ each, answer: await answerOf(reporter, each) }).toEqual({ each, answer: await answerOf(reporterOn(store.sql), each) })
            if (asked === before) again++
          }
        }
      }),
      { numRuns: 25 },
    )
    // Not one of them would be, if each thing that happens had everything asked anew.
    expect(again).toBeGreaterThan(50)
  }, 120_000)

  test('are asked anew when somebody turns out to be somebody else, by an event of another kind', async () => {
    const event: Coming = { project: 'one', name: 'open', ts: 1, user: null, visitor: 'v1', plan: null }
    await load([event, { ...event, user: 'ann', visitor: 'v2' }])
    const reporter = reporterOn(store.sql)
    const report: Report = { metrics: ['users'], where: { project: 'one', name: 'open' }, range: { from: null, to: null } }
    expect(await reporter.run(report)).toEqual([{ users: 2 }])
    await load([{ ...event, name: 'buy', user: 'ann', ts: null }])
    expect(await reporter.run(report)).toEqual([{ users: 1 }])
  })

  test('are asked anew of a server that has taken over, whose numbers may be of other events', async () => {
    const event: Coming = { project: 'one', name: 'open', ts: 1, user: null, visitor: 'v1', plan: null }
    await load([event])
    let server = 'the first'
    const reporter = reporterOn({ ...store.sql, rows: async (text, ...more) => (await store.sql.rows<never>(text, ...more)).map((row: object) => ('server' in row ? { ...row, server } : row)) as never })
    const report: Report = { metrics: ['events'], where: { name: 'open' }, range: { from: null, to: null } }
    expect(await reporter.run(report)).toEqual([{ events: 1 }])
    // The other server lacks the event that came last, gave its number to another, and one that does not concern the report came behind.
    await store.sql.write([{ text: 'delete from events' }])
    await load([{ ...event, name: 'buy' }])
    expect(await reporter.run(report)).toEqual([{ events: 1 }])
    server = 'the second'
    expect(await reporter.run(report)).toEqual([{ events: 0 }])
  })
})
