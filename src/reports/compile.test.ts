import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Dialect, duckdbDialect, postgresDialect } from '../store/dialect.ts'
import type { Statement } from '../store/sql.ts'
import { compile, compileBreakdown, compileList } from './compile.ts'
import { compileFunnel } from './funnel.ts'
import { DIMENSIONS, type PlainDimension } from './dimensions.ts'
import { DIMENSION_NAMES, METRIC_NAMES } from './index.ts'
import { compilePaths } from './paths.ts'
import { type By, FILTERS, type Report, type Scope, type Where } from './report.ts'
import { compileRetention } from './retention.ts'

/** Marked, so that the SQL's text can be searched for it. */
const text = fc.string({ unit: 'binary', maxLength: 20 }).map((rest) => `§${rest}' or 1=1; --"$1`)
const range = fc.record({ from: fc.option(fc.maxSafeInteger()), to: fc.option(fc.maxSafeInteger()) })
const where: fc.Arbitrary<Where> = fc.dictionary(fc.constantFrom(...FILTERS), fc.oneof(text, fc.array(text), fc.boolean()), { noNullPrototype: true })
const scope: fc.Arbitrary<Scope> = fc.record({ where, properties: fc.dictionary(text, text, { maxKeys: 10, noNullPrototype: true }), range })
const shifts = fc.array(fc.record({ from: fc.maxSafeInteger(), offset: fc.integer({ min: -43_200_000, max: 50_400_000 }) }), { maxLength: 4 })
const by: fc.Arbitrary<By[]> = fc.uniqueArray(fc.oneof(fc.constantFrom(...DIMENSION_NAMES), text.map((property) => ({ property }))), { maxLength: 4 })

const statements = (dialect: Dialect): fc.Arbitrary<Statement> =>
  fc.oneof(
    fc
      .record({ scope, metrics: fc.subarray(METRIC_NAMES, { minLength: 1 }), by, interval: fc.constantFrom('hour', 'day', 'week', 'month'), limit: fc.nat(), shifts })
      .map(({ scope: about, shifts: set, ...rest }) => compile({ ...about, ...rest }, { dialect, shifts: set })),
    fc.record({ scope, limit: fc.nat(), after: fc.option(fc.record({ ts: fc.maxSafeInteger(), id: text })) }).map(({ scope: about, ...rest }) => compileList({ ...about, columns: ['id', 'ts'], ...rest }, dialect)),
    fc
      .record({ scope, metrics: fc.subarray(METRIC_NAMES, { minLength: 1 }), parts: fc.subarray(Object.keys(DIMENSIONS) as PlainDimension[], { minLength: 1 }), limit: fc.nat() })
      .map(({ scope: about, ...rest }) => compileBreakdown({ ...about, ...rest }, dialect)),
    fc.record({ scope, steps: fc.array(text, { minLength: 2, maxLength: 20 }), windowMs: fc.option(fc.nat()) }).map(({ scope: about, ...rest }) => compileFunnel({ ...about, ...rest }, dialect)),
    fc
      .record({ scope, interval: fc.constantFrom('day', 'week'), periods: fc.nat(90), shifts })
      .map(({ scope: about, shifts: set, ...rest }) => compileRetention({ ...about, ...rest }, { dialect, shifts: set })),
    fc
      .record({ scope, eventName: text, direction: fc.constantFrom('after', 'before'), steps: fc.integer({ min: 1, max: 5 }), limit: fc.nat() })
      .map(({ scope: about, ...rest }) => compilePaths({ ...about, ...rest }, dialect)),
  )

describe.each([['duckdb', duckdbDialect], ['postgres', postgresDialect]])('compiled for %s, a report', (_, dialect) => {
  test('has what a caller chose as parameters alone, each of them used', () => {
    fc.assert(
      fc.property(statements(dialect), ({ text: sql, values = [] }) => {
        expect(sql).not.toContain('§')
        expect(sql).not.toMatch(/;|--/)
        const used = new Set([...sql.matchAll(/\$(\d+)/g)].map(([, place]) => Number(place)))
        expect([...used].sort((a, b) => a - b)).toEqual(values.map((__, at) => at + 1))
      }),
      { numRuns: 2_000 },
    )
  })

  test('of no scope at all leaves out events without a time', () => {
    const report: Report = { metrics: ['events'], where: {}, range: { from: null, to: null } }
    expect(compile(report, { dialect, shifts: [] })).toEqual({
      text: ['select count(*) as events', 'from events', 'where ts is not null'].join('\n'),
      values: [],
      scope: report,
    })
  })

  test('lists no column that the events have not', () => {
    expect(() => compileList({ columns: ['id', 'secret'], where: {}, range: { from: null, to: null }, limit: 1 }, dialect)).toThrow('events have no column secret')
  })
})
