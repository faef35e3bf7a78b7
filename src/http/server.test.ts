import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Type } from '@sinclair/typebox'
import { ask, until } from '../../test/support/ask.ts'
import { Fault } from '../core/errors.ts'
import { createLimiter } from './limits.ts'
import { createMetrics } from './metrics.ts'
import { route } from './route.ts'
import { createServer, drain } from './server.ts'
import { fields } from './validate.ts'

describe('the server', () => {
  let app: FastifyInstance
  let url: string
  let lines: string[]
  let release: () => void
  let entered: boolean
  beforeEach(async () => {
    lines = []
    entered = false
    const held = new Promise<void>((resolve) => (release = resolve))
    app = createServer({ guard: { callerOf: () => null }, peopleLimiter: createLimiter({ name: 'admin', limit: 50, windowMs: 60_000, now: () => 0 }), metrics: createMetrics(), allowedOrigin: () => false, log: pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }) })
    const open = { family: 'links', who: 'public', summary: 'x' } as const
    route(app, { ...open, method: 'GET', url: '/broken', handler: () => Promise.reject(new Error("select secret from users; at '/srv/waymark'")) })
    route(app, { ...open, method: 'GET', url: '/away', handler: () => Promise.reject(new Fault('unavailable', 'The store is away.', { retryAfterSeconds: 7 })) })
    route(app, { ...open, method: 'GET', url: '/slow', handler: () => ((entered = true), held.then(() => ({ done: true }))) })
    route(app, { ...open, method: 'POST', url: '/echo/:id', schema: { params: fields({ id: Type.String() }), body: fields({ a: Type.Optional(Type.Integer()) }) }, handler: (request) => ({ ...request.params, ...request.body, text: request.bodyText }) })
    url = await app.listen({ host: '127.0.0.1', port: 0 })
  })
  afterEach(() => {
    release()
    return drain(app)
  })

  const logged = (level: number) => lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line.level === level)

  test('tells nobody outside what broke, and the log everything', async () => {
    const { status, body } = await ask(url, 'GET', '/broken')
    const id = /Request id: (\S+)$/.exec((body as { error: string }).error)?.[1]
    expect([status, body]).toEqual([500, { success: false, error: `Something went wrong on the server. Request id: ${id}` }])
    expect(logged(50)).toEqual([expect.objectContaining({ msg: 'request failed', route: '/broken', requestId: id, err: expect.objectContaining({ message: expect.stringContaining('select secret'), stack: expect.any(String) }) })])
  })

  test('says when to come again while something is away', async () => {
    const { status, headers, body } = await ask(url, 'GET', '/away')
    expect([status, headers['retry-after'], body]).toEqual([503, '7', { success: false, error: 'The store is away.' }])
  })

  test('hands on what was checked, and the text as it was sent', async () => {
    const text = '{ "a": 1, "b": 2 }'
    const { body } = await ask(url, 'POST', '/echo/x%2Fy', { headers: { 'content-type': 'application/json' }, body: text })
    expect(body).toEqual({ id: 'x/y', a: 1, text })
  })

  test('has an id of its own for every request, whatever the client calls it', async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, async () => ((await ask(url, 'GET', '/broken', { headers: { 'request-id': 'mine', 'x-request-id': 'mine' } })).body as { error: string }).error))
    expect(new Set(ids).size).toBe(5)
    expect(ids.join()).not.toContain('mine')
  })

  test('logs nothing of a request that went well, and no body of one that did not', async () => {
    await ask(url, 'POST', '/echo/secret-id', { headers: { 'content-type': 'application/json' }, body: { a: 1 } })
    await ask(url, 'POST', '/echo/x', { headers: { 'content-type': 'application/json' }, body: '{"password": "secret-word' })
    await ask(url, 'POST', '/echo/x', { headers: { 'content-type': 'application/json' }, body: { a: 'secret-word' } })
    expect(lines.join('')).not.toMatch(/secret-/)
  })

  test('lets those in flight finish when it closes, takes no more, and does not wait for idle ones', async () => {
    // Its connection is kept open, and idle.
    await ask(url, 'GET', '/away')
    const slow = ask(url, 'GET', '/slow')
    await until('the slow one is in flight', () => entered)
    const closed = drain(app)
    await expect(ask(url, 'GET', '/away', { headers: { connection: 'close' } })).rejects.toThrow(/ECONNREFUSED|ECONNRESET|socket hang up/)
    release()
    expect(await slow).toMatchObject({ status: 200, body: { done: true } })
    const start = performance.now()
    await closed
    expect(performance.now() - start).toBeLessThan(4_000)
  })
})
