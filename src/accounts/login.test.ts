import { hashSync } from '@node-rs/bcrypt'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { onEveryEngine } from '../../test/support/engines.ts'
import { type TestStore, openStore } from '../../test/support/store.ts'
import { HOUR_MS, MINUTE_MS } from '../core/time.ts'
import { createLimiter } from '../http/limits.ts'
import { ensureFirstAdmin } from './first-start.ts'
import { createDoorkeeper, type LoginOutcome } from './login.ts'
import { costOf, createPasswords } from './password.ts'
import { createSessions } from './session.ts'
import { findLogin } from './store.ts'
import { createTokens } from './token.ts'

const START = Date.UTC(2026, 10, 22, 14, 30)
const SECRET = 'a secret of at least thirty-two bytes'
const ADMIN = { adminEmail: 'Ada@Example.com', adminPasswordHash: hashSync('correct horse', 4) }
const NOBODY = { adminEmail: null, adminPasswordHash: null }
const HOME = '203.0.113.7'

onEveryEngine('people', (engine) => {
  let store: TestStore
  const clock = { at: START }
  const now = () => clock.at
  // As cheap as bcrypt goes, and one more than what the settings bring.
  const passwords = createPasswords({ cost: 5 })
  const outcomes: LoginOutcome[] = []
  beforeAll(async () => {
    store = await openStore(engine)
  })
  afterAll(() => store.close())
  beforeEach(async () => {
    clock.at = START
    outcomes.length = 0
    await store.sql.write([{ text: 'delete from users' }, { text: 'delete from sessions' }])
  })

  const firstAdmin = (admin: { adminEmail: string | null; adminPasswordHash: string | null }) =>
    ensureFirstAdmin({ sql: store.sql, passwords, ...admin, now })
  const limiterOf = (name: string, limit: number, windowMs = MINUTE_MS) => createLimiter({ name, limit, windowMs, now })
  /** Sessions and the way into them, as a node of its own has them. */
  const node = (tokenMs = 24 * HOUR_MS) => {
    const tokens = createTokens({ secret: SECRET, lifetimeMs: tokenMs, now })
    const sessions = createSessions({ sql: store.sql, tokens, tokenMs, timeoutMs: 24 * HOUR_MS, now })
    return { sessions, ...createDoorkeeper({ sql: store.sql, passwords, sessions, now, limiterOf, report: (outcome) => outcomes.push(outcome) }) }
  }
  const change = (set: string) => store.sql.write([{ text: `update users set ${set}` }])

  describe('the first admin', () => {
    test('is made with a random password that opens, once', async () => {
      const made = await firstAdmin(NOBODY)
      expect(made).toEqual({ email: 'admin@localhost', password: expect.stringMatching(/^[A-Za-z2-9]{20}$/), created: true })
      expect(await firstAdmin(NOBODY)).toEqual({ email: 'admin@localhost', password: null, created: false })
      const { user } = await node().login({ email: made.email, password: made.password ?? '', address: HOME })
      expect(user).toMatchObject({ email: 'admin@localhost', role: 'admin' })
      expect(JSON.stringify(await store.sql.rows('select * from users'))).not.toContain(made.password)
    })

    test('comes from the settings, also beside one that is there, and is left alone after that', async () => {
      await firstAdmin(NOBODY)
      expect(await firstAdmin(ADMIN)).toEqual({ email: 'ada@example.com', password: null, created: true })
      const other = { ...ADMIN, adminPasswordHash: hashSync('another', 4) }
      expect(await firstAdmin(other)).toEqual({ email: 'ada@example.com', password: null, created: false })
      expect((await node().login({ email: 'ada@example.com', password: 'correct horse', address: HOME })).user.role).toBe('admin')
    })

    test.each([
      ['a random one', NOBODY],
      ['one of the settings', ADMIN],
    ])('%s is made by one of two nodes that start at once', async (_, admin) => {
      const made = await Promise.all([firstAdmin(admin), firstAdmin(admin)])
      expect(made.filter(({ created }) => created)).toHaveLength(1)
      expect(made.filter(({ created, password }) => !created && password !== null)).toEqual([])
      expect(await store.sql.rows('select email from users')).toHaveLength(1)
    })

    test.each([
      [{ ...ADMIN, adminPasswordHash: null }, 'ADMIN_EMAIL is set, so ADMIN_PASSWORD_HASH must be set too.'],
      [{ ...ADMIN, adminEmail: null }, 'ADMIN_PASSWORD_HASH is set, so ADMIN_EMAIL must be set too.'],
      [{ ...ADMIN, adminEmail: 'ada' }, 'ADMIN_EMAIL must be an e-mail address.'],
      [{ ...ADMIN, adminPasswordHash: 'bcrypt_hash_here' }, 'ADMIN_PASSWORD_HASH must be a bcrypt hash ($2a$, $2b$ or $2y$) of cost 4 to 15.'],
    ])('wrong settings %# are refused by name', async (admin, sentence) => {
      await expect(firstAdmin(admin)).rejects.toThrow(sentence)
    })
  })

  describe('a login', () => {
    beforeEach(async () => {
      await firstAdmin(ADMIN)
    })
    const right = { email: ' ADA@example.com', password: 'correct horse', address: HOME }
    const wrong = { ...right, password: 'correct horsf' }

    test('begins a session, and says so', async () => {
      const { login, sessions } = node()
      const { token, expiresAt, user } = await login(right)
      expect(expiresAt).toBe(START + 24 * HOUR_MS)
      expect((await sessions.whoIs(token))?.user).toEqual({ id: user.id, email: 'ada@example.com', role: 'admin', disabled: false, tokenVersion: 1, createdAt: START, lastLoginAt: START })
      expect(await store.sql.rows('select last_login_at from users')).toEqual([{ last_login_at: START }])
      expect(outcomes).toEqual(['login'])
    })

    test('makes a cheap hash anew, so it costs what others do', async () => {
      await node().login(right)
      const { user } = await findLogin(store.sql, 'ada@example.com')
      expect(costOf(user?.passwordHash ?? '')).toBe(5)
      expect((await node().login(right)).user.email).toBe('ada@example.com')
    })

    test.each([
      ['a wrong password', wrong],
      ['an unknown name', { ...right, email: 'bob@example.com' }],
      ['what is no e-mail address', { ...right, email: "' or 1=1 --\0" }],
      ['a password that goes on', { ...right, password: 'correct horse ' }],
    ])('is refused in the same words for %s', async (_, attempt) => {
      await expect(node().login(attempt)).rejects.toMatchObject({ code: 'unauthorized', message: 'Wrong e-mail address or password.' })
      expect(outcomes).toEqual(['login refused'])
    })

    test('of a disabled user is refused in the same words', async () => {
      await change('disabled = true')
      await expect(node().login(right)).rejects.toMatchObject({ code: 'unauthorized', message: 'Wrong e-mail address or password.' })
    })

    test('is limited by account after ten failures, known or not, however many come at once', async () => {
      const doorkeeper = node()
      for (const email of ['ada@example.com', 'bob@example.com']) {
        outcomes.length = 0
        const address = (i: number) => `198.51.100.${i}`
        await Promise.allSettled(Array.from({ length: 20 }, (_, i) => doorkeeper.login({ email, password: 'wrong', address: address(i) })))
        expect(outcomes.filter((outcome) => outcome === 'login refused')).toHaveLength(10)
        expect(outcomes.filter((outcome) => outcome === 'login limited')).toHaveLength(10)
        await expect(doorkeeper.login({ ...right, email })).rejects.toMatchObject({
          code: 'limited',
          more: { retryAfterSeconds: 900, headers: { 'ratelimit-policy': '"login-account";q=10;w=900', ratelimit: '"login-account";r=0;t=900' } },
        })
      }
      clock.at += 15 * MINUTE_MS
      expect((await doorkeeper.login(right)).user.email).toBe('ada@example.com')
    })

    test('that succeeds does not count', async () => {
      const doorkeeper = node()
      for (let i = 0; i < 12; i++) await doorkeeper.login(right)
      expect(outcomes).toEqual(Array(12).fill('login'))
    })
  })

  describe('a change of password', () => {
    beforeEach(async () => {
      await firstAdmin(ADMIN)
    })
    const NEW = 'battery staple'
    const begun = async () => {
      const door = node()
      const { token, user } = await door.login({ email: 'ada@example.com', password: 'correct horse', address: HOME })
      outcomes.length = 0
      return { ...door, token, attempt: { userId: user.id, email: user.email, password: 'correct horse', newPassword: NEW, address: HOME } }
    }

    test('ends every session on every node and begins one', async () => {
      const { changePassword, login, sessions, token, attempt } = await begun()
      const elsewhere = (await node().login({ ...attempt, address: '198.51.100.1' })).token
      const { token: fresh } = await changePassword(attempt)
      for (const { sessions: seen } of [{ sessions }, node()]) {
        expect([await seen.whoIs(token), await seen.whoIs(elsewhere)]).toEqual([null, null])
        expect((await seen.whoIs(fresh))?.user.email).toBe('ada@example.com')
      }
      await expect(login(attempt)).rejects.toMatchObject({ code: 'unauthorized' })
      expect((await login({ ...attempt, password: NEW })).user.email).toBe('ada@example.com')
      expect(outcomes).toEqual(['login', 'password changed', 'login refused', 'login'])
    })

    test('wants the current one, and counts a wrong one as a failed login', async () => {
      const { changePassword, login, sessions, token, attempt } = await begun()
      const wrong = { ...attempt, password: 'correct horsf' }
      for (let i = 0; i < 10; i++) await expect(changePassword(wrong)).rejects.toMatchObject({ code: 'invalid', more: { errors: [{ field: 'currentPassword', error: 'is not your password' }] } })
      await expect(changePassword(attempt)).rejects.toMatchObject({ code: 'limited' })
      await expect(login(attempt)).rejects.toMatchObject({ code: 'limited' })
      expect((await sessions.whoIs(token))?.user.email).toBe('ada@example.com')
    })

    test('wants one that may be used', async () => {
      const { changePassword, attempt } = await begun()
      await expect(changePassword({ ...attempt, newPassword: 'short' })).rejects.toMatchObject({ more: { errors: [{ field: 'newPassword', error: 'must have at least 12 characters' }] } })
      expect(outcomes).toEqual([])
    })

    test('does not let in who has the e-mail address of another in hand', async () => {
      const { changePassword, attempt } = await begun()
      await expect(changePassword({ ...attempt, userId: 'somebody else' })).rejects.toMatchObject({ code: 'invalid' })
    })
  })

  test('failures are limited by address: 30 in all, an IPv6 address by its /64', async () => {
    const doorkeeper = node()
    const attempt = (i: number) => doorkeeper.login({ email: `user-${i}@example.com`, password: 'wrong', address: `2001:db8:0:1::${i.toString(16)}` })
    for (let i = 0; i < 30; i++) await expect(attempt(i)).rejects.toMatchObject({ code: 'unauthorized' })
    await expect(attempt(30)).rejects.toMatchObject({ code: 'limited' })
    expect(outcomes.filter((outcome) => outcome === 'login refused')).toHaveLength(30)
  })
})
