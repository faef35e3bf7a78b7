import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { onEveryEngine } from '../../test/support/engines.ts'
import { type TestStore, openStore } from '../../test/support/store.ts'
import { Fault } from '../core/errors.ts'
import { DAY_MS, HOUR_MS } from '../core/time.ts'
import type { Cell } from '../store/engine.ts'
import { EVENTS_CHANGED, EVENT_COLUMN_NAMES } from '../store/events.ts'
import type { Interval } from '../core/zones.ts'
import type { Report } from './report.ts'
import { type Reporter, createReporter } from './run.ts'

/** An event as far as reports look at it. */
interface Fact {
  ts: number | null
  click_source: string | null
  country: string | null
  person: string | null
  machine: boolean
}

const METRICS = ['events', 'human_events', 'machine_events', 'visitors', 'human_visitors'] as const

const time = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: Date.UTC(2026, 9, 20), max: Date.UTC(2026, 11, 5) }) },
  { weight: 2, arbitrary: fc.integer({ min: -2e12, max: 2e12 }) },
  { weight: 1, arbitrary: fc.constantFrom(-62_135_596_800_000, -1, 0, 1, Date.UTC(2024, 1, 29), Date.UTC(2025, 11, 31, 23, 59, 59, 999), 253_402_300_799_999) },
  { weight: 1, arbitrary: fc.constant(null) },
)
const fact: fc.Arbitrary<Fact> = fc.record({
  ts: time,
  click_source: fc.constantFrom(null, 'linkedin', 'github', 'Ünï', "o'"),
  country: fc.constantFrom(null, 'DE', 'FR'),
  person: fc.constantFrom(null, 's:1', 's:2', 's:3'),
  machine: fc.boolean(),
})

