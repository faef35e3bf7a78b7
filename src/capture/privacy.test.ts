import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hashAddress, optedOut, privacyFor, visitorOf } from './privacy.ts'

const today = Buffer.alloc(32, 1)
const tomorrow = Buffer.alloc(32, 2)

describe('hashAddress', () => {
  test('is HMAC-SHA256, cut to 32 hex digits', () => {
    const whole = createHmac('sha256', today).update('203.0.113.42').digest('hex')
    expect(hashAddress(today, '203.0.113.42')).toBe(whole.slice(0, 32))
  })

  test('without the day’s key, no address of a /16 leads back', () => {
    const hash = hashAddress(today, '203.0.113.42')
    const tried = Array.from({ length: 1 << 16 }, (_, n) => hashAddress(tomorrow, `203.0.${n >> 8}.${n & 255}`))
    expect(tried.filter((guess) => guess === hash)).toEqual([])
  })
})

describe('visitorOf', () => {
  const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0'

  test.each([
    ['the same visitor', [today, '203.0.113.42', agent], true],
    ['another address', [today, '203.0.113.43', agent], false],
    ['another agent', [today, '203.0.113.42', 'curl/8.5.0'], false],
    ['no agent', [today, '203.0.113.42', null], false],
    ['another day', [tomorrow, '203.0.113.42', agent], false],
  ] as const)('%s', (_name, [key, address, userAgent], same) => {
    const visitor = visitorOf(key, address, userAgent)
    expect(visitor).toMatch(/^v:[A-Za-z0-9_-]{22}$/)
    expect(visitor === visitorOf(today, '203.0.113.42', agent)).toBe(same)
  })

  test('agents are told apart by their first 1,024 characters', () => {
    const long = 'a'.repeat(1024)
    expect(visitorOf(today, '::1', `${long}b`)).toBe(visitorOf(today, '::1', `${long}c`))
    expect(visitorOf(today, '::1', `${long.slice(1)}b`)).not.toBe(visitorOf(today, '::1', `${long.slice(1)}c`))
  })
})

test('what is remembered is what would be computed, for each key its own', () => {
  const a = privacyFor(today)
  const b = privacyFor(tomorrow)
  fc.assert(
    fc.property(fc.ipV4(), fc.option(fc.string()), (address, agent) => {
      const computed = [today, tomorrow].map((key) => [hashAddress(key, address), visitorOf(key, address, agent)])
      const remembered = () => [a, b].map((privacy) => [privacy.hash(address), privacy.visitor(address, agent)])
      expect([remembered(), remembered()]).toEqual([computed, computed])
    }),
  )
})

test.each([
  [{ dnt: '1' }, true],
  [{ 'sec-gpc': '1' }, true],
  [{ dnt: '0', 'sec-gpc': '1' }, true],
  [{ dnt: '0' }, false],
  [{ dnt: 'null', 'sec-gpc': '?1' }, false],
  [{}, false],
])('optedOut %j: %s', (headers, answer) => expect(optedOut(headers)).toBe(answer))
