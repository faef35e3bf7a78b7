import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { beforeEach, describe, expect, test } from 'vitest'
import { Fault } from '../core/errors.ts'
import { Idempotency, type KeptAnswer } from './idempotency.ts'
import { createLimiter } from './limits.ts'
import { createMetrics } from './metrics.ts'
import { route } from './route.ts'
import { createServer } from './server.ts'

describe('a route that is repeatable', () => {
  let app: FastifyInstance
  let book: Map<string, KeptAnswer>
  let away: boolean
  let handled: number
  /** What holds a handler back, where a test wants it held. */
  let held: Promise<void>

  beforeEach(async () => {
    ;[book, away, handled, held] = [new Map(), false, 0, Promise.resolve()]
    app = createServer({ guard: { callerOf: () => null }, peopleLimiter: createLimiter({ name: 'admin', limit: 50, windowMs: 60_000, now: () => 0 }), metrics: createMetrics(), allowedOrigin: () => false, log: pino({ level: 'silent' }) })
    const idempotency = new Idempotency({
      async find(scope, key) {
        if (away) throw new Fault('unavailable', 'The store is away.')
        return book.get(`${scope}\n${key}`) ?? null
      },
      async keep(scope, key, answer) {
        if (away) throw new Fault('unavailable', 'The store is away.')
        book.set(`${scope}\n${key}`, answer)
      },
    })
    for (const optional of [true, false]) {
      route(app, {
        method: 'POST',
        url: optional ? '/optional' : '/write',
        family: 'links',
        who: 'public',
        summary: 'Write',
        schema: { body: {} as never },
        repeatable: idempotency.hooks(optional),
        handler: async (request, reply) => {
          const number = ++handled
          await held
          const { status = 201 } = (request.body ?? {}) as { status?: number }
          if (status === 500) throw new Error('broken')
          return reply.code(status).send({ number })
        },
      })
    }
  })

  const write = async (key: string | undefined, body: object = {}, url = '/write') => {
    const answer = await app.inject({ method: 'POST', url, headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) }, payload: JSON.stringify(body) })
    return [answer.statusCode, answer.json(), answer.headers['idempotency-replayed']]
  }

  test('without a key is none', async () => {
    expect([await write(undefined), await write(undefined)]).toEqual([[201, { number: 1 }, undefined], [201, { number: 2 }, undefined]])
    expect(book.size).toBe(0)
  })

  test('gives the first answer again', async () => {
    expect([await write('a'), await write('a'), await write('b')]).toEqual([[201, { number: 1 }, undefined], [201, { number: 1 }, 'true'], [201, { number: 2 }, undefined]])
  })

  test('keeps what succeeded alone: a failure may be tried again', async () => {
    for (const status of [400, 409, 500, 503]) expect((await write('a', { status }))[0]).toBe(status)
    expect(await write('a')).toEqual([201, { number: 5 }, undefined])
    expect(await write('a')).toEqual([201, { number: 5 }, 'true'])
  })

  test('tells another body, or another address, under the same key', async () => {
    await write('a', { one: 1 })
    const conflict = [409, { success: false, error: 'This Idempotency-Key was used for another request. Take a new one.' }, undefined]
    expect(await write('a', { one: 2 })).toEqual(conflict)
    expect(await write('a', { one: 1 }, '/write?other')).toEqual(conflict)
    expect((await write('a', { one: 1 }, '/optional'))[0]).toBe(201)
    expect(handled).toBe(2)
  })

  test('lets the repeat wait while the first is under way, and go on when that fails', async () => {
    let release = (): void => undefined
    held = new Promise((resolve) => (release = resolve))
    const all = Promise.all([write('a', { status: 500 }), write('a'), write('a'), write('b')])
    while (handled < 2) await new Promise(setImmediate)
    // The first of each key: the others wait.
    expect(handled).toBe(2)
    release()
    const [first, second, third, other] = await all
    expect([first?.[0], second?.[0], third, other?.[0]]).toEqual([500, 201, [201, second?.[1], 'true'], 201])
    expect(handled).toBe(3)
  })

  test('with the store away is refused, unless its events hold by their own ids', async () => {
    away = true
    expect(await write('a')).toEqual([503, { success: false, error: 'The store is away.' }, undefined])
    expect(handled).toBe(0)
    away = false
    expect((await write('a'))[0]).toBe(201)
  })

  test('that cannot keep its answer says so, and does not stay blocked', async () => {
    away = true
    expect((await write('a', {}, '/optional'))[0]).toBe(503)
    away = false
    expect((await write('a', {}, '/optional'))[0]).toBe(201)
  })

  test.each(['', 'x'.repeat(256), 'ü\u0001'])('with the key %j is 400', async (key) => {
    expect(await write(key)).toEqual([400, { success: false, error: 'Idempotency-Key must be 1 to 255 printable characters.' }, undefined])
  })
})
