import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testApp } from '../../test/support/app.ts'
import { onEveryEngine, type TestEngine } from '../../test/support/engines.ts'
import { engineOn } from '../../test/support/store.ts'

const UUID = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)

onEveryEngine('accounts by HTTP', (engine) => {
  let server: Awaited<ReturnType<typeof openServer>>
  beforeAll(async () => {
    server = await openServer(engine)
  })
  afterAll(() => server.close())

  const post = (url: string, payload: unknown, headers: Record<string, string> = {}) =>
    server.app.inject({ method: 'POST', url, headers: { 'content-type': 'application/json', ...headers }, payload: JSON.stringify(payload) })
  const get = (url: string, headers: Record<string, string> = {}) => server.app.inject({ method: 'GET', url, headers })
  const login = async (email: string) => {
    const { token } = (await post('/api/auth/login', { email, password: 'correct horse' })).json()
    return { authorization: `Bearer ${token}` }
  }
  const sessions = new Map<string, ReturnType<typeof login>>()
  const as = (email: string) => {
    const session = sessions.get(email) ?? login(email)
    sessions.set(email, session)
    return session
  }

  describe('logging in', () => {
    test('answers as the requirement says, and is kept nowhere on the way', async () => {
      const answer = await post('/api/auth/login', { email: 'Ada@example.com', password: 'correct horse', more: 1 })
      expect(answer.statusCode).toBe(200)
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(answer.json()).toEqual({
        success: true,
        token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
        expiresAt: '2026-11-23T14:30:00.000Z',
        user: { id: UUID, email: 'ada@example.com', role: 'admin' },
      })
    })

    test('fails alike for a wrong password and an unknown name', async () => {
      for (const email of ['ada@example.com', 'nobody@example.com', 'nothing']) {
        const answer = await post('/api/auth/login', { email, password: 'wrong' })
        expect([answer.statusCode, answer.json()]).toEqual([401, { success: false, error: 'Wrong e-mail address or password.' }])
        expect(answer.headers['www-authenticate']).toBe('Bearer')
      }
    })

    test.each([
      [{}, 'email', 'is required'],
      [{ email: 'ada@example.com' }, 'password', 'is required'],
      [{ email: 'ada@example.com', password: '' }, 'password', 'must not be empty'],
      [{ email: 'ada@example.com', password: 7 }, 'password', 'must be a string'],
      [{ email: { $ne: null }, password: 'x' }, 'email', 'must be a string'],
      [{ email: 'a'.repeat(255), password: 'x' }, 'email', 'must be at most 254 characters'],
    ])('%j names the field', async (body, field, error) => {
      const answer = await post('/api/auth/login', body)
      expect([answer.statusCode, answer.json()]).toEqual([400, { success: false, error: `${field}: ${error}`, details: [{ field, error }] }])
    })

    test('is limited after ten failures, with the headers that say so', async () => {
      const attempt = () => post('/api/auth/login', { email: 'limited@example.com', password: 'wrong' })
      for (let i = 0; i < 10; i++) expect((await attempt()).statusCode).toBe(401)
      const answer = await attempt()
      // The ten tries took a few of the fifteen minutes' seconds.
      const seconds = Number(answer.headers['retry-after'])
      expect(900 - seconds).toBeLessThan(60)
      expect([answer.statusCode, answer.json()]).toEqual([429, { success: false, error: `Too many requests. Try again in ${seconds} s.` }])
      expect(answer.headers).toMatchObject({ ratelimit: `"login-account";r=0;t=${seconds}`, 'ratelimit-policy': '"login-account";q=10;w=900' })
    })
    })

  test('me is the person of the token', async () => {
    const answer = await get('/api/auth/me', await as('vera@example.com'))
    expect([answer.statusCode, answer.json()]).toEqual([200, { success: true, user: { id: UUID, email: 'vera@example.com', role: 'viewer' } }])
  })

  test('a key lives from making to revoking', async () => {
    const admin = await as('ada@example.com')
    const made = await post('/api/keys', { name: ' Zapier ' }, admin)
    expect([made.statusCode, made.headers['cache-control']]).toEqual([201, 'no-store'])
    const { id, key } = made.json()
    const named = { id, name: 'Zapier', created_at: '2026-11-22T14:30:00.000Z' }
    expect(made.json()).toEqual({ ...named, id: UUID, key: expect.stringMatching(/^wmk_[\w-]{43}$/) })
    expect((await post('/api/tracking-ingest/test', {}, { 'x-api-key': key })).statusCode).toBe(200)

    const listed = await get('/api/keys', admin)
    expect([listed.statusCode, listed.json()]).toEqual([200, { keys: [{ ...named, revoked_at: null, last_used_at: '2026-11-22T14:30:00.000Z' }] }])
    expect(listed.body).not.toContain(key)

    const revoked = { ...named, revoked_at: '2026-11-22T14:30:00.000Z', last_used_at: '2026-11-22T14:30:00.000Z' }
    for (let i = 0; i < 2; i++) {
      const answer = await post(`/api/keys/${id}/revoke`, {}, admin)
      expect([answer.statusCode, answer.json()]).toEqual([200, revoked])
    }
    expect((await post('/api/tracking-ingest/test', {}, { 'x-api-key': key })).statusCode).toBe(401)
  })

  test.each([
    ['POST', '/api/keys', {}, 400, 'name: is required'],
    ['POST', '/api/keys', { name: ' ' }, 400, 'name: must be 1 to 100 printable characters'],
    ['POST', '/api/keys', { name: 'a\0b' }, 400, 'name: must be 1 to 100 printable characters'],
    ['POST', '/api/keys', { name: 'x'.repeat(101) }, 400, 'name: must be at most 100 characters'],
    ['POST', '/api/keys/00000000-0000-7000-8000-00000000ffff/revoke', {}, 404, 'There is no key of that id.'],
    ['POST', '/api/keys/a%00b/revoke', {}, 400, 'id: must match ^[0-9A-Za-z-]{1,64}$'],
  ])('%s %s %j is %i', async (_, url, body, status, error) => {
    const answer = await post(url, body, await as('ada@example.com'))
    expect(answer.json()).toMatchObject({ success: false, error })
    expect(answer.statusCode).toBe(status)
  })

  describe('who may call', () => {
    const routes = [
      ['GET', '/api/auth/me', { nobody: 401, key: 403, viewer: 200, admin: 200 }],
      ['GET', '/api/keys', { nobody: 401, key: 403, viewer: 403, admin: 200 }],
      ['POST', '/api/keys', { nobody: 401, key: 403, viewer: 403, admin: 201 }],
      ['POST', '/api/keys/00000000-0000-7000-8000-00000000ffff/revoke', { nobody: 401, key: 403, viewer: 403, admin: 404 }],
      ['POST', '/api/tracking-ingest/test', { nobody: 401, key: 200, viewer: 403, admin: 403 }],
    ] as const
    test.each(routes)('%s %s', async (method, url, expected) => {
      const callers = { nobody: {}, key: { 'x-api-key': 'a webhook key' }, viewer: await as('vera@example.com'), admin: await as('ada@example.com') }
      const found: Record<string, number> = {}
      for (const [caller, headers] of Object.entries(callers))
        found[caller] = (await (method === 'GET' ? get(url, headers) : post(url, { name: 'x' }, headers))).statusCode
      expect(found).toEqual(expected)
    })

    test.each([
      { 'x-api-key': '' },
      { 'x-api-key': 'wrong' },
      { 'x-api-key': 'a webhook ke' },
      { authorization: '' },
      { authorization: 'Bearer' },
      { authorization: 'Bearer wrong' },
      { authorization: 'Bearer a webhook key' },
      { authorization: 'Basic YWRhOmNvcnJlY3QgaG9yc2U=' },
      { authorization: `Bearer ${'x.'.repeat(4_000)}` },
    ])('%j is nobody', async (headers) => {
      for (const url of ['/api/auth/me', '/api/keys']) {
        const answer = await get(url, headers as Record<string, string>)
        expect([answer.statusCode, answer.json()]).toEqual([401, { success: false, error: expect.any(String) }])
      }
    })
  })

  test('what happens at the door is told by a word, and no secret is in the log', async () => {
    const told = ['login', 'login refused', 'session refused', 'key refused']
    const before = await server.outcomes(...told)
    const admin = await login('ada@example.com')
    await post('/api/auth/login', { email: 'ada@example.com', password: 'wrong password' })
    await get('/api/auth/me', { authorization: `${admin.authorization}x` })
    await get('/api/keys', { 'x-api-key': 'wrong key' })
    expect(await server.outcomes(...told)).toEqual(before.map((count) => count + 1))
    const token = admin.authorization.slice(7)
    for (const secret of ['correct horse', 'wrong password', 'wrong key', 'ada@example.com', token]) expect(server.log.join('')).not.toContain(secret)
  })
})

/** A server with a viewer (Vera) and an admin (Ada), and what it logs. */
async function openServer(engine: TestEngine) {
  const store = await engine.fresh()
  const log: string[] = []
  const env = { WEBHOOK_API_KEY: 'a webhook key', LOG_LEVEL: 'debug' }
  const first = await testApp(engine, { store, env: { ...env, ADMIN_EMAIL: 'vera@example.com' } })
  await first.stop()
  const opened = await engineOn(store)
  await opened.transaction('rows', (tx) => tx.rows("update users set role = 'viewer'"))
  await opened.close()
  const server = await testApp(engine, { store, env, log })
  return {
    app: server.app.server,
    log,
    outcomes: async (...names: string[]) => Promise.all(names.map((name) => server.metric(`waymark_auth_total{outcome="${name}"}`))),
    async close() {
      await server.stop()
      await store.drop()
    },
  }
}
