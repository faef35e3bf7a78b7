import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOUR_MS } from '../../src/core/time.ts'
import { ADMIN, START, type TestApp, testApp } from '../support/app.ts'
import type { Answer } from '../support/ask.ts'
import { onEveryEngine } from '../support/engines.ts'

const tokenOf = ({ body }: Answer): string => (body as { token: string }).token
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const cookie = (token: string) => ({ cookie: `waymark-session=${token}` })

onEveryEngine('the session cookie', (engine) => {
  let app: TestApp
  /** A session whose token nobody ends. */
  let token: string
  beforeAll(async () => {
    app = await testApp(engine)
    token = tokenOf(await login())
  })
  afterAll(() => app.close())

  const login = (on = app) => on.ask('POST', '/api/auth/login', { body: ADMIN })
  const me = async (headers: Record<string, string>) => (await app.ask('GET', '/api/auth/me', { headers })).status

  test('is set by a login, out of reach of scripts, and opens like the token', async () => {
    const answer = await login()
    expect(answer.headers['set-cookie']).toEqual([`waymark-session=${tokenOf(answer)}; Max-Age=86400; Path=/; HttpOnly; SameSite=Lax`])
    const seen = await app.ask('GET', '/api/auth/me', { headers: cookie(tokenOf(answer)) })
    expect([seen.status, seen.body, seen.headers['cache-control'], seen.headers['set-cookie']]).toEqual([200, { success: true, user: { id: expect.any(String), email: ADMIN.email, role: 'admin' } }, 'no-store', undefined])
  })

  test('is not set for a page of another origin, which gets its token all the same', async () => {
    for (const headers of [{ origin: 'http://localhost:3000' }, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site', origin: 'http://evil.127.0.0.1' }]) {
      // A new token for a session is given as the first one is.
      const answer = await app.ask('POST', '/api/auth/refresh', { headers: { ...bearer(token), ...headers } })
      expect([answer.status, tokenOf(answer), answer.headers['set-cookie']]).toEqual([200, expect.any(String), undefined])
    }
    expect((await app.ask('POST', '/api/auth/refresh', { headers: { ...bearer(token), origin: app.url } })).headers['set-cookie']).toHaveLength(1)
  })

  test('is renewed by use once a quarter of its life is over, and goes on where the first token ends', async () => {
    const first = tokenOf(await login())
    app.clock.at += 6 * HOUR_MS
    expect((await app.ask('GET', '/api/keys', { headers: cookie(first) })).headers['set-cookie']).toBeUndefined()
    app.clock.at += 1
    const answer = await app.ask('GET', '/api/keys', { headers: cookie(first) })
    expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store'])
    const second = /^waymark-session=([^;]+); Max-Age=86399; Path=\/; HttpOnly; SameSite=Lax$/.exec(answer.headers['set-cookie']?.[0] ?? '')?.[1] ?? 'none'
    app.clock.at = START + 25 * HOUR_MS
    expect([await me(cookie(first)), await me(cookie(second))]).toEqual([401, 200])
    app.clock.at = START
  })

  test('that counts for nothing is taken away', async () => {
    for (const wrong of ['', 'wrong', 'a.b.c', `${token}x`]) {
      const answer = await app.ask('GET', '/api/auth/me', { headers: cookie(wrong) })
      expect([answer.status, answer.body, answer.headers['set-cookie']]).toEqual([
        401,
        { success: false, error: 'The session has ended or the token is not valid. Log in again.' },
        ['waymark-session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax'],
      ])
    }
    expect(await me({ cookie: 'other=1; waymark=2' })).toBe(401)
  })

  test('stands back behind a bearer token and a key, which are never asked where they come from', async () => {
    const elsewhere = { ...cookie(token), 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
    expect((await app.ask('POST', '/api/keys', { headers: { ...elsewhere, ...bearer(token) }, body: { name: 'x' } })).status).toBe(201)
    expect((await app.ask('POST', '/api/keys', { headers: { ...elsewhere, ...bearer('wrong') }, body: { name: 'x' } })).status).toBe(401)
    expect((await app.ask('POST', '/api/tracking-ingest/test', { headers: { ...elsewhere, ...(await app.as('key')) } })).status).toBe(200)
  })

  describe('changes something only from a page of this server', () => {
    const calls = async (headers: Record<string, string>) => {
      const shown = { ...cookie(token), ...headers }
      const answers = [
        await app.ask('POST', '/api/keys', { headers: shown, body: { name: 'x' } }),
        await app.ask('PATCH', '/api/link-tracking/links/nobody', { headers: shown, body: {} }),
        await app.ask('GET', '/api/keys', { headers: shown }),
      ]
      return answers.map(({ status }) => status)
    }
    test.each<[string, () => Record<string, string>]>([
      ['Sec-Fetch-Site: same-origin', () => ({ 'sec-fetch-site': 'same-origin' })],
      ['its Origin', () => ({ origin: app.url })],
      ['its Origin, called same-site', () => ({ origin: app.url, 'sec-fetch-site': 'same-site' })],
    ])('with %s', async (_, headers) => {
      expect(await calls(headers())).toEqual([201, 404, 200])
    })

    test.each<Record<string, string>>([
      {},
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      { 'sec-fetch-site': '' },
      { 'sec-fetch-site': 'SAME-ORIGIN' },
      { 'sec-fetch-site': 'same-origin, cross-site' },
      { 'sec-fetch-site': 'cross-site', origin: 'OWN' },
      { 'sec-fetch-site': 'same-site', origin: 'http://app.127.0.0.1' },
      ...['null', '', 'https://evil.example', 'https://OWN', 'http://evil-HOST', 'http://HOST.evil.com', 'http://HOST:1', 'http://127.0.0.1', 'HTTP://HOST', 'http://HOST/', 'http://u@HOST', 'HOST', 'http://HOST http://evil.example', 'http://localhost:3000'].map((origin) => ({ origin })),
      { referer: 'OWN' },
      { origin: 'http://evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' },
      { origin: 'https://HOST', 'x-forwarded-proto': 'https' },
    ])('not with %j', async (headers) => {
      const { host } = new URL(app.url)
      const filled = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.replace('OWN', app.url).replace('HOST', host)]))
      expect(await calls(filled)).toEqual([403, 403, 200])
    })

    test('nor by a form, of whatever type, and nothing has changed', async () => {
      const shown = { ...cookie(token), origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
      const before = (await app.get('/api/keys', { as: 'admin' })).body
      const refused = await app.metric('waymark_auth_total{outcome="cross-site refused"}')
      for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain', 'application/json']) {
        for (const path of ['/api/keys', '/api/auth/users', '/api/auth/logout', '/api/auth/refresh', '/api/auth/password', '/api/dead-letters/replay']) {
          const answer = await app.ask('POST', path, { headers: { ...shown, 'content-type': type }, body: '{"name":"="}' })
          expect([path, answer.status, answer.body]).toEqual([path, 403, { success: false, error: expect.stringMatching(/^With the session cookie, only pages of this server may change something/) }])
        }
      }
      expect((await app.get('/api/keys', { as: 'admin' })).body).toEqual(before)
      expect(await me({ cookie: shown.cookie })).toBe(200)
      expect(await app.metric('waymark_auth_total{outcome="cross-site refused"}')).toBe(refused + 24)
    })
  })

  describe('is Secure, and https is the own origin', () => {
    test('with PUBLIC_URL under https', async () => {
      const live = await testApp(engine, { env: { PUBLIC_URL: 'https://waymark.example.com/a' } })
      const answer = await login(live)
      expect(answer.headers['set-cookie']).toEqual([`waymark-session=${tokenOf(answer)}; Max-Age=86400; Path=/; HttpOnly; Secure; SameSite=Lax`])
      const logout = (origin: string) => live.ask('POST', '/api/auth/logout', { headers: { ...cookie(tokenOf(answer)), origin } })
      for (const origin of [live.url, 'http://waymark.example.com', 'https://waymark.example.com:8443', 'https://waymark.example.com/a']) expect((await logout(origin)).status).toBe(403)
      const out = await logout('https://waymark.example.com')
      expect([out.status, out.headers['set-cookie']]).toEqual([200, ['waymark-session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax']])
      await live.close()
    })

    test('where a trusted proxy says so, and nobody else', async () => {
      const behind = await testApp(engine, { env: { TRUST_PROXY: '127.0.0.1' } })
      const secure = async (on: TestApp, proto: string) => (await on.ask('GET', '/api/auth/me', { headers: { ...cookie('ended'), 'x-forwarded-proto': proto } })).headers['set-cookie']?.[0]?.includes('; Secure')
      expect([await secure(behind, 'https'), await secure(behind, 'HTTPS, http'), await secure(behind, 'http')]).toEqual([true, true, false])
      expect(await secure(app, 'https')).toBe(false)
      await behind.close()
    })
  })
})
