import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOUR_MS } from '../../src/core/time.ts'
import { ADMIN, START, type TestApp, testApp } from '../support/app.ts'
import type { Answer } from '../support/ask.ts'
import { onEveryEngine } from '../support/engines.ts'

const UUID = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
const TOKEN = expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/)

const tokenOf = ({ body }: Answer): string => (body as { token: string }).token
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
/** What comes back, without the rest of the headers. */
const told = ({ status, body }: Answer) => [status, body]

onEveryEngine('accounts', (engine) => {
  let app: TestApp
  beforeAll(async () => {
    app = await testApp(engine)
  })
  afterAll(() => app.close())

  const login = (who: { email: string; password: string } = ADMIN) => app.ask('POST', '/api/auth/login', { body: who })
  const me = async (headers: Record<string, string>, on = app) => (await on.ask('GET', '/api/auth/me', { headers })).status
  /** Somebody new, with a password of their own. */
  const given = async (name: string, role = 'viewer') => {
    const person = { email: `${name}@example.com`, password: `the password of ${name}` }
    const { status, body } = await app.post('/api/auth/users', { ...person, role }, { as: 'admin' })
    expect(status).toBe(201)
    return { ...person, id: (body as { user: { id: string } }).user.id, token: tokenOf(await login(person)) }
  }
  const change = (id: string, body: object) => app.as('admin').then((headers) => app.ask('PATCH', `/api/auth/users/${id}`, { headers, body }))

  describe('a session', () => {
    test('is renewed by a new token, and the old one counts until its end', async () => {
      const first = tokenOf(await login())
      app.clock.at += HOUR_MS
      const renewed = await app.ask('POST', '/api/auth/refresh', { headers: bearer(first) })
      expect(told(renewed)).toEqual([200, { success: true, token: TOKEN, expiresAt: new Date(app.clock.at + 24 * HOUR_MS).toISOString(), user: { id: UUID, email: ADMIN.email, role: 'admin' } }])
      app.clock.at += 22 * HOUR_MS
      expect([await me(bearer(first)), await me(bearer(tokenOf(renewed)))]).toEqual([200, 200])
      app.clock.at += HOUR_MS + 5_000
      expect([await me(bearer(first)), await me(bearer(tokenOf(renewed)))]).toEqual([401, 200])
      app.clock.at = START
    })

    test('ends at logout with every token of it, and others go on', async () => {
      const [one, other] = [tokenOf(await login()), tokenOf(await login())]
      const renewed = tokenOf(await app.ask('POST', '/api/auth/refresh', { headers: bearer(one) }))
      const answer = await app.ask('POST', '/api/auth/logout', { headers: bearer(one) })
      expect(told(answer)).toEqual([200, { success: true }])
      expect(answer.headers['set-cookie']).toEqual(['waymark-session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax'])
      expect([await me(bearer(one)), await me(bearer(renewed)), await me(bearer(other))]).toEqual([401, 401, 200])
      expect((await app.ask('POST', '/api/auth/refresh', { headers: bearer(one) })).status).toBe(401)
    })

    test('lasts as JWT_EXPIRY and SESSION_TIMEOUT_HOURS say, the shorter of them', async () => {
      const short = await testApp(engine, { env: { JWT_EXPIRY: '10h', SESSION_TIMEOUT_HOURS: '2' } })
      const { token, expiresAt } = (await short.ask('POST', '/api/auth/login', { body: ADMIN })).body as { token: string; expiresAt: string }
      expect(expiresAt).toBe(new Date(START + 10 * HOUR_MS).toISOString())
      for (let i = 0; i < 5; i++) {
        short.clock.at += 2 * HOUR_MS - 60_000
        expect(await me(bearer(token), short)).toBe(200)
      }
      short.clock.at = START + 10 * HOUR_MS + 5_000
      expect(await me(bearer(token), short)).toBe(401)
      const unused = tokenOf(await short.ask('POST', '/api/auth/login', { body: ADMIN }))
      short.clock.at += 2 * HOUR_MS
      expect(await me(bearer(unused), short)).toBe(401)
      await short.close()
    })
  })

  describe('an admin sees to the users', () => {
    test('adds, lists and changes them', async () => {
      const added = await app.post('/api/auth/users', { email: ' Mary@Example.com', password: 'the password of mary' }, { as: 'admin' })
      const mary = { id: UUID, email: 'mary@example.com', role: 'viewer', disabled: false, createdAt: new Date(START).toISOString(), lastLoginAt: null }
      expect([...told(added), added.headers['cache-control']]).toEqual([201, { success: true, user: mary }, 'no-store'])
      const { id } = (added.body as { user: { id: string } }).user
      expect(told(await change(id, { role: 'admin', more: 1 }))).toEqual([200, { success: true, user: { ...mary, role: 'admin' } }])
      expect(told(await change(id, { disabled: true }))).toEqual([200, { success: true, user: { ...mary, role: 'admin', disabled: true } }])
      expect(told(await change(id, {}))).toEqual([200, { success: true, user: { ...mary, role: 'admin', disabled: true } }])
      const { users } = (await app.get('/api/auth/users', { as: 'admin' })).body as { users: { email: string }[] }
      expect(users[0]).toEqual({ ...mary, email: ADMIN.email, role: 'admin', lastLoginAt: mary.createdAt })
      expect(users.filter(({ email }) => email === mary.email)).toEqual([{ ...mary, role: 'admin', disabled: true }])
      expect(JSON.stringify(users)).not.toMatch(/hash|\$2b|password/)
    })

    test.each([
      [{}, 400, { error: 'email: is required', details: [{ field: 'email', error: 'is required' }] }],
      [{ email: 'x@example.com' }, 400, { error: 'password: is required', details: [{ field: 'password', error: 'is required' }] }],
      [{ email: 'x', password: 'long enough it is' }, 400, { error: 'email: must be an e-mail address', details: [{ field: 'email', error: 'must be an e-mail address' }] }],
      [{ email: 'x@example.com', password: 'short' }, 400, { error: 'password: must have at least 12 characters', details: [{ field: 'password', error: 'must have at least 12 characters' }] }],
      [{ email: 'x@example.com', password: 'ü'.repeat(37) }, 400, { error: 'password: must have at most 72 bytes in UTF-8', details: [{ field: 'password', error: 'must have at most 72 bytes in UTF-8' }] }],
      [{ email: 'x@example.com', password: 'long enough it is', role: 'root' }, 400, { error: 'role: must be one of admin, viewer', details: [{ field: 'role', error: 'must be one of admin, viewer' }] }],
      [{ email: ADMIN.email.toUpperCase(), password: 'long enough it is' }, 409, { error: 'There is an account of that e-mail address already.' }],
    ])('%j is refused', async (body, status, answer) => {
      expect(told(await app.post('/api/auth/users', body, { as: 'admin' }))).toEqual([status, { success: false, ...answer }])
    })

    test('ends the sessions of whom they disable or give a new password, on every node at once', async () => {
      const other = engine.name === 'postgres' ? await app.neighbour() : app
      const [eve, kim] = [await given('eve'), await given('kim')]
      for (const node of [app, other]) expect([await me(bearer(eve.token), node), await me(bearer(kim.token), node)]).toEqual([200, 200])
      expect((await change(eve.id, { disabled: true })).status).toBe(200)
      expect((await change(kim.id, { password: 'a new one for kim' })).status).toBe(200)
      for (const node of [app, other]) expect([await me(bearer(eve.token), node), await me(bearer(kim.token), node)]).toEqual([401, 401])
      await change(eve.id, { disabled: false })
      expect(await me(bearer(eve.token))).toBe(401)
      const logins = [await login(eve), await login(kim), await login({ ...kim, password: 'a new one for kim' })]
      expect(logins.map(({ status }) => status)).toEqual([200, 401, 200])
      const fresh = tokenOf(logins[0] as Answer)
      expect((await other.ask('POST', '/api/auth/logout', { headers: bearer(fresh) })).status).toBe(200)
      expect(await me(bearer(fresh))).toBe(401)
      if (other !== app) await other.close()
    })

    test('is never the last one gone, however many try at once', async () => {
      const alone = await testApp(engine)
      const as = async (person: { email: string; password: string }) => bearer(tokenOf(await alone.ask('POST', '/api/auth/login', { body: person })))
      const ada = await as(ADMIN)
      const edit = (headers: Record<string, string>, id: string, body: object) => alone.ask('PATCH', `/api/auth/users/${id}`, { headers, body })
      const idOf = (answer: Answer) => (answer.body as { user: { id: string } }).user.id
      const adaId = idOf(await alone.ask('GET', '/api/auth/me', { headers: ada }))
      const refused = [409, { success: false, error: 'This is the last active admin. Make somebody else an admin first.' }]
      for (const body of [{ role: 'viewer' }, { disabled: true }, { role: 'viewer', disabled: false, password: 'a password for ada' }]) expect(told(await edit(ada, adaId, body))).toEqual(refused)

      const bob = { email: 'bob@example.com', password: 'the password of bob', role: 'admin' }
      const bobId = idOf(await alone.ask('POST', '/api/auth/users', { headers: ada, body: bob }))
      const bobs = await as(bob)
      for (let i = 0; i < 5; i++) {
        const answers = await Promise.all([edit(ada, bobId, { role: 'viewer' }), edit(bobs, adaId, { role: 'viewer' })])
        // Whoever came second is refused as the last admin, or as no admin any more.
        expect(answers.map(({ status }) => status).sort()[0]).toBe(200)
        expect([403, 409]).toContain(answers.map(({ status }) => status).sort()[1])
        const first = answers[0]?.status === 200
        expect((await edit(first ? ada : bobs, first ? bobId : adaId, { role: 'admin' })).status).toBe(200)
      }
      await edit(ada, bobId, { disabled: true })
      expect(told(await edit(ada, adaId, { role: 'viewer' }))).toEqual(refused)
      expect((await edit(ada, adaId, { role: 'admin', disabled: false })).status).toBe(200)
      await alone.close()
    })

    test('gets 404 for nobody, and 400 for what is no change', async () => {
      expect(told(await change('00000000-0000-7000-8000-00000000ffff', { disabled: true }))).toEqual([404, { success: false, error: 'There is no user of that id.' }])
      expect((await change('x', { disabled: 'yes' })).body).toMatchObject({ error: 'disabled: must be a boolean' })
      expect((await change('x', { role: null })).status).toBe(400)
      expect((await change('x', { password: 'short' })).body).toMatchObject({ error: 'password: must have at least 12 characters' })
    })
  })

  test('a person changes their own password, which ends all their sessions but the one it begins', async () => {
    const tom = await given('tom')
    const elsewhere = tokenOf(await login(tom))
    const set = (currentPassword: string, newPassword: string) => app.ask('POST', '/api/auth/password', { headers: bearer(tom.token), body: { currentPassword, newPassword } })
    const wrong = { field: 'currentPassword', error: 'is not your password' }
    expect(told(await set('wrong', 'a new one for tom'))).toEqual([400, { success: false, error: 'currentPassword: is not your password', details: [wrong] }])
    expect((await set(tom.password, 'short')).body).toMatchObject({ error: 'newPassword: must have at least 12 characters' })
    const changed = await set(tom.password, 'a new one for tom')
    expect(told(changed)).toEqual([200, { success: true, token: TOKEN, expiresAt: expect.any(String), user: { id: tom.id, email: tom.email, role: 'viewer' } }])
    expect(changed.headers['set-cookie']).toEqual([expect.stringContaining(tokenOf(changed))])
    expect([await me(bearer(tom.token)), await me(bearer(elsewhere)), await me(bearer(tokenOf(changed)))]).toEqual([401, 401, 200])
    expect([(await login(tom)).status, (await login({ ...tom, password: 'a new one for tom' })).status]).toEqual([401, 200])
  })
})
