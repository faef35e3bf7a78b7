import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLimiter } from './limits.ts'

const WINDOW = 60_000

function limiterAt(limit: number, maxKeys?: number) {
  const clock = { at: 1_000_000 }
  const limiter = createLimiter({ name: 'lookup', limit, windowMs: WINDOW, now: () => clock.at, ...(maxKeys === undefined ? {} : { maxKeys }) })
  /** Asks `times` times and gives how many were allowed. */
  const ask = (times: number, key = 'a') => Array.from({ length: times }, () => limiter.take(key)).filter((r) => r.allowed).length
  return { limiter, clock, ask }
}

describe('counting', () => {
  test('allows N−1 and N, refuses N+1', () => {
    const { limiter, ask } = limiterAt(5)
    expect(ask(4)).toBe(4)
    expect(limiter.take('a')).toEqual({ allowed: true, remaining: 0, resetSeconds: 60 })
    expect(limiter.take('a')).toEqual({ allowed: false, remaining: 0, resetSeconds: 60 })
    expect(limiter.take('b')).toEqual({ allowed: true, remaining: 4, resetSeconds: 60 })
  })

  test.each([
    ['before a window has passed', WINDOW - 1, 0],
    ['when it has passed', WINDOW, 5],
  ])('a burst is freed whole, and only %s', (_, later, allowed) => {
    const { clock, ask } = limiterAt(5)
    ask(5)
    clock.at += later
    expect(ask(10)).toBe(allowed)
  })

  test('is not doubled at an edge, wherever the edge may lie', () => {
    for (let offset = 0; offset < WINDOW; offset += 500) {
      const { clock, ask } = limiterAt(100)
      clock.at += offset
      ask(1, 'another')
      clock.at += WINDOW - 1
      expect(ask(200)).toBe(100)
      clock.at += 2
      expect(ask(200)).toBe(0)
    }
  })

  test('is not doubled by a burst with a steady flow after it', () => {
    const { clock, ask } = limiterAt(100)
    let allowed = ask(100)
    for (; clock.at < 1_000_000 + WINDOW - 100; clock.at += 100) allowed += ask(1)
    expect(allowed).toBe(100)
  })

  test('lets a steady flow at the limit through, all but a seventeenth', () => {
    const { clock, ask } = limiterAt(600)
    let allowed = 0
    for (let i = 0; i < 6_000; i++, clock.at += 100) allowed += ask(1)
    expect(allowed).toBeGreaterThanOrEqual((6_000 * 16) / 17)
  })

  test('a refused request is not counted, so knocking does not keep the door shut', () => {
    const { clock, ask } = limiterAt(5)
    ask(5)
    for (let i = 0; i < 59; i++, clock.at += 1_000) expect(ask(1)).toBe(0)
    clock.at += 1_000
    expect(ask(1)).toBe(1)
  })

  test('counts many at once, all or none', () => {
    const { limiter } = limiterAt(10)
    expect(limiter.take('a', 7).remaining).toBe(3)
    expect(limiter.take('a', 4)).toEqual({ allowed: false, remaining: 3, resetSeconds: 60 })
    expect(limiter.take('a', 3).remaining).toBe(0)
    expect(limiter.take('b', 11)).toEqual({ allowed: false, remaining: 10, resetSeconds: 60 })
    expect(limiter.take('c', 0)).toEqual({ allowed: true, remaining: 10, resetSeconds: 0 })
  })

  test('what is given back is free again', () => {
    const { limiter, clock, ask } = limiterAt(5)
    ask(4)
    clock.at += 10_000
    ask(1)
    limiter.giveBack('a')
    expect(ask(2)).toBe(1)
    limiter.giveBack('a', 50)
    expect(ask(6)).toBe(5)
  })

  test('a clock set back a little still counts, set back by more than a window starts afresh', () => {
    const { clock, ask } = limiterAt(5)
    ask(5)
    clock.at -= 1_000
    expect(ask(1)).toBe(0)
    clock.at -= 2 * WINDOW
    expect(ask(6)).toBe(5)
  })
})

