import { createHmac, createSecretKey, generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { HOUR_MS } from '../core/time.ts'
import { createTokens } from './token.ts'
import type { User } from './user.ts'

const SECRET = 'a secret of at least thirty-two bytes'
const START = Date.UTC(2026, 10, 22, 14, 30)
const seconds = START / 1000

const ada: User = {
  id: '0190c8f2-0000-7000-8000-000000000001',
  email: 'ada@example.com',
  role: 'admin',
  disabled: false,
  tokenVersion: 3,
  createdAt: START,
  lastLoginAt: null,
}

function tokensAt(at = START, secret = SECRET) {
  const clock = { at }
  return { clock, tokens: createTokens({ secret, lifetimeMs: 24 * HOUR_MS, now: () => clock.at }) }
}

const header = { alg: 'HS256', typ: 'JWT' }
const claims = {
  sub: ada.id,
  role: 'admin',
  ver: 3,
  sid: 'a session',
  iss: 'waymark',
  aud: 'waymark-app',
  iat: seconds,
  nbf: seconds,
  exp: seconds + 86_400,
}

const part = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
/** A token signed with the right secret, whatever it says. */
function signed(withHeader: unknown, withClaims: unknown, digest = 'sha256'): string {
  const body = `${part(withHeader)}.${part(withClaims)}`
  return `${body}.${createHmac(digest, SECRET).update(body).digest('base64url')}`
}

test('a token says who it was made for, and ends after its time', async () => {
  const { clock, tokens } = tokensAt()
  const issued = await tokens.issue(ada, 'a session')
  expect(issued.expiresAt).toBe(START + 24 * HOUR_MS)
  const expected = { userId: ada.id, sessionId: 'a session', tokenVersion: 3, expiresAt: issued.expiresAt }
  expect(await tokens.verify(issued.token)).toEqual(expected)
  clock.at = issued.expiresAt - 1
  expect(await tokens.verify(issued.token)).toEqual(expected)
  clock.at = issued.expiresAt + 5_000
  expect(await tokens.verify(issued.token)).toBeNull()
})

test('the tests sign as the server does', async () => {
  expect(await tokensAt().tokens.verify(signed(header, claims))).toEqual({
    userId: ada.id,
    sessionId: 'a session',
    tokenVersion: 3,
    expiresAt: (seconds + 86_400) * 1000,
  })
})

describe('refused, though signed with the right secret', () => {
  const without = (name: keyof typeof claims) => Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name))
  test.each([
    ...Object.keys(claims)
      .filter((name) => name !== 'role')
      .map((name) => [`without ${name}`, signed(header, without(name as keyof typeof claims))]),
    ['expired', signed(header, { ...claims, exp: seconds - 6 })],
    ['not yet valid', signed(header, { ...claims, nbf: seconds + 6 })],
    ['from the future', signed(header, { ...claims, iat: seconds + 6 })],
    ['older than a session lasts', signed(header, { ...claims, iat: seconds - 86_406 })],
    ['exp as text', signed(header, { ...claims, exp: String(seconds + 86_400) })],
    ['exp beyond all', signed(header, `{"sub":"x","iss":"waymark","aud":"waymark-app","ver":1,"sid":"x","iat":${seconds},"nbf":${seconds},"exp":"1e999"}`)],
    ['of another issuer', signed(header, { ...claims, iss: 'Waymark' })],
    ['for another audience', signed(header, { ...claims, aud: 'waymark-partner' })],
    ['for several audiences', signed(header, { ...claims, aud: ['waymark-app', 'other'] })],
    ['odd version', signed(header, { ...claims, ver: '3' })],
    ['odd subject', signed(header, { ...claims, sub: 7 })],
    ['claims that are no object', signed(header, '[]')],
    ['claims that are no JSON', signed(header, '{')],
    ['alg none', signed({ ...header, alg: 'none' }, claims)],
    ['alg HS512', signed({ ...header, alg: 'HS512' }, claims, 'sha512')],
    ['alg HS384', signed({ ...header, alg: 'HS384' }, claims, 'sha384')],
    ['alg hs256', signed({ ...header, alg: 'hs256' }, claims)],
    ['no alg', signed({ typ: 'JWT' }, claims)],
    ['no typ', signed({ alg: 'HS256' }, claims)],
    ['another typ', signed({ ...header, typ: 'at+jwt' }, claims)],
    ['kid', signed({ ...header, kid: '../../dev/null' }, claims)],
    ['jku', signed({ ...header, jku: 'https://evil.example/keys' }, claims)],
    ['jwk', signed({ ...header, jwk: { kty: 'oct', k: part(SECRET) } }, claims)],
    ['x5u', signed({ ...header, x5u: 'https://evil.example/cert' }, claims)],
    ['crit', signed({ ...header, crit: ['exp'] }, claims)],
    ['b64', signed({ ...header, b64: false, crit: ['b64'] }, claims)],
  ])('%s', async (_, token) => {
    expect(await tokensAt().tokens.verify(token)).toBeNull()
  })
})

