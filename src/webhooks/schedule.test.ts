import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DAY_MS, HOUR_MS } from '../core/time.ts'
import { PAUSES_MS, nextAttempt, restAfter } from './schedule.ts'

/** When each attempt is made, from the first at 0, until there is none. */
function attempts(random: () => number, retryAfterMs: number | null = null): number[] {
  const made = [0]
  for (;;) {
    const next = nextAttempt(made.length, 0, made.at(-1) as number, retryAfterMs, random())
    if (next === null) return made
    made.push(next)
  }
}

test('ten attempts within 24 hours, with growing pauses, whatever the jitter', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 9, maxLength: 9 }), (randoms) => {
      const made = attempts(() => randoms.pop() as number)
      expect(made).toHaveLength(10)
      expect(made.at(-1)).toBeLessThan(DAY_MS)
      expect(made.at(-1)).toBeGreaterThan(18 * HOUR_MS)
      const pauses = made.slice(1).map((at, before) => at - (made[before] as number))
      for (const [at, pause] of pauses.entries()) {
        expect(pause).toBeLessThanOrEqual(PAUSES_MS[at] as number)
        expect(pause).toBeGreaterThanOrEqual(Math.floor(0.8 * (PAUSES_MS[at] as number)))
      }
    }),
  )
})

test.each([
  ['longer than the pause counts', 600_000, 600_000],
  ['shorter than the pause does not', 1_000, 5_000],
  ['absurdly long is cut', 365 * DAY_MS, 6 * HOUR_MS],
])('a Retry-After that is %s', (_, asked, pause) => {
  expect(nextAttempt(1, 0, 0, asked, 0)).toBe(pause)
})

test('a receiver that asks for long pauses ends the attempts after a day all the same', () => {
  const made = attempts(() => 0, 6 * HOUR_MS)
  expect(made.length).toBeLessThan(7)
  expect(made.at(-1)).toBeLessThanOrEqual(DAY_MS + 6 * HOUR_MS)
})

test('an endpoint rests after three failures in a row, longer each time, a minute at most', () => {
  expect([1, 2, 3, 4, 5, 8, 9, 30].map((failures) => restAfter(failures, null))).toEqual([0, 0, 1_000, 2_000, 4_000, 32_000, 60_000, 60_000])
  expect([restAfter(1, 20_000), restAfter(1, DAY_MS)]).toEqual([20_000, 60_000])
})