onEveryEngine('reports', (engine) => {
  let store: TestStore
  let reporter: Reporter
  beforeAll(async () => {
    store = await openStore(engine)
    reporter = createReporter({ sql: store.sql, engine: engine.name, settled: async () => undefined, timeoutMs: 10_000, cacheMs: 0, explains: true })
  })
  afterAll(() => store.close())

  /** Makes these the only events there are, all of one link. */
  const given = async (facts: readonly Fact[]) => {
    await store.sql.write([{ text: 'delete from events' }])
    const rows = facts.map((one, at) => EVENT_COLUMN_NAMES.map((name): Cell => ({ id: `e${String(at).padStart(5, '0')}`, project: 'links', source: 'link', name: 'link_clicked', received_at: 0, tracking_id: 'x', ...one })[name as string] ?? null))
    await store.engine.transaction('events', async (tx) => {
      await tx.append('events', EVENT_COLUMN_NAMES, rows)
      await tx.rows(EVENTS_CHANGED)
    })
  }

  test('equal a recount in plain code, for any events, breakdown, interval and range', async () => {
    const question = fc.record({
      by: fc.constantFrom<('time' | 'click_source' | 'country')[]>([], ['time'], ['click_source'], ['country', 'click_source'], ['time', 'country']),
      interval: fc.constantFrom<Interval>('hour', 'day', 'week', 'month'),
      machine: fc.constantFrom(undefined, true, false),
      range: fc.record({ from: fc.option(time), to: fc.option(time) }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(fact, { maxLength: 60 }), fc.array(question, { minLength: 1, maxLength: 6 }), async (facts, questions) => {
        await given(facts)
        for (const { by, interval, machine, range } of questions) {
          const report: Report = { metrics: METRICS, by, interval, where: { source: 'link', tracking_id: 'x', ...(machine === undefined ? {} : { machine }) }, range }
          const wanted = facts.filter(({ ts, ...one }) => ts !== null && ts >= (range.from ?? -Infinity) && ts < (range.to ?? Infinity) && one.machine === (machine ?? one.machine))
          expect(byKey(await reporter.run(report), by)).toEqual(byKey(recount(wanted, by, interval), by))
        }
      }),
      { numRuns: 60 },
    )
  }, 120_000)

  test('by time are in its order; by anything else the largest come first, equal ones in a fixed order', async () => {
    await given(['b', 'a', 'c', 'a', null].map((click_source, at) => ({ ts: (4 - at) * DAY_MS, click_source, country: null, person: null, machine: false })))
    const base: Report = { metrics: ['events'], where: {}, range: { from: null, to: null } }
    expect((await reporter.run({ ...base, by: ['time'], interval: 'day' })).map((row) => row.time)).toEqual([0, 1, 2, 3, 4].map((day) => day * DAY_MS))
    expect((await reporter.run({ ...base, by: ['click_source'] })).map((row) => row.click_source)).toEqual(['a', 'b', 'c', null])
    expect((await reporter.run({ ...base, by: ['click_source'], limit: 2 })).map((row) => row.click_source)).toEqual(['a', 'b'])
  })

  test('lists are newest first, of those with a time, and bounded', async () => {
    await given([3, 1, null, 2, 3].map((ts) => ({ ts, click_source: null, country: null, person: null, machine: false })))
    const list = { columns: ['id', 'ts', 'machine', 'properties'], where: { tracking_id: 'x' }, range: { from: null, to: null }, limit: 3 }
    expect(await reporter.list(list)).toEqual([
      { id: 'e00004', ts: 3, machine: false, properties: null },
      { id: 'e00000', ts: 3, machine: false, properties: null },
      { id: 'e00003', ts: 2, machine: false, properties: null },
    ])
  })

  test('of a whole and its parts equal a report for each, and say where there are more', async () => {
    const question = fc.record({ parts: fc.subarray<'click_source' | 'country' | 'tracking_id'>(['click_source', 'country', 'tracking_id'], { minLength: 1 }), limit: fc.integer({ min: 1, max: 4 }), range: fc.record({ from: fc.option(time), to: fc.option(time) }) })
    await fc.assert(
      fc.asyncProperty(fc.array(fact, { maxLength: 40 }), fc.array(question, { minLength: 1, maxLength: 4 }), async (facts, questions) => {
        await given(facts)
        for (const { parts, limit, range } of questions) {
          const base = { metrics: METRICS, where: { source: 'link' }, range }
          const found = await reporter.breakdown({ ...base, parts, limit })
          expect(found.total).toMatchObject((await reporter.run(base))[0] as Row)
          for (const part of parts) {
            const rows = await reporter.run({ ...base, by: [part] })
            expect(found.parts[part].rows).toMatchObject(rows.slice(0, limit))
            expect([found.parts[part].rows.length, found.parts[part].more]).toEqual([Math.min(rows.length, limit), rows.length > limit])
          }
        }
      }),
      { numRuns: 40 },
    )
  }, 120_000)

  test('in pages hold each event once, also where many have the same time', async () => {
    await given([3, 1, null, 2, 3, 3, 2].map((ts) => ({ ts, click_source: null, country: null, person: null, machine: false })))
    const list = { columns: ['id', 'ts'], where: { tracking_id: 'x' }, range: { from: null, to: null } }
    const all = await reporter.list({ ...list, limit: 10 })
    const paged: object[] = []
    for (let after: { ts: number; id: string } | null = null; ; ) {
      const page = (await reporter.list({ ...list, after, limit: 2 })) as { ts: number; id: string }[]
      paged.push(...page)
      after = page[1] ?? null
      if (after === null) break
    }
    expect(all).toHaveLength(6)
    expect(paged).toEqual(all)
  })

  test('that are explained give their SQL, its parameters and the plan, also where a value looks like SQL', async () => {
    await given([{ ts: 1, click_source: 'x', country: null, person: null, machine: false }])
    const hostile = "x'; drop table events; --"
    const explained = await reporter.explained?.(async (watched) => {
      await watched.run({ metrics: ['events'], where: { tracking_id: hostile }, range: { from: 0, to: null } })
      await watched.breakdown({ metrics: ['events'], parts: ['country'], where: {}, range: { from: null, to: null }, limit: 5 })
    })
    expect(explained).toEqual([
      { sql: expect.stringMatching(/^select count/), parameters: [hostile, 0], plan: expect.stringMatching(/\d rows?|rows=\d/) },
      { sql: expect.stringMatching(/^with parts/), parameters: [6], plan: expect.stringMatching(/\d rows?|rows=\d/) },
    ])
    expect(await reporter.run({ metrics: ['events'], where: {}, range: { from: null, to: null } })).toEqual([{ events: 1 }])
  })

  test('join nobody one by one, however few the engine expects', async () => {
    await given(Array.from({ length: 300 }, (_, at) => ({ ts: at + 1, click_source: null, country: null, person: `p${at % 50}`, machine: false })))
    const explained = await reporter.explained?.((watched) => watched.funnel({ where: { project: 'links' }, steps: ['link_clicked', 'link_clicked', 'link_clicked', 'link_clicked'], windowMs: 10, range: { from: 0, to: null } }))
    expect(explained?.map(({ plan }) => [/join/i.test(plan), /nested.loop/i.test(plan)])).toEqual([[true, false]])
  })

  test('asked together have the rows, in their order, that each has alone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fact, { maxLength: 60 }), fc.array(fc.constantFrom('click_source', 'country', 'time', 'list', 'none'), { minLength: 1, maxLength: 6 }), fc.constantFrom('UTC', 'America/New_York', 'Asia/Kathmandu'), async (facts, wanted, timezone) => {
        await given(facts)
        const scope = { where: { source: 'link', tracking_id: 'x' }, range: { from: null, to: null }, timezone }
        const questions = wanted.map((by) => {
          if (by === 'list') return { ...scope, columns: ['id', 'ts', 'click_source', 'machine'], limit: 5 }
          return { ...scope, metrics: METRICS, by: by === 'none' ? [] : [by as 'time'], limit: 3 }
        })
        const alone = await Promise.all(questions.map((question) => ('columns' in question ? reporter.list(question) : reporter.run(question))))
        expect(await reporter.together(scope, questions)).toEqual(alone)
        const everything = { where: {}, range: scope.range, timezone }
        expect(await reporter.together(scope, questions.map((question) => ({ ...question, ...everything })))).toEqual(alone)
      }),
      { numRuns: 40 },
    )
  }, 120_000)

  describe('wait for what was acknowledged', () => {
    test('before they ask the store', async () => {
      const order: string[] = []
      const sql = { ...store.sql, rows: <T>(text: string, values?: Parameters<typeof store.sql.rows>[1]) => (order.push('asked'), store.sql.rows<T>(text, values)) }
      const waiting = createReporter({ sql, engine: engine.name, settled: async (timeoutMs) => void order.push(`settled within ${timeoutMs}`), timeoutMs: 1_234, cacheMs: 0 })
      await waiting.run({ metrics: ['events'], where: {}, range: { from: null, to: null } })
      // First what the store is like, then the rows.
      expect(order).toEqual(['settled within 1234', 'asked', 'asked'])
    })

    test('and fail when that takes too long', async () => {
      const late = createReporter({ sql: store.sql, engine: engine.name, settled: () => Promise.reject(new Fault('unavailable', 'Not yet.')), timeoutMs: 1, cacheMs: 0 })
      await expect(late.list({ columns: ['id'], where: {}, range: { from: null, to: null }, limit: 1 })).rejects.toMatchObject({ code: 'unavailable' })
    })
  })
})

