import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DAY_MS, iso } from '../core/time.ts'
import { fillDays } from './series.ts'

const day = (date: string) => Date.parse(`${date}T00:00:00Z`)
const row = (date: string, events: number) => ({ time: day(date), events })
const filled = (rows: ReturnType<typeof row>[], from: string | null, to: string | null) =>
  fillDays(rows, { from: from === null ? null : Date.parse(from), to: to === null ? null : Date.parse(to) }, { events: 0 }).map(({ time, events }) => `${iso(time).slice(0, 10)} ${events}`)

describe('a daily series', () => {
  test.each<[string, ReturnType<typeof row>[], string | null, string | null, string[]]>([
    ['of nothing, without a range, is nothing', [], null, null, []],
    ['of nothing, with half a range, is nothing', [], '2026-11-01', null, []],
    ['of nothing, in a range, is its days', [], '2026-11-01', '2026-11-03', ['2026-11-01 0', '2026-11-02 0']],
    ['fills its gaps', [row('2026-11-01', 2), row('2026-11-04', 1)], null, null, ['2026-11-01 2', '2026-11-02 0', '2026-11-03 0', '2026-11-04 1']],
    ['begins with its range', [row('2026-11-02', 2)], '2026-11-01T12:00:00Z', null, ['2026-11-01 0', '2026-11-02 2']],
    ['ends with its range', [row('2026-11-02', 2)], null, '2026-11-04T00:00:00Z', ['2026-11-02 2', '2026-11-03 0']],
    ['has the day in which its range ends', [row('2026-11-02', 2)], null, '2026-11-03T00:00:00.001Z', ['2026-11-02 2', '2026-11-03 0']],
    ['crosses the end of a year', [row('2025-12-31', 1), row('2026-01-02', 1)], null, null, ['2025-12-31 1', '2026-01-01 0', '2026-01-02 1']],
    ['knows the leap day', [row('2024-02-28', 1), row('2024-03-01', 1)], null, null, ['2024-02-28 1', '2024-02-29 0', '2024-03-01 1']],
    ['knows that 2100 has none', [row('2100-02-28', 1), row('2100-03-01', 1)], null, null, ['2100-02-28 1', '2100-03-01 1']],
    ['is as long on the days on which clocks change', [row('2026-03-28', 1), row('2026-03-30', 1)], null, null, ['2026-03-28 1', '2026-03-29 0', '2026-03-30 1']],
    ['begins before 1970', [row('1969-12-31', 1)], '1969-12-30T18:00:00Z', '1970-01-01T06:00:00Z', ['1969-12-30 0', '1969-12-31 1', '1970-01-01 0']],
  ])('%s', (_, rows, from, to, expected) => {
    expect(filled(rows, from, to)).toEqual(expected)
  })

  test('that would be longer than a thousand days is given as it is', () => {
    expect(filled([row('2000-01-01', 1), row('2026-01-01', 1)], null, null)).toEqual(['2000-01-01 1', '2026-01-01 1'])
    expect(filled([row('2026-01-01', 1)], '0001-01-01', null)).toEqual(['2026-01-01 1'])
    expect(filled([], '2026-01-01', iso(day('2026-01-01') + 1_000 * DAY_MS))).toHaveLength(1_000)
    expect(filled([], '2026-01-01', iso(day('2026-01-01') + 1_001 * DAY_MS))).toHaveLength(0)
  })

  test('loses no day and makes up none, wherever its range lies', () => {
    const at = fc.integer({ min: day('1900-01-01'), max: day('2100-01-01') })
    fc.assert(
      fc.property(at, fc.integer({ min: 1, max: 900 * DAY_MS }), fc.array(fc.nat(1_000_000), { maxLength: 10 }), (from, length, places) => {
        const range = { from, to: from + length }
        const days = [...new Set(places.map((place) => Math.floor((from + Math.floor((place / 1_000_001) * length)) / DAY_MS) * DAY_MS))].sort((a, b) => a - b)
        const series = fillDays(days.map((time) => ({ time, events: 1 })), range, { events: 0 })
        expect(series.filter(({ events }) => events > 0).map(({ time }) => time)).toEqual(days)
        expect(series.map(({ time }) => time)).toEqual(series.map((_, step) => Math.floor(from / DAY_MS) * DAY_MS + step * DAY_MS))
        expect(series.at(-1)?.time).toBe(Math.floor((from + length - 1) / DAY_MS) * DAY_MS)
      }),
    )
  })
})
