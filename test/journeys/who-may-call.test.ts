import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance, RouteOptions } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ADMIN, type TestApp, VIEWER, testApp } from '../support/app.ts'
import { begin } from '../support/ask.ts'
import { onEveryEngine } from '../support/engines.ts'

type Expected = Record<'nobody' | 'wrong key' | 'key' | 'admin', number>

/** What each caller gets. A wrong key is nobody's also where the route would have been open to nobody in particular. */
const all = (status: number): Expected => ({ nobody: status, 'wrong key': status, key: status, admin: status })
const key = (status: number): Expected => ({ nobody: 401, 'wrong key': 401, key: status, admin: 403 })
const admin = (status: number): Expected => ({ nobody: 401, 'wrong key': 401, key: 403, admin: status })
const keyOrAdmin = (status: number): Expected => ({ nobody: 401, 'wrong key': 401, key: status, admin: status })

/** Every route of the server: who it says may call, what is sent to it, and what comes back. A route without its row fails. */
const rows: Record<string, { who: string; path?: string; body?: object; expected: Expected; endsSession?: true; streams?: true }> = {
  // The pages: each is the same document, which asks as whoever is signed in.
  ...Object.fromEntries(
    ['/', '/login', '/tracking-dashboard', '/tracking-admin', '/engagement/:trackingId', '/email', '/email/leads', '/email/campaigns/:id', '/links', '/links/:id', '/product', '/product/:projectKey', '/settings', '/settings/:part'].map((url) => [
      `GET ${url}`,
      { who: 'public', path: url.replace(/:\w+/, 'known'), expected: all(200) },
    ]),
  ),
  'GET /assets/:name': { who: 'public', path: '/assets/nothing.js', expected: all(404) },
  'GET /waymark.js': { who: 'public', expected: all(200) },
  'GET /health': { who: 'public', expected: all(200) },
  'GET /db/health': { who: 'public', expected: all(200) },
  'POST /db/test-insert': { who: 'public', expected: all(200) },
  'GET /metrics': { who: 'public', expected: all(200) },
  'GET /apispec.json': { who: 'public', expected: all(200) },
  'POST /api/auth/login': { who: 'public', body: {}, expected: all(400) },
  'GET /api/auth/me': { who: 'viewer', expected: admin(200) },
  'POST /api/auth/refresh': { who: 'viewer', expected: admin(200) },
  'POST /api/auth/logout': { who: 'viewer', expected: admin(200), endsSession: true },
  'POST /api/auth/password': { who: 'viewer', body: {}, expected: admin(400) },
  'GET /api/auth/users': { who: 'admin', expected: admin(200) },
  'POST /api/auth/users': { who: 'admin', body: {}, expected: admin(400) },
  'PATCH /api/auth/users/:id': { who: 'admin', path: '/api/auth/users/nobody', body: {}, expected: admin(404) },
  'GET /api/keys': { who: 'admin', expected: admin(200) },
  'POST /api/keys': { who: 'admin', body: {}, expected: admin(400) },
  'POST /api/keys/:id/revoke': { who: 'admin', path: '/api/keys/nobody/revoke', expected: admin(404) },
  'GET /api/privacy/person': { who: 'admin', path: '/api/privacy/person?userId=nobody', expected: admin(200) },
  'DELETE /api/privacy/person': { who: 'admin', path: '/api/privacy/person?userId=nobody', expected: admin(200) },
  'GET /api/dead-letters': { who: 'admin', expected: admin(200) },
  'POST /api/dead-letters/replay': { who: 'admin', body: {}, expected: admin(200) },
  'POST /api/link-tracking/links': { who: 'ingest key or admin', body: {}, expected: keyOrAdmin(400) },
  'POST /api/link-tracking/links/bulk': { who: 'ingest key or admin', body: {}, expected: keyOrAdmin(400) },
  'GET /api/link-tracking/links': { who: 'ingest key or viewer', expected: keyOrAdmin(200) },
  'GET /api/link-tracking/links/:id': { who: 'ingest key or viewer', path: '/api/link-tracking/links/known', expected: keyOrAdmin(200) },
  'PATCH /api/link-tracking/links/:id': { who: 'ingest key or admin', path: '/api/link-tracking/links/known', body: {}, expected: keyOrAdmin(200) },
  'GET /api/link-tracking/links/:id/stats': { who: 'ingest key or viewer', path: '/api/link-tracking/links/known/stats', expected: keyOrAdmin(200) },
  'GET /api/link-tracking/links/:id/qr': { who: 'ingest key or viewer', path: '/api/link-tracking/links/known/qr', expected: keyOrAdmin(200) },
  'GET /api/link-tracking/lookup/:tracking_id': { who: 'public', path: '/api/link-tracking/lookup/known', expected: { ...all(200), 'wrong key': 401 } },
  'GET /api/link-tracking/sync': { who: 'ingest key', expected: key(200) },
  'POST /api/tracking-ingest/batch': { who: 'ingest key', body: {}, expected: key(400) },
  'POST /api/tracking-ingest/test': { who: 'ingest key', expected: key(200) },
  'GET /api/tracking-ingest/health': { who: 'public', expected: all(200) },
  'POST /api/tracking/capture': { who: 'public', body: {}, expected: { ...all(400), 'wrong key': 401 } },
  'GET /api/numbers': { who: 'viewer', path: '/api/numbers?from=2026-11-22&to=2026-11-22', expected: admin(200) },
  'GET /api/live': { who: 'viewer', expected: { nobody: 401, 'wrong key': 401, key: 403, admin: 200 }, streams: true },
  'GET /api/tracking/stats': { who: 'viewer', expected: admin(200) },
  'GET /api/tracking/referrer/:referrerId': { who: 'viewer', path: '/api/tracking/referrer/nobody', expected: admin(200) },
  'POST /api/tracking/partner/create': { who: 'admin', body: {}, expected: admin(400) },
  'GET /api/tracking/partners': { who: 'viewer', expected: admin(200) },
  'POST /api/tracking/partner/:trackingId/revoke': { who: 'admin', path: '/api/tracking/partner/nobody/revoke', expected: admin(404) },
  'POST /api/tracking/partner/:trackingId/rotate': { who: 'admin', path: '/api/tracking/partner/nobody/rotate', body: {}, expected: admin(404) },
  'GET /api/v1/webhooks': { who: 'viewer', expected: admin(200) },
  'POST /api/v1/webhooks': { who: 'admin', body: {}, expected: admin(400) },
  'PATCH /api/v1/webhooks/:id': { who: 'admin', path: '/api/v1/webhooks/nobody', body: {}, expected: admin(404) },
  'DELETE /api/v1/webhooks/:id': { who: 'admin', path: '/api/v1/webhooks/nobody', expected: admin(404) },
  'GET /api/v1/webhooks/:id/deliveries': { who: 'viewer', path: '/api/v1/webhooks/nobody/deliveries', expected: admin(404) },
  'POST /api/v1/webhooks/:id/rotate': { who: 'admin', path: '/api/v1/webhooks/nobody/rotate', expected: admin(404) },
  'POST /api/v1/webhooks/:id/test': { who: 'admin', path: '/api/v1/webhooks/nobody/test', expected: admin(404) },
  'POST /api/v1/webhooks/deliveries/:id/replay': { who: 'admin', path: '/api/v1/webhooks/deliveries/nobody/replay', expected: admin(404) },
  'GET /api/tracking/engagement/:trackingId': { who: 'public', path: '/api/tracking/engagement/known', expected: all(200) },
  'GET /api/v1/tracking/open/:token': { who: 'public', path: '/api/v1/tracking/open/x', expected: all(200) },
  'GET /api/v1/tracking/click/:token': { who: 'public', path: '/api/v1/tracking/click/x', expected: all(400) },
  'GET /api/v1/tracking/unsubscribe/:token': { who: 'public', path: '/api/v1/tracking/unsubscribe/x', expected: all(400) },
  'POST /api/v1/tracking/unsubscribe/:token': { who: 'public', path: '/api/v1/tracking/unsubscribe/x', expected: all(400) },
  'GET /api/v1/tracking/unsubscribe-confirm': { who: 'public', expected: all(200) },
  'POST /api/v1/tracking/unsubscribe-confirm': { who: 'public', body: {}, expected: all(400) },
  'POST /api/v1/leads': { who: 'ingest key or admin', body: {}, expected: keyOrAdmin(400) },
  'POST /api/v1/leads/import': { who: 'ingest key or admin', body: {}, expected: keyOrAdmin(415) },
  'GET /api/v1/leads': { who: 'ingest key or viewer', expected: keyOrAdmin(200) },
  'GET /api/v1/leads/:id': { who: 'ingest key or viewer', path: '/api/v1/leads/999', expected: keyOrAdmin(404) },
  'PATCH /api/v1/leads/:id': { who: 'ingest key or admin', path: '/api/v1/leads/999', body: {}, expected: keyOrAdmin(404) },
  'DELETE /api/v1/leads/:id': { who: 'ingest key or admin', path: '/api/v1/leads/999', expected: keyOrAdmin(404) },
  'POST /api/v1/campaigns': { who: 'ingest key or admin', body: {}, expected: keyOrAdmin(400) },
  'GET /api/v1/campaigns': { who: 'ingest key or viewer', expected: keyOrAdmin(200) },
  'GET /api/v1/campaigns/:id': { who: 'ingest key or viewer', path: '/api/v1/campaigns/999', expected: keyOrAdmin(404) },
  'PATCH /api/v1/campaigns/:id': { who: 'ingest key or admin', path: '/api/v1/campaigns/999', body: {}, expected: keyOrAdmin(404) },
  'POST /api/v1/campaigns/tracking-token': { who: 'ingest key or admin', body: {}, expected: keyOrAdmin(400) },
  'POST /api/v1/campaigns/send': { who: 'ingest key or admin', body: {}, expected: keyOrAdmin(503) },
  'GET /api/v1/campaigns/analytics': { who: 'ingest key or viewer', expected: keyOrAdmin(200) },
  'GET /api/v1/campaigns/:id/mailings': { who: 'ingest key or viewer', path: '/api/v1/campaigns/999/mailings', expected: keyOrAdmin(404) },
  'GET /api/v1/campaigns/mailings/:id': { who: 'ingest key or viewer', path: '/api/v1/campaigns/mailings/00000000-0000-7000-8000-000000000000', expected: keyOrAdmin(404) },
  'GET /api/v1/campaigns/mailings/:id/messages': { who: 'ingest key or viewer', path: '/api/v1/campaigns/mailings/00000000-0000-7000-8000-000000000000/messages', expected: keyOrAdmin(404) },
  'POST /api/v1/campaigns/mailings/:id/cancel': { who: 'ingest key or admin', path: '/api/v1/campaigns/mailings/00000000-0000-7000-8000-000000000000/cancel', expected: keyOrAdmin(404) },
  'POST /api/v1/campaigns/messages/:id/retry': { who: 'admin', path: '/api/v1/campaigns/messages/00000000-0000-7000-8000-000000000000/retry', expected: admin(404) },
  'GET /v1/projects': { who: 'public', expected: all(200) },
  'POST /v1/projects': { who: 'public', body: {}, expected: all(400) },
  'PATCH /v1/projects/:projectKey': { who: 'public', path: '/v1/projects/000000000000', body: {}, expected: all(404) },
  'POST /v1/events/batch': { who: 'public', body: { projectKey: '000000000000' }, expected: all(403) },
  ...Object.fromEntries(
    ['overview', 'top-events', 'events-timeseries', 'retention'].map((name) => [`GET /v1/reports/${name}`, { who: 'public', path: `/v1/reports/${name}?projectKey=000000000000`, expected: all(403) }]),
  ),
  'GET /v1/reports/conversion': { who: 'public', path: '/v1/reports/conversion?projectKey=000000000000&eventName=x', expected: all(403) },
  'POST /v1/reports/funnel': { who: 'public', body: { projectKey: '000000000000', steps: ['a', 'b'] }, expected: all(403) },
  'POST /v1/reports/paths': { who: 'public', body: { projectKey: '000000000000', eventName: 'a' }, expected: all(403) },
  'POST /v1/reports/query': { who: 'public', body: { projectKey: '000000000000', metrics: ['events'] }, expected: all(403) },
  ...Object.fromEntries(['linkedin', 'calendly', 'portfolio', 'github', 'website', 'link'].map((path) => [`GET /${path}`, { who: 'public', path: `/${path}?uuid=known`, expected: all(302) }])),
  'GET /track/:id': { who: 'public', path: '/track/known', expected: all(302) },
  // The reference's own pages, which the library serves.
  'GET /swagger': { who: 'a file', expected: all(200) },
  'GET /swagger/json': { who: 'a file', expected: all(200) },
  'GET /swagger/yaml': { who: 'a file', expected: all(200) },
  'GET /swagger/static/index.html': { who: 'a file', expected: all(302) },
  'GET /swagger/static/swagger-initializer.js': { who: 'a file', expected: all(200) },
  'GET /swagger/static/*': { who: 'a file', path: '/swagger/static/swagger-ui.css', expected: all(200) },
}