test('in no window are more than the limit allowed, and what was asked for a window ago is free', () => {
  const step = fc.record({ waitMs: fc.oneof(fc.nat(50), fc.nat(5_000), fc.nat(70_000)), times: fc.integer({ min: 1, max: 12 }) })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.array(step, { maxLength: 200 }), (limit, steps) => {
      const { limiter, clock } = limiterAt(limit)
      const allowedAt: number[] = []
      for (const { waitMs, times } of steps) {
        clock.at += waitMs
        for (let i = 0; i < times; i++) {
          const result = limiter.take('a')
          const counted = allowedAt.filter((at) => at > clock.at - WINDOW).length
          const countedLate = allowedAt.filter((at) => at > clock.at - WINDOW - WINDOW / 16).length
          if (result.allowed) allowedAt.push(clock.at)
          expect(result.allowed ? counted + 1 : counted).toBeLessThanOrEqual(limit)
          if (!result.allowed) expect(countedLate).toBeGreaterThanOrEqual(limit)
          expect(result.resetSeconds).toBeLessThanOrEqual(WINDOW / 1_000)
        }
      }
    }),
    { numRuns: 300 },
  )
})

test('a refused client that waits as told is let in', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9_000), { minLength: 10, maxLength: 40 }), fc.integer({ min: 1, max: 5 }), (waits, count) => {
      const { limiter, clock } = limiterAt(5)
      for (const wait of waits) {
        clock.at += wait
        const result = limiter.take('a', count)
        if (result.allowed) continue
        clock.at += result.resetSeconds * 1_000
        expect(limiter.take('a', count).allowed).toBe(true)
      }
    }),
  )
})

describe('memory', () => {
  test('never holds more keys than it may, and lets old ones go', () => {
    const { limiter, clock, ask } = limiterAt(5, 1_000)
    for (let i = 0; i < 20_000; i++, clock.at += 1) {
      ask(1, `key ${i}`)
      expect(limiter.size).toBeLessThanOrEqual(1_000)
    }
    clock.at += WINDOW
    ask(1, 'x')
    clock.at += WINDOW
    ask(1, 'x')
    expect(limiter.size).toBe(1)
  })

  test('a crowd of new keys does not free one that is near its limit, touched or not', () => {
    const { clock, ask } = limiterAt(5, 1_000)
    expect(ask(9, 'refused')).toBe(5)
    expect(ask(3, 'half')).toBe(3)
    for (let i = 0; i < 20_000; i++, clock.at += 1) ask(1, `key ${i}`)
    expect(ask(9, 'refused')).toBe(0)
    expect(ask(9, 'half')).toBe(2)
  })
})

describe('headers', () => {
  test('are structured fields, with Retry-After on a refusal alone', () => {
    const { limiter, clock } = limiterAt(6_000)
    expect(limiter.headers(limiter.take('a'))).toEqual({
      'ratelimit-policy': '"lookup";q=6000;w=60',
      ratelimit: '"lookup";r=5999;t=60',
    })
    clock.at += 15_500
    limiter.take('a', 5_999)
    const refused = limiter.take('a')
    expect(limiter.headers(refused)).toEqual({
      'ratelimit-policy': '"lookup";q=6000;w=60',
      ratelimit: '"lookup";r=0;t=45',
      'retry-after': '45',
    })
    expect(limiter.refusal(refused)).toMatchObject({
      code: 'limited',
      message: 'Too many requests. Try again in 45 s.',
      more: { retryAfterSeconds: 45, headers: limiter.headers(refused) },
    })
  })

  test.each([
    [{ name: 'no "quotes"', limit: 1, windowMs: 1 }],
    [{ name: 'a', limit: 0, windowMs: 1 }],
    [{ name: 'a', limit: 1.5, windowMs: 1 }],
    [{ name: 'a', limit: 1, windowMs: Number.NaN }],
  ])('%j is refused at once', (options) => {
    expect(() => createLimiter({ ...options, now: () => 0 })).toThrow(/limit/)
  })
})
