import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pauseAfter, retryAfter } from './backoff.ts'

const NOW = Date.UTC(2026, 10, 22, 14, 30)

describe('the pause after a failure', () => {
  test.each([
    [1, 500, 1_000],
    [2, 1_000, 2_000],
    [5, 8_000, 16_000],
    [7, 30_000, 60_000],
    [1_000, 30_000, 60_000],
  ])('after %i is from %i to %i ms', (failures, least, most) => {
    expect([pauseAfter(failures, null, () => 0), pauseAfter(failures, null, () => 1)]).toEqual([least, most])
  })

  test('is never shorter than what the origin told, up to an hour', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 0, max: 10_000_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, told, chance) => {
        const pause = pauseAfter(failures, told, () => chance)
        expect(pause).toBeGreaterThanOrEqual(Math.min(told, 3_600_000))
        expect(pause).toBeLessThanOrEqual(Math.max(60_000, 3_960_000))
      }),
    )
  })
})

test.each([
  ['120', 120_000],
  [' 0 ', 0],
  ['Sun, 22 Nov 2026 14:31:00 GMT', 60_000],
  ['Sun, 22 Nov 2026 14:29:00 GMT', 0],
  ['soon', null],
  ['1.5', null],
  ['-1', null],
  [null, null],
])('Retry-After: %s is %s ms', (header, ms) => {
  expect(retryAfter(header, NOW)).toBe(ms)
})