onEveryEngine('who may call', (engine) => {
  let app: TestApp
  const routes = new Map<string, RouteOptions>()
  beforeAll(async () => {
    const listen = (message: unknown) => {
      const { fastify } = message as { fastify: FastifyInstance }
      fastify.addHook('onRoute', (route) => {
        for (const method of [route.method].flat()) routes.set(`${method} ${route.url}`, route)
      })
    }
    subscribe('fastify.initialization', listen)
    app = await testApp(engine)
    unsubscribe('fastify.initialization', listen)
    await app.given.link({ tracking_id: 'known' })
    await app.post('/api/tracking/partner/create', { trackingId: 'known' }, { as: 'admin' })
  })
  afterAll(() => app.close())

  /** The routes that somebody wrote: not the answers to HEAD. */
  const written = () => [...routes].filter(([name]) => !name.startsWith('HEAD '))

  test('every route has its row, and says the same of itself', () => {
    const found = written().map(([name, route]) => [name, route.config?.who?.join(' or ') ?? 'a file'])
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(Object.entries(rows).map(([name, { who }]) => [name, who])))
  })

  test('every route that is more than a file belongs to a family', () => {
    for (const [name, route] of written()) if (!name.includes('/swagger')) expect([name, route.config?.family]).toEqual([name, expect.any(String)])
  })

  describe('is kept to', () => {
    /** The status of an answer that does not end. */
    const beginning = async (path: string, headers: Record<string, string>): Promise<number> => {
      const response = await begin(app.url, path, headers)
      response.destroy()
      return response.statusCode ?? 0
    }
    /** People by bearer token and by cookie, as a page of this server sends it and as any other does. */
    const people = async (own: boolean) => {
      const session = async (who: 'viewer' | 'admin') => {
        if (!own) return (await app.as(who)).authorization?.slice('Bearer '.length)
        return ((await app.ask('POST', '/api/auth/login', { body: who === 'admin' ? ADMIN : VIEWER })).body as { token: string }).token
      }
      await app.as('viewer')
      const cookie = async (who: 'viewer' | 'admin', site: string) => ({ cookie: `waymark-session=${await session(who)}`, 'sec-fetch-site': site })
      return {
        viewer: { authorization: `Bearer ${await session('viewer')}` },
        admin: { authorization: `Bearer ${await session('admin')}` },
        'viewer by cookie': await cookie('viewer', 'same-origin'),
        'admin by cookie': await cookie('admin', 'same-origin'),
        'admin by cookie, from elsewhere': await cookie('admin', 'cross-site'),
      }
    }
    test.each(Object.entries(rows).map(([name, row]) => [name, row] as const))('%s', async (name, { who, path, body, expected, endsSession, streams }) => {
      const [method = '', url = ''] = name.split(' ')
      const headers = { nobody: {}, 'wrong key': { 'x-api-key': 'wrong' }, key: await app.as('key'), ...(await people(endsSession ?? false)) }
      const found: Record<string, number> = {}
      for (const [caller, shown] of Object.entries(headers)) found[caller] = streams ? await beginning(path ?? url, shown) : (await app.ask(method, path ?? url, { headers: shown, ...(body ? { body } : {}) })).status
      const open = who === 'public' || who === 'a file'
      const viewer = open || who.includes('viewer') ? expected.admin : 403
      const elsewhere = open || method === 'GET' ? expected.admin : 403
      expect(found).toEqual({ ...expected, viewer, 'viewer by cookie': viewer, 'admin by cookie': expected.admin, 'admin by cookie, from elsewhere': elsewhere })
    })

    test.each(Object.entries(rows).filter(([, { who }]) => who !== 'public' && who !== 'a file').map(([name, row]) => [name, row] as const))(
      '%s, before a byte of the body is looked at',
      async (name, { path, expected }) => {
        const [method = '', url = ''] = name.split(' ')
        const body = method === 'GET' ? {} : { body: '{'.repeat(3 * 1024 * 1024) }
        const { status, headers, body: answer } = await app.ask(method, path ?? url, { headers: { 'content-type': 'application/json' }, ...body })
        expect([status, answer]).toMatchObject([expected.nobody, (path ?? url).startsWith('/api/v1/') ? { detail: expect.stringMatching(/^This needs /) } : { success: false, error: expect.stringMatching(/^This needs /) }])
        expect([status, answer]).toMatchObject([expected.nobody, name.includes('/api/v1/') ? { detail: expect.stringMatching(/^This needs /) } : { success: false, error: expect.stringMatching(/^This needs /) }])
        expect(headers['www-authenticate']).toMatch(/^(ApiKey|Bearer|ApiKey, Bearer)$/)
      },
    )
  })

  test('a key that is revoked ends at once, and one that is made works at once', async () => {
    const { id, key: made } = (await app.post('/api/keys', { name: 'a partner' }, { as: 'admin' })).body as { id: string; key: string }
    const call = async () => (await app.ask('POST', '/api/tracking-ingest/test', { headers: { 'x-api-key': made } })).status
    expect(await call()).toBe(200)
    await app.post(`/api/keys/${id}/revoke`, {}, { as: 'admin' })
    expect(await call()).toBe(401)
  })

  test('a partner’s token opens that partner’s private numbers, and nothing else', async () => {
    const make = async (trackingId: string) => ((await app.post('/api/tracking/partner/create', { trackingId }, { as: 'admin' })).body as { accessToken: string }).accessToken
    const [own, others] = [await make('one'), await make('two')]
    const numbers = async (token: string) => (await app.ask('GET', `/api/tracking/engagement/one?token=${token}`)).status
    expect([await numbers(own), await numbers(others)]).toEqual([200, 403])
    const closed = Object.entries(rows).filter(([, { who }]) => who !== 'public' && who !== 'a file')
    for (const [name, { path, body }] of closed) {
      const [method = '', url = ''] = name.split(' ')
      for (const headers of [{ authorization: `Bearer ${own}` }, { 'x-api-key': own }]) {
        const { status } = await app.ask(method, `${path ?? url}?token=${own}`, { headers, ...(body ? { body } : {}) })
        expect([name, status]).toEqual([name, 401])
      }
    }
  })

  test('in production, a probe of the store is the admin’s alone', async () => {
    const live = await testApp(engine, { env: { ENV: 'production' } })
    expect((await live.post('/db/test-insert', undefined, { as: 'nobody' })).status).toBe(401)
    expect((await live.post('/db/test-insert', undefined, { as: 'key' })).status).toBe(403)
    expect((await live.post('/db/test-insert', undefined, { as: 'admin' })).body).toEqual({ success: true, id: expect.any(String) })
    await live.close()
  })

  test('look-ups without a key are limited by address, with one they are not', async () => {
    const limited = await testApp(engine, { env: { RATE_LIMIT_LOOKUP: '3' } })
    await limited.given.link({ tracking_id: 'known' })
    const lookup = (as: 'nobody' | 'key') => limited.get('/api/link-tracking/lookup/known', { as })
    const answers = [await lookup('nobody'), await lookup('nobody'), await lookup('nobody'), await lookup('nobody')]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429])
    expect(answers[0]?.headers).toMatchObject({ 'ratelimit-policy': '"lookup";q=3;w=60', ratelimit: expect.stringMatching(/^"lookup";r=2;t=(60|5\d)$/) })
    expect(answers[3]).toMatchObject({ headers: { 'retry-after': expect.stringMatching(/^\d+$/) }, body: { success: false, error: expect.stringMatching(/^Too many requests/) } })
    for (let i = 0; i < 5; i++) expect((await lookup('key')).status).toBe(200)
    // A redirect is never limited.
    for (let i = 0; i < 5; i++) expect((await limited.click('/link?uuid=known')).status).toBe(302)
    await limited.close()
  })
})
