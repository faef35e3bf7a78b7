import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DAY_MS, HOUR_MS, iso } from '../core/time.ts'
import type { Interval } from '../core/zones.ts'
import { bucketCount, bucketsBetween, fill } from './buckets.ts'

const WIDEST: Record<Interval, number> = { hour: HOUR_MS, day: 49 * HOUR_MS, week: 9 * DAY_MS, month: 33 * DAY_MS }
const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'America/Sao_Paulo', 'Pacific/Apia', 'Asia/Kathmandu', 'America/St_Johns', 'Africa/Casablanca')
const span = fc.record({
  zone,
  interval: fc.constantFrom<Interval>('hour', 'day', 'week', 'month'),
  from: fc.integer({ min: Date.UTC(1985, 0, 1), max: Date.UTC(2030, 0, 1) }),
  buckets: fc.integer({ min: 1, max: 150 }),
})

const read = (name: string, options: Intl.DateTimeFormatOptions) => {
  const formatter = new Intl.DateTimeFormat('en-US', { timeZone: name, hourCycle: 'h23', ...options })
  return (at: number): string => formatter.format(at)
}

describe('buckets', () => {
  test('cover a range without a gap, each from where its name begins', () => {
    fc.assert(
      fc.property(span, ({ zone: name, interval, from, buckets }) => {
        const to = from + buckets * (interval === 'month' ? 30 * DAY_MS : WIDEST[interval])
        const found = bucketsBetween(interval, name, from, to)
        // The count is one by the calendar's widths: clocks that are set within the range begin one day more, or three hours.
        expect(found.length).toBeLessThanOrEqual(bucketCount(interval, from, to) + (interval === 'hour' ? 3 : 1))
        expect(found[0]).toBeLessThanOrEqual(from)
        expect(found.at(-1)).toBeLessThan(to)
        found.slice(1).forEach((at, place) => {
          const before = found[place] as number
          expect(at).toBeGreaterThan(before)
          expect(at - before).toBeLessThanOrEqual(WIDEST[interval])
          expect(at).toBeGreaterThan(from)
        })
      }),
      { numRuns: 200 },
    )
  })

  test('begin where the clocks show another hour, day, week or month', () => {
    fc.assert(
      fc.property(span, ({ zone: name, interval, from, buckets }) => {
        const clock = read(name, { hour: 'numeric', minute: 'numeric', second: 'numeric', timeZoneName: 'longOffset' })
        const date = read(name, { day: 'numeric', weekday: 'short', month: 'numeric' })
        for (const at of bucketsBetween(interval, name, from, from + Math.min(buckets, 30) * WIDEST[interval]).slice(1)) {
          const set = clock(at).replace(/^.*GMT/, '') !== clock(at - 1).replace(/^.*GMT/, '')
          if (!set) expect(clock(at)).toMatch(interval === 'hour' ? /^\d\d:00:00/ : /^(00|24):00:00/)
          if (interval !== 'hour') expect(date(at)).not.toBe(date(at - 1))
          if (interval === 'week' && !set) expect(date(at)).toContain('Mon')
          if (interval === 'month' && !set) expect(date(at)).toMatch(/\/1$/)
        }
      }),
      { numRuns: 300 },
    )
  })

  test.each<[string, Interval, string, string, string[]]>([
    ['Australia/Lord_Howe', 'hour', '2024-10-05T15:00:00Z', '2024-10-05T17:00:00Z', ['14:30', '15:30', '16:00']],
    ['Australia/Lord_Howe', 'hour', '2024-04-06T14:00:00Z', '2024-04-06T17:00:00Z', ['14:00', '15:00', '15:30', '16:30']],
    ['Europe/Berlin', 'hour', '2024-10-27T00:00:00Z', '2024-10-27T02:30:00Z', ['00:00', '01:00', '02:00']],
    ['Pacific/Apia', 'day', '2011-12-29T10:00:00Z', '2011-12-31T11:00:00Z', ['10:00', '10:00', '10:00']],
    ['America/Sao_Paulo', 'day', '2018-11-03T12:00:00Z', '2018-11-05T12:00:00Z', ['03:00', '03:00', '02:00']],
  ])('of %s by %s from %s', (name, interval, from, to, times) => {
    expect(bucketsBetween(interval, name, Date.parse(from), Date.parse(to)).map((at) => iso(at).slice(11, 16))).toEqual(times)
  })

  test('are filled with nothing between the first and the last, and left alone where they would be too many', () => {
    const at = (day: number) => Date.UTC(2024, 1, day)
    const row = (day: number, events: number) => ({ time: at(day), events })
    const open = { from: null, to: null }
    expect(fill<{ time: number; events: number }>([], open, 'day', 'UTC', { events: 0 })).toEqual([])
    expect(fill([row(28, 1), row(30, 2)], open, 'day', 'UTC', { events: 0 })).toEqual([row(28, 1), row(29, 0), row(30, 2)])
    expect(fill<{ time: number; events: number }>([row(28, 1)], { from: at(27), to: at(30) }, 'day', 'UTC', { events: 0 })).toEqual([row(27, 0), row(28, 1), row(29, 0)])
    const far = [row(1, 1), row(20_000, 1)]
    expect(fill(far, open, 'day', 'UTC', { events: 0 })).toEqual(far)
  })
})
