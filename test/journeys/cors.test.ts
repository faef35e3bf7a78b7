import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHROME, type TestApp, testApp } from '../support/app.ts'
import { onEveryEngine } from '../support/engines.ts'

const LISTED = ['https://example.com', 'https://shop.wihy.ai', 'https://a.b.wihy.ai', 'http://localhost:3000']
const OTHERS = ['null', 'https://evil-example.com', 'https://example.com.evil.com', 'https://example.com:8443', 'https://EXAMPLE.COM', 'http://example.com', 'https://wihy.ai', 'https://evil-wihy.ai', 'https://wihy.ai.evil.com', 'http://localhost:3001']
const EVENT = { referrer: 'partner_john', campaign: 'facebook_nov', landingPage: '/about' }

onEveryEngine('pages of other origins', (engine) => {
  let app: TestApp
  beforeAll(async () => {
    app = await testApp(engine, { env: { ALLOWED_ORIGINS: 'https://example.com, https://*.wihy.ai, http://localhost:3000', RATE_LIMIT_CAPTURE: '100000' } })
    await app.given.link({ tracking_id: 'known' })
  })
  afterAll(() => app.close())

  /** What an answer says of who may read it. */
  const said = (headers: Record<string, unknown>) => Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')))
  const READABLE = { 'access-control-expose-headers': 'RateLimit, RateLimit-Policy, Retry-After, Idempotency-Replayed' }
  const PREFLIGHT = { 'access-control-allow-methods': 'GET, HEAD, POST, PATCH, DELETE', 'access-control-allow-headers': 'Authorization, Content-Type, Idempotency-Key', 'access-control-max-age': '600' }
  const preflight = (path: string, origin: string) =>
    app.ask('OPTIONS', path, { headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' } })

  describe.each([['/api/tracking/capture', 'POST'], ['/v1/events/batch', 'POST'], ['/api/link-tracking/lookup/known', 'GET']])('send to %s', (path, method) => {
    test.each(LISTED)('from %s, without credentials', async (origin) => {
      const asked = await preflight(path, origin)
      expect([asked.status, said(asked.headers), asked.headers.vary]).toEqual([204, { 'access-control-allow-origin': origin, ...PREFLIGHT }, 'Origin'])
      const { headers } = await app.ask(method, path, { headers: { origin }, ...(method === 'POST' ? { body: EVENT } : {}) })
      expect([said(headers), headers.vary]).toEqual([{ 'access-control-allow-origin': origin, ...READABLE }, 'Origin'])
    })

    test.each(OTHERS)('from %s cannot read anything', async (origin) => {
      for (const { headers } of [await preflight(path, origin), await app.ask(method, path, { headers: { origin }, ...(method === 'POST' ? { body: EVENT } : {}) })]) {
        expect([said(headers), headers.vary]).toEqual([{}, 'Origin'])
      }
    })
  })

  describe.each(['/api/tracking/stats', '/api/auth/me', '/api/keys', '/api/dead-letters'])('ask %s', (path) => {
    test('with a session where their origin is listed, and else not at all', async () => {
      const authorization = (await app.as('admin')).authorization as string
      for (const origin of LISTED) {
        const credentials = { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' }
        expect(said((await preflight(path, origin)).headers)).toEqual({ ...credentials, ...PREFLIGHT })
        expect(said((await app.ask('GET', path, { headers: { origin, authorization } })).headers)).toEqual({ ...credentials, ...READABLE })
      }
      for (const origin of OTHERS) {
        expect(said((await preflight(path, origin)).headers)).toEqual({})
        expect(said((await app.ask('GET', path, { headers: { origin, authorization } })).headers)).toEqual({})
      }
    })
  })

  test('can read errors too, when their origin is listed', async () => {
    const asked = { origin: 'https://example.com' }
    for (const [status, method, path] of [[400, 'POST', '/api/tracking/capture'], [401, 'GET', '/api/tracking/stats'], [404, 'GET', '/api/nothing'], [405, 'PUT', '/api/tracking/capture']] as const) {
      const answer = await app.ask(method, path, { headers: asked, ...(method === 'GET' ? {} : { body: {} }) })
      expect([answer.status, answer.headers['access-control-allow-origin'], answer.headers.vary]).toEqual([status, 'https://example.com', 'Origin'])
    }
  })

  test('that are not listed send events all the same, as any page can', async () => {
    const answer = await app.ask('POST', '/api/tracking/capture', { body: JSON.stringify({ ...EVENT, referrer: 'elsewhere' }), headers: { origin: 'https://elsewhere.example', 'content-type': 'text/plain', 'user-agent': CHROME } })
    expect(answer.status).toBe(200)
    expect((await app.get('/api/tracking/referrer/elsewhere', { as: 'admin' })).body).toMatchObject({ totalClicks: 1 })
  })

  test('are told apart by caches, also in reports and where no origin is named', async () => {
    expect((await app.ask('GET', '/health')).headers.vary).toBe('Origin')
    const { projectKey } = (await app.post('/v1/projects', { name: 'p' })).body as { projectKey: string }
    expect((await app.get(`/v1/reports/overview?projectKey=${projectKey}`)).headers.vary).toBe('Origin, Accept')
  })
})
