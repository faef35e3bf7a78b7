import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { onEveryEngine } from '../../test/support/engines.ts'
import { type TestStore, openStore } from '../../test/support/store.ts'
import { HOUR_MS, MINUTE_MS } from '../core/time.ts'
import type { Sql } from '../store/sql.ts'
import { createSessions } from './session.ts'
import { deleteSession, insertUser, updateUser } from './store.ts'
import { createTokens } from './token.ts'
import type { User } from './user.ts'

const START = Date.UTC(2026, 10, 22, 14, 30)
const SECRET = 'a secret of at least thirty-two bytes'
const ada: User = { id: 'ada', email: 'ada@example.com', role: 'admin', disabled: false, tokenVersion: 1, createdAt: START, lastLoginAt: null }

onEveryEngine('sessions', (engine) => {
  let store: TestStore
  const clock = { at: START }
  beforeAll(async () => {
    store = await openStore(engine)
  })
  afterAll(() => store.close())
  beforeEach(async () => {
    clock.at = START
    await store.sql.write([{ text: 'delete from users' }, { text: 'delete from sessions' }])
    await insertUser(store.sql, { ...ada, passwordHash: 'none' })
    await insertUser(store.sql, { ...ada, id: 'bob', email: 'bob@example.com', passwordHash: 'none' })
  })

  /** Sessions as a node of its own has them. */
  const node = ({ tokenMs = 24 * HOUR_MS, timeoutMs = 24 * HOUR_MS, sql = store.sql }: { tokenMs?: number; timeoutMs?: number; sql?: Sql } = {}) => {
    const now = () => clock.at
    return createSessions({ sql, tokens: createTokens({ secret: SECRET, lifetimeMs: tokenMs, now }), tokenMs, timeoutMs, now })
  }
  const counts = async (token: string, sessions = node()) => (await sessions.whoIs(token)) !== null

  test('say who it is, on every node', async () => {
    const { token, expiresAt, user } = await node().begin(ada)
    expect([expiresAt, user]).toEqual([START + 24 * HOUR_MS, ada])
    expect(await node().whoIs(token)).toEqual({ user: ada, sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/), expiresAt, aging: false })
  })

  test('end with their tokens, however much they are used', async () => {
    const sessions = node()
    const { token, expiresAt } = await sessions.begin(ada)
    for (; clock.at < expiresAt; clock.at += HOUR_MS) expect(await counts(token, sessions)).toBe(true)
    clock.at = expiresAt + 5_000
    expect(await counts(token, sessions)).toBe(false)
  })

  test('go on with new tokens, and the old ones until their own ends', async () => {
    const sessions = node({ tokenMs: 10 * HOUR_MS })
    const first = await sessions.begin(ada)
    const { sessionId } = (await sessions.whoIs(first.token)) ?? { sessionId: '' }
    clock.at += 2 * HOUR_MS
    expect(await sessions.whoIs(first.token)).toMatchObject({ aging: false })
    clock.at += HOUR_MS
    expect(await sessions.whoIs(first.token)).toMatchObject({ aging: true })
    const second = await sessions.renew(sessionId, ada.id)
    expect(second).toEqual({ token: expect.any(String), expiresAt: clock.at + 10 * HOUR_MS, user: ada })
    expect(await sessions.whoIs(second.token)).toMatchObject({ sessionId, aging: false })
    expect(await counts(first.token)).toBe(true)
    clock.at = first.expiresAt + 5_000
    expect([await counts(first.token, sessions), await counts(second.token, sessions)]).toEqual([false, true])
  })

  test('end after a time without use, counted from the last use to the minute', async () => {
    const sessions = node({ tokenMs: 100 * HOUR_MS })
    const { token } = await sessions.begin(ada)
    clock.at += 24 * HOUR_MS - 1
    expect(await counts(token, sessions)).toBe(true)
    clock.at += 24 * HOUR_MS - 1
    expect(await counts(token, node({ tokenMs: 100 * HOUR_MS }))).toBe(true)
    clock.at += 24 * HOUR_MS
    expect(await counts(token, sessions)).toBe(false)
  })

  test('are noted as used once a minute, and not at all where the store cannot be written', async () => {
    const writes: string[] = []
    const sql: Sql = {
      rows: store.sql.rows,
      write: async (statements) => {
        writes.push(...statements.map(({ text }) => text.slice(0, 6)))
        throw new Error('read only')
      },
    }
    const { token } = await node().begin(ada)
    clock.at += MINUTE_MS - 1
    expect(await counts(token, node({ sql }))).toBe(true)
    expect(writes).toEqual([])
    clock.at += 1
    expect(await counts(token, node({ sql }))).toBe(true)
    expect(writes).toEqual(['update'])
  })

  test('end by logging out with all their tokens, others go on', async () => {
    const sessions = node()
    const [one, other] = [await sessions.begin(ada), await sessions.begin(ada)]
    const { sessionId } = (await sessions.whoIs(one.token)) ?? { sessionId: '' }
    const renewed = await sessions.renew(sessionId, ada.id)
    await sessions.end(sessionId)
    expect([await counts(one.token), await counts(renewed.token), await counts(other.token)]).toEqual([false, false, true])
    await expect(sessions.renew(sessionId, ada.id)).rejects.toMatchObject({ code: 'unauthorized' })
    await sessions.end(sessionId)
  })

  test.each([
    ['a new password', { passwordHash: 'another' }],
    ['disabling', { disabled: true }],
  ])('end by %s, of this user alone, and stay ended', async (_, change) => {
    const sessions = node()
    const [adas, bobs] = [await sessions.begin(ada), await sessions.begin({ ...ada, id: 'bob', email: 'bob@example.com' })]
    await updateUser(store.sql, 'ada', change)
    expect([await counts(adas.token), await counts(bobs.token)]).toEqual([false, true])
    await updateUser(store.sql, 'ada', { disabled: false })
    expect(await counts(adas.token)).toBe(false)
  })

  test('that were begun with the old password, while it was being changed, count for nothing', async () => {
    await updateUser(store.sql, 'ada', { passwordHash: 'another' })
    expect(await counts((await node().begin(ada)).token)).toBe(false)
  })

  test('go on with a new role, which counts at once', async () => {
    const { token } = await node().begin(ada)
    await updateUser(store.sql, 'ada', { role: 'viewer' })
    expect(await node().whoIs(token)).toMatchObject({ user: { role: 'viewer' } })
  })

  test('are somebody’s: a token cannot name the session of another', async () => {
    const bobs = await node().begin({ ...ada, id: 'bob' })
    const { sessionId } = (await node().whoIs(bobs.token)) ?? { sessionId: '' }
    const tokens = createTokens({ secret: SECRET, lifetimeMs: HOUR_MS, now: () => clock.at })
    expect(await counts((await tokens.issue(ada, sessionId)).token)).toBe(false)
    await deleteSession(store.sql, sessionId)
  })

  test('that have ended are cleared from the store when another begins', async () => {
    await node().begin(ada)
    clock.at += 24 * HOUR_MS
    await node().begin(ada)
    expect(await store.sql.rows('select id from sessions')).toHaveLength(2)
    clock.at += 1
    await node().begin(ada)
    expect(await store.sql.rows('select created_at, last_used_at from sessions order by created_at')).toEqual([
      { created_at: START + 24 * HOUR_MS, last_used_at: START + 24 * HOUR_MS },
      { created_at: clock.at, last_used_at: clock.at },
    ])
  })
})
