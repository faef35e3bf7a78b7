import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clientAddress, clientScheme, limitKey, normalAddress, trustedProxies } from './address.ts'

describe('normalAddress', () => {
  test.each([
    ['203.0.113.42', '203.0.113.42'],
    ['::1', '::1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['::ffff:203.0.113.42', '203.0.113.42'],
    ['::FFFF:cb00:712a', '203.0.113.42'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:203.0.113.42%eth0', '203.0.113.42'],
    ['64:ff9b::203.0.113.42', '64:ff9b::cb00:712a'],
    ['', null],
    ['unknown', null],
    ['127.1', null],
    ['0x7f.0.0.1', null],
    ['010.0.0.1', null],
    ['2130706433', null],
    ['256.0.0.1', null],
    ['203.0.113.42\n', null],
    [' 203.0.113.42', null],
    ['203.0.113.42:80', null],
    ['[::1]', null],
    ['1:2:3:4:5:6:7', null],
    ['2001:db8::1::', null],
    ['0000:0000:0000:0000:0000:ffff:203.000.113.042', null],
    [`fe80::1%${'x'.repeat(60)}`, null],
  ])('%j: %s', (text, normal) => expect(normalAddress(text)).toBe(normal))

  test('a normal form is its own, and at most 45 characters', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const normal = normalAddress(text) as string
        expect(normalAddress(normal)).toBe(normal)
        expect(normal).toMatch(/^[0-9a-f.:]{2,45}$/)
      }),
    )
  })
})

describe('trustedProxies', () => {
  const trusted = trustedProxies(['10.0.0.0/8', '192.0.2.7', ' 2001:db8::/32 ', '::ffff:198.51.100.0/120', '::1'])

  test.each([
    ['10.1.2.3', true],
    ['::ffff:10.1.2.3', true],
    ['11.0.0.1', false],
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    ['198.51.100.255', true],
    ['198.51.101.0', false],
    ['2001:db8:ffff::1', true],
    ['2001:db9::1', false],
    ['::1', true],
    ['::2', false],
    ['unknown', false],
    ['', false],
  ])('%s: %s', (address, answer) => expect([trusted(address), trusted(address)]).toEqual([answer, answer]))

  const malformed = ['', 'localhost', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0.0/-1', '10.0.0.0/255.0.0.0', '127.1', '*']
  test.each([...malformed, '::1/129', 'fe80::%eth0/64'])('%j is refused by name', (entry) =>
    expect(() => trustedProxies(['10.0.0.1', entry])).toThrow(`'${entry}' is no IP address or CIDR range`),
  )

  test('nobody is trusted unless listed', () => expect(trustedProxies([])('127.0.0.1')).toBe(false))
})

describe('clientAddress', () => {
  const trusted = trustedProxies(['10.0.0.0/8', '::1'])

  test.each([
    ['no header', '10.0.0.1', undefined, '10.0.0.1'],
    ['an untrusted socket', '203.0.113.1', '198.51.100.1', '203.0.113.1'],
    ['one proxy', '10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['a mapped proxy', '::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['a mapped client', '::1', '::ffff:198.51.100.1', '198.51.100.1'],
    ['two proxies', '10.0.0.1', '198.51.100.1, 10.0.0.2', '198.51.100.1'],
    ['what the client wrote itself', '10.0.0.1', '1.1.1.1, 198.51.100.1', '198.51.100.1'],
    ['a forged proxy', '10.0.0.1', '10.0.0.9, 198.51.100.1', '198.51.100.1'],
    ['all trusted', '10.0.0.1', '10.0.0.3,10.0.0.2', '10.0.0.3'],
    ['a malformed entry at the end', '10.0.0.1', '198.51.100.1, unknown', '10.0.0.1'],
    ['a malformed entry behind a proxy', '10.0.0.1', 'unknown, 10.0.0.2', '10.0.0.2'],
    ['an empty header', '10.0.0.1', '', '10.0.0.1'],
    ['a trailing comma', '10.0.0.1', '198.51.100.1,', '10.0.0.1'],
    ['a port', '10.0.0.1', '198.51.100.1:4711', '198.51.100.1'],
    ['IPv6 in brackets', '10.0.0.1', '[2001:DB8::1]', '2001:db8::1'],
    ['IPv6 with a port', '10.0.0.1', '[2001:db8::1]:4711', '2001:db8::1'],
    ['an IPv6 socket', '2001:db8::1', '198.51.100.1', '2001:db8::1'],
    ['a socket without an address', '', '198.51.100.1', ''],
  ])('%s', (_name, socket, header, client) => expect(clientAddress(socket, header, trusted)).toBe(client))

  test('nobody can write an address to the left of an untrusted one', () => {
    fc.assert(
      fc.property(fc.string(), fc.ipV4(), (forged, client) => {
        fc.pre(!client.startsWith('10.'))
        expect(clientAddress('10.0.0.1', `${forged}, ${client}`, trusted)).toBe(client)
      }),
    )
  })
})

describe('clientScheme', () => {
  const trusted = trustedProxies(['10.0.0.0/8'])

  test.each([
    ['10.0.0.1', undefined, 'http'],
    ['10.0.0.1', 'https', 'https'],
    ['10.0.0.1', 'HTTPS , http', 'https'],
    ['10.0.0.1', 'http, https', 'http'],
    ['10.0.0.1', 'javascript', 'http'],
    ['203.0.113.1', 'https', 'http'],
  ] as const)('from %s with %j is %s', (socket, header, scheme) => expect(clientScheme(socket, header, trusted)).toBe(scheme))
})

describe('limitKey', () => {
  test.each([
    ['203.0.113.42', '203.0.113.42'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8::/64'],
    ['::ffff:203.0.113.42', '203.0.113.42'],
    ['no:address', 'no:address'],
  ])('%s: %s', (address, key) => expect(limitKey(address)).toBe(key))

  test('one customer’s /64 is one key, its neighbour’s another', () => {
    const half = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('hex').match(/.{4}/g)?.join(':'))
    fc.assert(
      fc.property(half, half, half, half, (network, neighbour, one, other) => {
        expect(limitKey(`${network}:${one}`)).toBe(limitKey(`${network}:${other}`))
        if (network !== neighbour) expect(limitKey(`${network}:${one}`)).not.toBe(limitKey(`${neighbour}:${one}`))
      }),
    )
  })
})
