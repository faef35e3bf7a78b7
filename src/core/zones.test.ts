import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DAY_MS, HOUR_MS, iso } from './time.ts'
import { isZone, momentOf, offsetAt, shiftsOf } from './zones.ts'

const ZONES = [...Intl.supportedValuesOf('timeZone'), 'UTC', 'Etc/GMT+12', 'Asia/Calcutta']
const zone = fc.constantFrom(...ZONES)
const moment = fc.integer({ min: Date.UTC(1970, 0, 2), max: Date.UTC(2099, 11, 30) })

/** Local time by another of Intl's ways: as Swedes write it, which is nearly ISO 8601. */
function localBy(name: string, at: number): number {
  const text = new Intl.DateTimeFormat('sv-SE', { timeZone: name, dateStyle: 'short', timeStyle: 'medium' }).format(at)
  return Date.parse(`${text.replace(' ', 'T')}Z`) + (((at % 1_000) + 1_000) % 1_000)
}

describe('zones', () => {
  test.each([
    ['UTC', true], ['Europe/Berlin', true], ['america/new_york', true], ['Etc/GMT+12', true], ['Asia/Calcutta', true],
    ['', false], ['Europe/Atlantis', false], ['+02:00', false], ['UTC+2', false], ['Europe/Berlin ', false], ["Europe/Berlin'", false], ['\0', false], ['x'.repeat(100), false], ['../etc', false],
  ])('%j: %s', (name, known) => expect(isZone(name)).toBe(known))

  test('an unknown one has no offset', () => {
    expect(() => offsetAt('Europe/Atlantis', 0)).toThrow('Europe/Atlantis is no time zone')
  })

  test('have the offset that their clocks show', () => {
    fc.assert(
      fc.property(zone, moment, (name, at) => {
        expect(at + offsetAt(name, at)).toBe(localBy(name, at))
      }),
      { numRuns: 2_000 },
    )
  })

  test('have shifts that give the offset of every moment, from any millisecond to any other', () => {
    const span = fc.tuple(zone, moment, fc.integer({ min: 1, max: 1_500 * DAY_MS }), fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 }))
    fc.assert(
      fc.property(span, ([name, from, length, places]) => {
        const shifts = shiftsOf(name, from, from + length)
        for (const place of places) {
          const at = from + Math.floor(place * (length - 1))
          expect(shifts.findLast((shift) => shift.from <= at)?.offset).toBe(offsetAt(name, at))
        }
      }),
      { numRuns: 300 },
    )
  })

  // A range may end within a second of the moment at which clocks are set, which is a whole one.
  test.each([-1_500, -1_000, -999, -1, 0, 1, 499, 500, 501, 999, 1_000, 1_001, 1_500, 1_999])('have shifts to %i ms after clocks are set', (after) => {
    const set = Date.UTC(2024, 2, 31, 1)
    const both = [{ from: set - DAY_MS, offset: HOUR_MS }, { from: set, offset: 2 * HOUR_MS }]
    expect(shiftsOf('Europe/Berlin', set - DAY_MS, set + after)).toEqual(after < 0 ? both.slice(0, 1) : both)
    expect(shiftsOf('Europe/Berlin', set + after - 7 * DAY_MS, set + DAY_MS).slice(1)).toEqual(both.slice(1))
  })

  test('show a local time at its moment, or at that of the skip', () => {
    fc.assert(
      fc.property(zone, moment, (name, at) => {
        const local = at + offsetAt(name, at)
        const found = momentOf(name, local)
        // A time that clocks show twice is the first or the second one.
        expect(found + offsetAt(name, found)).toBe(local)
      }),
      { numRuns: 2_000 },
    )
    expect(iso(momentOf('Europe/Berlin', Date.UTC(2024, 2, 31, 2, 30)))).toBe('2024-03-31T01:00:00.000Z')
    expect(iso(momentOf('America/Sao_Paulo', Date.UTC(2018, 10, 4)))).toBe('2018-11-04T03:00:00.000Z')
    expect(iso(momentOf('America/Sao_Paulo', Date.UTC(2018, 1, 18)))).toBe('2018-02-18T03:00:00.000Z')
    expect(iso(momentOf('Pacific/Apia', Date.UTC(2011, 11, 30)))).toBe('2011-12-30T10:00:00.000Z')
  })
})
