import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Receiver, openReceiver } from '../../test/support/receiver.ts'
import { post } from './send.ts'
import { type TargetRules, resolvedTargetError, targetError } from './target.ts'

/** Names as a resolver of this test knows them; each look-up takes the next answer. */
function rulesOf(names: Record<string, string[][]> = {}, more: Partial<TargetRules> = {}): TargetRules {
  return {
    allowPrivate: false,
    allowHttp: true,
    resolve(hostname, _, done) {
      const answers = names[hostname]
      const addresses = (answers && answers.length > 1 ? answers.shift() : answers?.[0]) ?? []
      const error = addresses.length === 0 ? Object.assign(new Error('not found'), { code: 'ENOTFOUND' }) : null
      done(error, addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })))
    },
    ...more,
  }
}

const PRIVATE = [
  '127.0.0.1', '127.9.9.9', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '192.0.0.1', '192.0.2.1', '198.18.0.1',
  '198.51.100.1', '203.0.113.1', '224.0.0.1', '240.0.0.1', '255.255.255.255', '::1', '::', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '64:ff9b::7f00:1', '64:ff9b:1::a00:1',
  'fc00::1', 'fd12:3456::1', 'fe80::1', 'fec0::1', 'ff02::1', '2001:db8::1', '2002:7f00:1::', '2001::1', '::127.0.0.1', '100::1',
]
const host = (address: string): string => (address.includes(':') ? `[${address}]` : address)

describe('an address', () => {
  test.each([
    ...PRIVATE.map((address) => `https://${host(address)}/`),
    'https://localhost/', 'https://LOCALHOST./', 'https://api.localhost/', 'https://2130706433/', 'https://0x7f000001/', 'https://0177.0.0.1/', 'https://127.1/', 'https://0/',
    'https://①②⑦.0.0.1/', 'https://127。0。0。1/', 'https://[::ffff:7f00:1]/', 'https://169.254.169.254./latest/meta-data',
  ])('%s is private', (url) => {
    expect(targetError(url, rulesOf())).toBe('must lead to a public host, not to a private or loopback address')
  })

  test.each([
    'ftp://example.com/', 'file:///etc/passwd', 'gopher://example.com/', 'javascript:alert(1)', 'https://', '//example.com/', 'example.com', 'https://user@example.com/', 'https://user:secret@example.com/',
    'https://example.com\\@127.0.0.1/', 'https://exa\nmple.com/', 'https://example.com/\r\nHost: x', `https://example.com/${'x'.repeat(2_048)}`, '',
  ])('%j is none', (url) => {
    expect(targetError(url, rulesOf())).toBe('must be an http or https URL of at most 2048 characters, without user info')
  })

  test.each(['https://example.com:22/', 'https://example.com:25/', 'http://example.com:445/', 'https://example.com:1023/', 'https://example.com:0/'])('%s has a port of another service', (url) => {
    expect(targetError(url, rulesOf())).toBe('must have port 80, 443 or one from 1024')
  })

  test.each(['https://example.com/', 'http://example.com/', 'https://example.com:8443/a?b=c#d', 'https://8.8.8.8/', 'https://[2606:4700::1111]:1024/', 'https://example.com:80/', 'http://example.com:443/'])('%s is fine', (url) => {
    expect(targetError(url, rulesOf())).toBeNull()
  })

  test('in production http is none, and private ones are allowed only by the setting', () => {
    expect(targetError('http://example.com/', rulesOf({}, { allowHttp: false }))).toBe('must be an https URL of at most 2048 characters, without user info')
    expect(targetError('https://10.0.0.1:8443/', rulesOf({}, { allowHttp: false, allowPrivate: true }))).toBeNull()
  })
})

describe('a name', () => {
  test.each(PRIVATE)('that leads to %s is private, also beside a public address', async (address) => {
    const rules = rulesOf({ 'one.example': [[address]], 'several.example': [['8.8.8.8', address]] })
    for (const name of ['one', 'several']) expect(await resolvedTargetError(`https://${name}.example/`, rules)).toBe('must lead to a public host, not to a private or loopback address')
  })

  test('that is public, or that nobody knows yet, is fine', async () => {
    const rules = rulesOf({ 'public.example': [['8.8.8.8', '2606:4700::1111']] })
    for (const name of ['public', 'unknown']) expect(await resolvedTargetError(`https://${name}.example/`, rules)).toBeNull()
  })
})

describe('a connection', () => {
  let receiver: Receiver
  beforeAll(async () => {
    receiver = await openReceiver()
  })
  afterAll(() => receiver.close())
  const send = (url: string, rules: TargetRules, timeoutMs = 5_000) => post(url, { 'webhook-id': 'm' }, '{}', { rules, timeoutMs, now: () => 0, userAgent: 'Waymark/test' })
  const refused = { delivered: false, status: null, reason: 'the address is not allowed', retryAfterMs: null }

  test('is not made to where a name leads by the time it is used', async () => {
    const port = new URL(receiver.url).port
    const rules = rulesOf({ 'rebinding.example': [['8.8.8.8'], ['127.0.0.1']] })
    const url = `http://rebinding.example:${port}/hooks`
    expect(await resolvedTargetError(url, rules)).toBeNull()
    expect(await send(url, rules)).toEqual(refused)
    expect(receiver.messages).toEqual([])
  })

  test('is not made to a literal, nor to a name of this machine', async () => {
    for (const url of [receiver.url, receiver.url.replace('127.0.0.1', 'localhost'), receiver.url.replace('127.0.0.1', '[::ffff:127.0.0.1]')]) expect(await send(url, rulesOf())).toEqual(refused)
    expect(receiver.messages).toEqual([])
  })

  test('that was made all the same is closed before anything is sent', async () => {
    const port = new URL(receiver.url).port
    let asked = 0
    // A resolver that gives the connection another address than it shows to the check.
    const rules = rulesOf({}, {
      resolve: (_, __, done) => {
        const address = { family: 4, get address() { return (asked += 1) > 1 ? '127.0.0.1' : '8.8.8.8' } }
        done(null, [address])
      },
    })
    expect(await send(`http://lying.example:${port}/hooks`, rules)).toEqual(refused)
    expect(asked).toBeGreaterThan(1)
    expect(receiver.messages).toEqual([])
  })
})
