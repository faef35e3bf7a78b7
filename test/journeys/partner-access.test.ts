import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sha256 } from '../../src/core/ids.ts'
import { type TestApp, testApp } from '../support/app.ts'
import { onEveryEngine } from '../support/engines.ts'
import { readStore } from '../support/store.ts'

const CREATE = '/api/tracking/partner/create'
const JOHN = { trackingId: 'partner_john', partnerName: 'John Smith', email: 'john@example.com' }

onEveryEngine('access to a partner’s numbers', (engine) => {
  let app: TestApp
  beforeAll(async () => {
    app = await testApp(engine, { env: { RATE_LIMIT_ANALYTICS: '1000' } })
    await create(JOHN)
  })
  afterAll(() => app.close())

  const admin = (path: string, body?: object) => app.post(path, body, { as: 'admin' })
  const create = async (partner: object) => (await admin(CREATE, partner)).body as { accessToken: string }
  const numbers = (id: string, query = '') => app.ask('GET', `/api/tracking/engagement/${id}${query}`)
  const listed = async () => ((await app.get('/api/tracking/partners', { as: 'admin' })).body as { partners: Record<string, unknown>[] }).partners
  const refused = { status: 403, body: { success: false, error: 'This token does not open these numbers: it is wrong, has expired or was revoked.' } }

  test('with a token that is not this partner’s', async () => {
    const { accessToken } = await create({ trackingId: 'one' })
    const { accessToken: others } = await create({ trackingId: 'two' })
    const session = ((await app.as('admin')).authorization ?? '').replace('Bearer ', '')
    for (const token of [others, session, '', 'x', `${accessToken}x`, accessToken.slice(0, -1), accessToken.toLowerCase(), '%00', '%F0%9F%99%82', 'y'.repeat(10_000)]) {
      expect([token, await numbers('one', `?token=${token}`)]).toMatchObject([token, refused])
    }
    // A session opens nothing here, nor does a partner's token open anything else.
    expect((await app.get('/api/tracking/engagement/one', { as: 'admin' })).body).toMatchObject({ access: 'public' })
    for (const headers of [{ authorization: `Bearer ${accessToken}` }, { 'x-api-key': accessToken }]) {
      expect((await app.ask('GET', '/api/tracking/partners', { headers })).status).toBe(401)
    }
  })

  test('for an id that nobody has: 404, with a token and without; events alone make no partner', async () => {
    const { accessToken } = await create({ trackingId: 'three' })
    const missing = { status: 404, body: { success: false, error: 'There is no partner of that tracking id.' } }
    for (const query of ['', `?token=${accessToken}`]) expect(await numbers('nobody', query)).toMatchObject(missing)
    await app.given.link({ partner: 'only-events', tracking_id: 'only-events' })
    await app.click('/website?uuid=only-events')
    expect(await numbers('only-events')).toMatchObject(missing)
    expect(await numbers('THREE')).toMatchObject(missing)
    for (const what of ['revoke', 'rotate']) expect(await admin(`/api/tracking/partner/nobody/${what}`)).toMatchObject(missing)
  })

  test.each([
    ['trackingId', {}],
    ['trackingId', { trackingId: 'a b' }],
    ['trackingId', { trackingId: 'ü' }],
    ['trackingId', { trackingId: 'x'.repeat(256) }],
    ['trackingId', { trackingId: 7 }],
    ['partnerName', { trackingId: 'bad', partnerName: 'x'.repeat(256) }],
    ['partnerName', { trackingId: 'bad', partnerName: 'John\r\nBcc: all@example.com' }],
    ['partnerName', { trackingId: 'bad', partnerName: 'John\0' }],
    ['email', { trackingId: 'bad', email: 'john' }],
    ['email', { trackingId: 'bad', email: 'john@example.com, all@example.com' }],
    ['email', { trackingId: 'bad', email: 'john@example.com\r\nBcc: all@example.com' }],
    ['email', { trackingId: 'bad', email: `${'j'.repeat(255)}@example.com` }],
    ['email', { trackingId: 'bad', sendInvite: true }],
    ['expiresInDays', { trackingId: 'bad', expiresInDays: 0 }],
    ['expiresInDays', { trackingId: 'bad', expiresInDays: 3_651 }],
    ['expiresInDays', { trackingId: 'bad', expiresInDays: 1.5 }],
    ['expiresInDays', { trackingId: 'bad', expiresInDays: '365' }],
    ['sendInvite', { trackingId: 'bad', sendInvite: 'yes' }],
  ])('%s of %j', async (field, partner) => {
    const { status, body } = await admin(CREATE, partner)
    expect([status, body]).toEqual([400, { success: false, error: expect.stringContaining(field), details: [{ field, error: expect.any(String) }] }])
    expect((await listed()).filter(({ trackingId }) => trackingId === 'bad')).toEqual([])
  })

  test.each(['/a%20b', '/%00', `/${'x'.repeat(256)}`, '/partner_john?days=0', '/partner_john?days=367', '/partner_john?days=ten', '/partner_john?token=a&token=b'])('GET %s is 400', async (path) => {
    const { status, body } = await app.ask('GET', `/api/tracking/engagement${path}`)
    expect([status, body]).toEqual([400, { success: false, error: expect.stringMatching(/^(trackingId|days|token): /), details: [expect.any(Object)] }])
  })

  test('leaves no token in the log, the store or any file', async () => {
    const log: string[] = []
    const shown: string[] = []
    const watched = await testApp(engine, { log, env: { LOG_LEVEL: 'trace', RATE_LIMIT_ANALYTICS: '1000' } })
    const look = (token: string) => watched.ask('GET', `/api/tracking/engagement/partner_john?token=${token}`)
    const made = await watched.post(CREATE, JOHN, { as: 'admin', headers: { 'idempotency-key': 'once' } })
    const rotated = await watched.post('/api/tracking/partner/partner_john/rotate', {}, { as: 'admin', headers: { 'idempotency-key': 'again' } })
    for (const { body } of [made, rotated]) shown.push((body as { accessToken: string }).accessToken)
    // One that counts, one that does not, a question that is refused, and a path that nobody serves.
    expect([(await look(shown[1] ?? '')).status, (await look(shown[0] ?? '')).status]).toEqual([200, 403])
    await watched.ask('GET', `/api/tracking/engagement/partner_john/?token=${shown[1]}&days=0`)
    await watched.ask('GET', `/engagement/partner_john/nothing?token=${shown[1]}`)
    expect(log.length).toBeGreaterThan(3)
    await watched.stop()

    const tables = (await readStore<{ table_name: string }>(watched.store, "select table_name from information_schema.tables where table_type = 'BASE TABLE' and table_schema in ('main', 'public')")).map(({ table_name }) => table_name)
    expect(tables).toContain('partner_access')
    const dump: string[] = []
    for (const table of tables) dump.push(JSON.stringify(await readStore(watched.store, `select * from ${table}`)))
    const files = (await readdir(watched.store.dataDir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
    for (const { parentPath, name } of files) dump.push(await readFile(join(parentPath, name), 'latin1'))
    expect(dump.join('')).toContain(sha256(shown[1] ?? ''))
    for (const text of [...dump, ...log]) for (const token of shown) expect(text.includes(token)).toBe(false)
    await watched.close()
  })

  test('questions are limited by address: RATE_LIMIT_ANALYTICS a minute, whoever is asked for', async () => {
    const limited = await testApp(engine, { env: { RATE_LIMIT_ANALYTICS: '3', TRUST_PROXY: '127.0.0.1' } })
    await limited.post(CREATE, JOHN, { as: 'admin' })
    const look = (id: string, address: string) => limited.ask('GET', `/api/tracking/engagement/${id}?token=guess`, { headers: { 'x-forwarded-for': address } })
    const answers = [await look('partner_john', '2001:db8::1'), await look('nobody', '2001:db8::2'), await look('partner_john', '2001:db8::3'), await look('partner_john', '2001:db8::4')]
    expect(answers.map(({ status }) => status)).toEqual([403, 404, 403, 429])
    expect(answers[0]?.headers).toMatchObject({ 'ratelimit-policy': '"analytics";q=3;w=60', ratelimit: expect.stringMatching(/^"analytics";r=2;t=(60|5\d)$/), 'cache-control': 'private, no-store', 'referrer-policy': 'no-referrer' })
    expect(answers[3]).toMatchObject({ headers: { 'retry-after': expect.stringMatching(/^\d+$/), 'cache-control': 'private, no-store' }, body: { success: false, error: expect.stringMatching(/^Too many requests/) } })
    expect((await look('partner_john', '2001:db8:0:1::1')).status).toBe(403)
    await limited.close()
  })
})