type Row = Record<string, unknown>

function recount(facts: readonly Fact[], by: readonly string[], interval: Interval): Row[] {
  const groups = new Map<string, { key: Row; facts: Fact[] }>()
  for (const one of facts) {
    const key = Object.fromEntries(by.map((name) => [name, name === 'time' ? bucket(one.ts ?? 0, interval) : one[name as 'country']]))
    const group = groups.get(JSON.stringify(key)) ?? { key, facts: [] }
    group.facts.push(one)
    groups.set(JSON.stringify(key), group)
  }
  if (by.length === 0 && groups.size === 0) groups.set('', { key: {}, facts: [] })
  return [...groups.values()].map(({ key, facts: own }) => {
    const people = own.filter(({ machine }) => !machine)
    const visitors = (some: Fact[]) => new Set(some.flatMap(({ person }) => person ?? [])).size
    return { ...key, events: own.length, human_events: people.length, machine_events: own.length - people.length, visitors: visitors(own), human_visitors: visitors(people) }
  })
}

/** The start of the bucket, by the calendar. */
function bucket(ts: number, interval: Interval): number {
  const date = new Date(ts)
  if (interval === 'hour') return Math.floor(ts / HOUR_MS) * HOUR_MS
  date.setUTCHours(0, 0, 0, 0)
  if (interval === 'week') date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7))
  if (interval === 'month') date.setUTCDate(1)
  return date.getTime()
}

function byKey(rows: readonly Row[], by: readonly string[]): Record<string, Row> {
  return Object.fromEntries(rows.map((row) => [JSON.stringify(by.map((name) => row[name])), row]))
}
