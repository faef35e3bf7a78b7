import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DAY_MS, HOUR_MS, MINUTE_MS, iso, parseTime } from './time.ts'

const at = Date.UTC(2026, 10, 22, 14, 30)

describe('parseTime', () => {
  test.each([
    ['2026-11-22T14:30:00.000Z', at],
    ['2026-11-22T14:30:00Z', at],
    ['2026-11-22T14:30Z', at],
    ['2026-11-22t14:30:00z', at],
    ['2026-11-22 14:30:00', at],
    ['2026-11-22T14:30:00', at],
    ['2026-11-22T15:30:00+01:00', at],
    ['2026-11-22T15:30:00+0100', at],
    ['2026-11-22T15:30:00+01', at],
    ['2026-11-22T04:45:00-09:45', at],
    ['2026-11-22T14:30:00-00:00', at],
    ['2026-11-22T14:30:00.123456789Z', at + 123],
    ['2026-11-22T14:30:00,5Z', at + 500],
    ['2026-11-22', Date.UTC(2026, 10, 22)],
    ['2026-11-22T24:00:00Z', Date.UTC(2026, 10, 23)],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    ['2000-02-29', Date.UTC(2000, 1, 29)],
    ['1969-12-31T23:59:59.999Z', -1],
    ['0001-01-01', Date.parse('0001-01-01T00:00:00Z')],
    ['0099-03-01', Date.parse('0099-03-01T00:00:00Z')],
    ['9999-12-31T23:59:59.999Z', Date.parse('9999-12-31T23:59:59.999Z')],
  ])('%s', (text, ms) => expect(parseTime(text)).toBe(ms))

  test.each([
    '',
    'yesterday',
    '1795357800000',
    '2026',
    '2026-11',
    '20261122T143000Z',
    '2026-W47-7',
    '2026-00-01',
    '2026-13-01',
    '2026-11-00',
    '2026-02-30',
    '2025-02-29',
    '1900-02-29',
    '2026-04-31',
    '2026-11-22T25:00Z',
    '2026-11-22T24:00:01Z',
    '2026-11-22T24:00:00.001Z',
    '2026-11-22T14:60Z',
    '2026-11-22T14:30:60Z',
    '2026-11-22T14Z',
    '2026-11-22T14:30:00.Z',
    '2026-11-22T14:30:00+24:00',
    '2026-11-22T14:30:00+01:60',
    '2026-11-22Z',
    ' 2026-11-22',
    '2026-11-22\n',
    '２０２６-11-22',
    '0000-12-31',
    '0001-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '+002026-11-22',
    '2026-11-22T14:30:00.0000000000000000000000Z',
  ])('%j is no time', (text) => expect(parseTime(text)).toBe(null))

  test('reads every time back, at every offset', () => {
    fc.assert(
      fc.property(times, fc.integer({ min: -23 * 60 - 59, max: 23 * 60 + 59 }), (ms, minutes) => {
        const sign = minutes < 0 ? '-' : '+'
        const [hh, mm] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map((n) => String(n).padStart(2, '0'))
        const local = iso(ms + minutes * MINUTE_MS)
        expect(parseTime(iso(ms))).toBe(ms)
        expect(parseTime(local.replace('Z', `${sign}${hh}:${mm}`))).toBe(ms)
        expect(parseTime(local.replace('Z', `${sign}${hh}${mm}`))).toBe(ms)
      }),
    )
  })

  test('knows the days of every month, as Date does', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9999 }), fc.nat(14), fc.nat(40), (year, month, day) => {
        const text = [String(year).padStart(4, '0'), ...[month, day].map((n) => String(n).padStart(2, '0'))].join('-')
        const date = new Date(0)
        date.setUTCFullYear(year, month - 1, day)
        expect(parseTime(text)).toBe(date.toISOString().startsWith(text) ? date.getTime() : null)
      }),
      { numRuns: 2000 },
    )
  })

  test('takes nothing that Date would read otherwise', () => {
    const nearly = fc.stringMatching(/^20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-6]\d:[0-6]\d(\.\d{1,5})?(Z|[+-][0-2]\d:[0-6]\d)$/)
    fc.assert(
      fc.property(nearly, (text) => {
        const ms = parseTime(text)
        expect(ms).toBe(ms === null ? null : Date.parse(text))
      }),
      { numRuns: 2000 },
    )
  })
})

test('iso writes UTC with milliseconds', () => {
  expect(iso(at)).toBe('2026-11-22T14:30:00.000Z')
  expect([DAY_MS / HOUR_MS, HOUR_MS / MINUTE_MS, MINUTE_MS]).toEqual([24, 60, 60_000])
})

/** A day clear of either end, so that every offset stays within four-digit years. */
const times = fc.integer({ min: Date.parse('0001-01-02T00:00:00Z'), max: Date.parse('9999-12-30T23:59:59.999Z') })