describe('refused, not signed with the secret', () => {
  const none = ['none', 'None', 'NONE', 'nOnE', ''].flatMap((alg) => {
    const body = `${part({ alg, typ: 'JWT' })}.${part(claims)}`
    return [`${body}.`, body, `${body}.${part('x')}`]
  })
  const good = signed(header, claims)
  const [head, body, signature] = good.split('.') as [string, string, string]
  test.each([
    ...none.map((token, i) => [`none ${i}`, token]),
    ['empty signature', `${head}.${body}.`],
    ['cut signature', good.slice(0, -1)],
    ['padded signature', `${good}=`],
    ['signature in another spelling', good.slice(0, -1) + String.fromCharCode(good.charCodeAt(good.length - 1) + 1)],
    ['other claims', `${head}.${part({ ...claims, ver: 4 })}.${signature}`],
    ['more parts', `${good}.${signature}`],
    ['nothing', ''],
    ['dots', '..'],
    ['a partner token', 'wmp_XpX7yZKq0lqS1yq9J6o5kqT9m4W3dW1n2s5V8b7c0aE'],
    ['NUL', `${good}\0`],
    ['1 MB', `${head}.${part({ ...claims, more: 'x'.repeat(1_000_000) })}.${signature}`],
  ])('%s', async (_, token) => {
    expect(await tokensAt().tokens.verify(token)).toBeNull()
  })

  test('another secret', async () => {
    const { token } = await tokensAt(START, 'another secret of thirty-two bytes!!').tokens.issue(ada, 'a session')
    expect(await tokensAt().tokens.verify(token)).toBeNull()
  })

  test('a key pair in place of the secret', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const token = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'JWT' }).sign(privateKey)
    expect(await tokensAt().tokens.verify(token)).toBeNull()
  })

  test('anything at all', async () => {
    const { tokens } = tokensAt()
    const change = fc.record({ at: fc.nat(good.length - 1), to: fc.constantFrom(...'ABCxyz019-_.=% ') })
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), fc.array(change, { minLength: 1, maxLength: 5 })), async (text) => {
        let token = typeof text === 'string' ? text : good
        if (typeof text !== 'string') for (const { at, to } of text) token = token.slice(0, at) + to + token.slice(at + 1)
        if (token !== good) expect(await tokens.verify(token)).toBeNull()
      }),
      { numRuns: 500 },
    )
  })
})

test('a token of 8 KB is looked at, a longer one is not, though it be signed', async () => {
  const key = createSecretKey(SECRET, 'utf8')
  const { tokens } = tokensAt()
  for (const [padding, counts] of [[5_000, true], [6_500, false]] as const) {
    const token = await new SignJWT({ ...claims, padding: 'x'.repeat(padding) }).setProtectedHeader(header).sign(key)
    expect((await tokens.verify(token)) !== null).toBe(counts)
  }
})

test('a secret under 32 bytes is refused at once', () => {
  expect(() => tokensAt(START, 'x'.repeat(31))).toThrow(/32 bytes/)
  expect(() => tokensAt(START, 'ü'.repeat(16))).not.toThrow()
})
