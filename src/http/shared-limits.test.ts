import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../../test/support/ask.ts'
import { type TestRedis, onRedis, startRedis } from '../../test/support/redis.ts'
import { type Limiter, createLimiter } from './limits.ts'
import { createMetrics } from './metrics.ts'
import { type Limits, openLimits } from './shared-limits.ts'

const WINDOW = 60_000

onRedis('limits shared through Redis', () => {
  let redis: TestRedis
  let nodes: Limits[]
  const clock = { at: 1_000_000 }
  const log: string[] = []
  const note = (_: object, message: string) => void log.push(message)
  const open = (now?: () => number, redisWaitMs = 10_000) =>
    openLimits({ redisUrl: redis.url, redisWaitMs, metrics: createMetrics(), log: { info: note, warn: note }, ...(now ? { now } : {}) })
  beforeAll(async () => {
    redis = await startRedis()
    nodes = [await open(() => clock.at), await open(() => clock.at)]
  })
  afterAll(async () => {
    for (const one of nodes) one.close()
    await redis.kill()
  })

  let names = 0
  /** The same limit on both servers, under a name nobody used yet. */
  const pair = (limit: number, windowMs = WINDOW): [Limiter, Limiter] => {
    const name = `limit-${++names}`
    return nodes.map(({ of }) => of(name, limit, windowMs)) as [Limiter, Limiter]
  }
  const ask = async (limiter: Limiter, times: number, key = 'a') => {
    const results = await Promise.all(Array.from({ length: times }, () => limiter.take(key)))
    return results.filter(({ allowed }) => allowed).length
  }

  test('allows N−1 and N over both servers, and refuses N+1 on each', async () => {
    const [one, other] = pair(5)
    expect(await ask(one, 2)).toBe(2)
    expect(await ask(other, 2)).toBe(2)
    expect(await one.take('a')).toEqual({ allowed: true, remaining: 0, resetSeconds: 60 })
    expect(await other.take('a')).toEqual({ allowed: false, remaining: 0, resetSeconds: 60 })
    expect(await one.take('a')).toEqual({ allowed: false, remaining: 0, resetSeconds: 60 })
    expect(await other.take('b')).toEqual({ allowed: true, remaining: 4, resetSeconds: 60 })
  })

  test('is not doubled at an edge, nor by a crowd on both servers at once', async () => {
    for (const offset of [0, 1, 30_000, WINDOW - 1]) {
      const [one, other] = pair(100)
      clock.at += offset
      await ask(one, 1, 'another')
      clock.at += WINDOW - 1
      const [first, second] = await Promise.all([ask(one, 150), ask(other, 150)])
      expect(first + second).toBe(100)
      clock.at += 2
      expect((await ask(one, 50)) + (await ask(other, 50))).toBe(0)
      clock.at += WINDOW - 2
      expect((await ask(one, 80)) + (await ask(other, 80))).toBe(100)
    }
  })

  test('decides as the limiter in memory does, at any times, on whichever server it is asked', async () => {
    const step = fc.record({
      waitMs: fc.oneof(fc.nat(50), fc.nat(5_000), fc.nat(70_000), fc.integer({ min: -70_000, max: 0 })),
      count: fc.oneof({ weight: 6, arbitrary: fc.constant(1) }, { weight: 2, arbitrary: fc.nat(12) }, { weight: 1, arbitrary: fc.integer({ min: -5, max: -1 }) }),
      server: fc.nat(1),
    })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 30 }), fc.constantFrom(WINDOW, 61_003, 900_001), fc.array(step, { maxLength: 80 }), async (limit, windowMs, steps) => {
        const both = pair(limit, windowMs)
        const oracle = createLimiter({ name: 'oracle', limit, windowMs, now: () => clock.at })
        for (const { waitMs, count, server } of steps) {
          clock.at += waitMs
          const limiter = both[server] as Limiter
          if (count < 0) {
            limiter.giveBack('a', -count)
            oracle.giveBack('a', -count)
            // Both servers' requests go over one connection each: the next answer comes after what was given back.
            await limiter.take('another', 0)
          } else expect(await limiter.take('a', count)).toEqual(oracle.take('a', count))
        }
      }),
      { numRuns: 400 },
    )
    expect(log.filter((line) => line.includes('away'))).toEqual([])
  }, 60_000)

  test('keeps no key longer than its window, nor any name that it counts', async () => {
    const limiter = nodes[0]?.of('short', 5, 300) as Limiter
    await limiter.take('somebody@example.com')
    await limiter.take('203.0.113.7')
    const { Redis } = await import('ioredis')
    const client = new Redis(redis.url)
    const keys = await client.keys('waymark:limit:short:*')
    expect(keys).toEqual([expect.stringMatching(/:[0-9a-f]{32}$/), expect.stringMatching(/:[0-9a-f]{32}$/)])
    for (const key of keys) expect(await client.pttl(key)).toBeLessThanOrEqual(300)
    await until('they are gone', async () => (await client.keys('waymark:limit:short:*')).length === 0)
    client.disconnect()
  })

  test('an answer that came while this process was busy is in time', async () => {
    const limits = await open(undefined, 100)
    const limiter = limits.of('busy', 3)
    await until('Redis is there', async () => limiter.take('another') instanceof Promise)
    const away = log.filter((line) => line.includes('away')).length
    const answer = limiter.take('a')
    const end = performance.now() + 400
    while (performance.now() < end);
    expect(await answer).toEqual({ allowed: true, remaining: 2, resetSeconds: 60 })
    expect(limiter.take('a')).toBeInstanceOf(Promise)
    expect(log.filter((line) => line.includes('away')).length).toBe(away)
    limits.close()
  })

  test('a Redis that answers but takes nothing is away, and each server counts for itself until it does', async () => {
    const limits = await open()
    const limiter = limits.of('replica', 3)
    const { Redis } = await import('ioredis')
    const client = new Redis(redis.url)
    expect(await limiter.take('a')).toMatchObject({ allowed: true, remaining: 2 })
    await client.replicaof('127.0.0.1', 1)
    expect(await limiter.take('a')).toMatchObject({ allowed: true, remaining: 1 })
    expect(limiter.take('a')).toMatchObject({ allowed: true, remaining: 0 })
    expect(limiter.take('a')).toMatchObject({ allowed: false })
    await client.call('REPLICAOF', 'NO', 'ONE')
    await until('Redis takes something', () => limiter.take('another', 0) instanceof Promise)
    expect(await limiter.take('a')).toMatchObject({ allowed: true, remaining: 1 })
    client.disconnect()
    limits.close()
  })

  test('servers count by Redis’ own clock, whatever theirs say', async () => {
    const [first, second] = [await open(), await open()]
    const [one, other] = [first.of('clocks', 3), second.of('clocks', 3)]
    expect([await one.take('a'), await other.take('a'), await one.take('a'), await other.take('a')]).toMatchObject([
      { allowed: true, remaining: 2 },
      { allowed: true, remaining: 1 },
      { allowed: true, remaining: 0 },
      { allowed: false, remaining: 0, resetSeconds: 60 },
    ])
    first.close()
    second.close()
  })
})

test('without Redis a limiter answers at once, without a promise', async () => {
  const limits = await openLimits({ redisUrl: null, redisWaitMs: 50, metrics: createMetrics(), log: { info: () => undefined, warn: () => undefined } })
  expect(limits.of('lookup', 1).take('a')).toEqual({ allowed: true, remaining: 0, resetSeconds: 60 })
})
