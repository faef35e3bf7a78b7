import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ADMIN, type TestApp, VIEWER, testApp } from '../support/app.ts'
import { onEveryEngine } from '../support/engines.ts'
import { TEST_KEY } from '../support/process.ts'
import { engineOn } from '../support/store.ts'

const JWT_SECRET = 'the secret of this test, of forty-six letters.'

const part = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const hmac = (body: string, secret = JWT_SECRET, digest = 'sha256') => `${body}.${createHmac(digest, secret).update(body).digest('base64url')}`

onEveryEngine('credentials that count for nothing', (engine) => {
  let app: TestApp
  const log: string[] = []
  /** A token that counts, and what it says. */
  let token: string
  let claims: Record<string, unknown>
  beforeAll(async () => {
    app = await testApp(engine, { env: { JWT_SECRET, LOG_LEVEL: 'trace' }, log })
    token = ((await app.as('admin')).authorization ?? '').slice('Bearer '.length)
    claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  })
  afterAll(() => app.close())

  const header = { alg: 'HS256', typ: 'JWT' }
  const signed = (changedHeader: object, changedClaims: object = {}, digest?: string) => hmac(`${part({ ...header, ...changedHeader })}.${part({ ...claims, ...changedClaims })}`, JWT_SECRET, digest)
  const unsigned = (alg: string) => `${part({ alg, typ: 'JWT' })}.${part(claims)}`
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const publicPem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()

  /** What a route for reading and one for writing answer to a token, as bearer and as cookie. */
  const statuses = async (wrong: string) => {
    const found: number[] = []
    for (const headers of [{ authorization: `Bearer ${wrong}` }, { cookie: `waymark-session=${wrong}`, 'sec-fetch-site': 'same-origin' }]) {
      found.push((await app.ask('GET', '/api/auth/me', { headers })).status, (await app.ask('POST', '/api/keys', { headers, body: {} })).status)
    }
    return found
  }

  test('the test signs as the server does', async () => {
    expect(await statuses(token)).toEqual([200, 400, 200, 400])
    expect(await statuses(signed({}))).toEqual([200, 400, 200, 400])
  })

  describe('a token', () => {
    test.each<[string, () => string]>([
      ...['none', 'None', 'NONE', 'nOnE', ''].flatMap((alg): [string, () => string][] => [
        [`alg "${alg}", empty signature`, () => `${unsigned(alg)}.`],
        [`alg "${alg}", the right signature`, () => hmac(unsigned(alg))],
        [`alg "${alg}", the signature of another`, () => `${unsigned(alg)}.${token.split('.')[2]}`],
      ]),
      ['empty signature', () => `${token.split('.').slice(0, 2).join('.')}.`],
      ['no signature', () => token.split('.').slice(0, 2).join('.')],
      ['HS512', () => signed({ alg: 'HS512' }, {}, 'sha512')],
      ['HS384', () => signed({ alg: 'HS384' }, {}, 'sha384')],
      ['RS256, by a key pair', () => ((body: string) => `${body}.${sign('sha256', Buffer.from(body), rsa.privateKey).toString('base64url')}`)(unsigned('RS256'))],
      ['RS256, by the secret', () => hmac(unsigned('RS256'))],
      ['HS256, by a public key', () => hmac(unsigned('HS256'), publicPem)],
      ['HS256, by nothing', () => hmac(unsigned('HS256'), '')],
      ['kid to an empty file', () => hmac(`${part({ ...header, kid: '../../../../dev/null' })}.${part(claims)}`, '')],
      ['kid, by the right secret', () => signed({ kid: "' union select 'x" })],
      ['jku', () => signed({ jku: 'https://evil.example/keys' })],
      ['jwk', () => signed({ jwk: { kty: 'oct', k: part(JWT_SECRET) } })],
      ['x5u', () => signed({ x5u: 'https://evil.example/cert' })],
      ['x5c', () => signed({ x5c: ['MIIB'] })],
      ['crit', () => signed({ crit: ['exp'] })],
      ['b64: false', () => signed({ b64: false, crit: ['b64'] })],
      ['zip', () => signed({ zip: 'DEF' })],
      ['of another typ', () => signed({ typ: 'at+jwt' })],
      ['for another audience', () => signed({}, { aud: 'waymark-partner' })],
      ['of another issuer', () => signed({}, { iss: 'https://evil.example' })],
      ['expired', () => signed({}, { exp: Number(claims.iat) - 6 })],
      ['not yet valid', () => signed({}, { nbf: Number(claims.iat) + 6 })],
      ['that never ends', () => signed({}, { exp: undefined })],
      ['of nobody', () => signed({}, { sub: 'nobody' })],
      ['of no session', () => signed({}, { sid: 'none' })],
      ['of an earlier password', () => signed({}, { ver: Number(claims.ver) - 1 })],
      ['of a later password', () => signed({}, { ver: Number(claims.ver) + 1 })],
      ['like a partner’s', () => 'wmp_XpX7yZKq0lqS1yq9J6o5kqT9m4W3dW1n2s5V8b7c0aE'],
      ['an ingest key', () => TEST_KEY],
      ['nothing', () => ''],
      ['dots', () => '..'],
      ['8 KB', () => signed({}, { padding: 'x'.repeat(6_500) })],
    ])('%s', async (_, wrong) => {
      expect(await statuses(wrong())).toEqual([401, 401, 401, 401])
    })

    test('1 MB: refused before it is read, and the server goes on', async () => {
      const huge = signed({}, { padding: 'x'.repeat(750_000) })
      for (const headers of [{ authorization: `Bearer ${huge}` }, { cookie: `waymark-session=${huge}` }, { 'x-api-key': huge }]) {
        // The connection may be closed before all of it is sent; `fetch` has connections of its own, which nobody uses after that.
        const status = await fetch(`${app.url}/api/auth/me`, { headers }).then(
          (answer) => answer.status,
          () => 'closed',
        )
        expect([431, 'closed']).toContain(status)
      }
      expect(await statuses(token)).toEqual([200, 400, 200, 400])
    })
  })

  test('a key or token of any other length is 401, never 500', async () => {
    const ask = async (headers: Record<string, string>) => (await app.ask('POST', '/api/tracking-ingest/test', { headers })).status
    for (let length = 0; length < TEST_KEY.length; length++) expect([length, await ask({ 'x-api-key': TEST_KEY.slice(0, length) })]).toEqual([length, 401])
    for (const more of [1, 2, 1_000, 10_000]) expect([more, await ask({ 'x-api-key': TEST_KEY + 'x'.repeat(more) })]).toEqual([more, 401])
    for (const length of [1, 2, 3, 10, 42, 43, 44, token.length - 2, token.length - 1]) expect([length, await statuses(token.slice(0, length))]).toEqual([length, [401, 401, 401, 401]])
    expect(await statuses(`${token}A`)).toEqual([401, 401, 401, 401])
  })

  test('no secret is kept or logged: not in the store, its files, the journal or the log', async () => {
    const own = await testApp(engine, { env: { JWT_SECRET, LOG_LEVEL: 'trace' }, log })
    const { key } = (await own.post('/api/keys', { name: 'kept as a hash' }, { as: 'admin' })).body as { key: string }
    const asKey = { 'x-api-key': key, 'idempotency-key': 'once' }
    await own.ask('POST', '/api/tracking-ingest/batch', { headers: asKey, body: { events: [{ tracking_id: 'unknown' }, null] } })
    const bearers = [(await own.as('viewer')).authorization ?? '', (await own.as('admin')).authorization ?? '']
    const changed = await own.ask('POST', '/api/auth/password', { headers: { authorization: bearers[0] ?? '' }, body: { currentPassword: VIEWER.password, newPassword: 'correct battery' } })
    expect(changed.status).toBe(200)
    await own.post('/api/auth/login', { email: VIEWER.email, password: 'guessed in vain' }, { as: 'nobody' })
    const secrets = [key, ...bearers.map((shown) => shown.slice('Bearer '.length)), (changed.body as { token: string }).token, ADMIN.password, VIEWER.password, 'correct battery', 'guessed in vain', JWT_SECRET]
    await own.stop()

    const opened = await engineOn(own.store)
    const tables = await opened.rows<{ table_name: string }>("select table_name from information_schema.tables where table_schema in ('public', 'main') and table_type = 'BASE TABLE'")
    expect(tables.length).toBeGreaterThan(10)
    const rows: string[] = []
    for (const { table_name } of tables) rows.push(JSON.stringify(await opened.rows(`select * from "${table_name}"`)))
    await opened.close()
    const { dataDir } = own.store
    const files = (await readdir(dataDir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
    const texts = await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), 'latin1')))
    // What is looked through is what is meant: these are in it.
    expect(rows.join()).toContain('kept as a hash')
    expect(rows.join()).toContain(VIEWER.email)
    if (engine.name === 'duckdb') expect(texts.join()).toContain('kept as a hash')
    expect(log.join()).toContain('login')
    for (const secret of secrets) expect([secret, [rows, texts, log].map((where) => where.join().includes(secret))]).toEqual([secret, [false, false, false]])
    await own.store.drop()
  })
})
