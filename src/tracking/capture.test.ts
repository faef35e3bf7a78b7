import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { draftOf, readCapture } from './capture.ts'
import { REFERRER_PATTERN } from './index.ts'

const GOOD = { referrer: 'partner_john', campaign: 'facebook_nov', landingPage: '/about' }
const NOW = Date.UTC(2026, 10, 22, 14, 30)
const PAGE = { address: '203.0.113.1', country: 'DE', userAgent: 'agent', agentSeen: true, purpose: undefined }
const FIELDS = ['body', ...Object.keys(GOOD), 'originalSource', 'destinationUrl', 'eventType', 'userAgent', 'sessionId', 'eventId', 'timestamp', 'ipAddress']

const read = (body: unknown) => readCapture(body, JSON.stringify(body) ?? '')

describe('a body', () => {
  test('that says no more than it must is a visit now, by whoever sent it', () => {
    const found = read({ ...GOOD })
    if ('errors' in found) throw new Error('refused')
    expect(draftOf(found.capture, PAGE, NOW, 'derived')).toEqual({
      family: 'tracking', project: 'tracking', source: 'web', name: 'inbound', ts: NOW, eventId: 'derived', sessionId: null, referrer: 'partner_john', campaign: 'facebook_nov', landingPage: '/about',
      originalSource: null, destinationUrl: null, ...PAGE,
    })
  })

  test('speaks for itself where it says more', () => {
    const found = read({ ...GOOD, eventType: 'outbound', destinationUrl: 'https://kickstarter.com', originalSource: 'o', sessionId: 's', eventId: 'e', userAgent: 'a'.repeat(3_000), timestamp: '2026-11-20T10:00:00+02:00' })
    if ('errors' in found) throw new Error('refused')
    expect(draftOf(found.capture, PAGE, NOW, 'derived')).toMatchObject({ name: 'outbound', destinationUrl: 'https://kickstarter.com', originalSource: 'o', sessionId: 's', eventId: 'e', userAgent: 'a'.repeat(2_048), ts: Date.UTC(2026, 10, 20, 8) })
  })

  test('of any kind is a capture, or has errors that each name a field once', () => {
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue(), fc.constantFrom('inbound', 'https://example.com/', '2026-11-22', 'javascript:alert(1)'))
    const body = fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom(...FIELDS, 'other', '__proto__', 'constructor'), value, { noNullPrototype: true }))
    fc.assert(
      fc.property(body, (given) => {
        const found = readCapture(given, JSON.stringify(given))
        if ('capture' in found) return void expect(found.capture.referrer).toMatch(new RegExp(REFERRER_PATTERN))
        const named = found.errors.map(({ field }) => field.split('.')[0] as string)
        expect(named.length).toBeGreaterThan(0)
        expect(named.filter((field) => !FIELDS.includes(field))).toEqual([])
        expect(new Set(named).size).toBe(named.length)
      }),
      { numRuns: 1_000 },
    )
  })

  test('as hostile as 64 KiB allow is judged at once', () => {
    const bodies = ['a'.repeat(64_000), `${'a'.repeat(64_000)}!`, `https://${'a.'.repeat(32_000)}`, '-'.repeat(64_000), `2026-11-22T${'0'.repeat(64_000)}`]
    const start = performance.now()
    for (const text of bodies) read(Object.fromEntries(FIELDS.map((field) => [field, text])))
    expect(performance.now() - start).toBeLessThan(250)
  })
})
