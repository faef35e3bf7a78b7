import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allowedOrigins } from './cors.ts'

describe('an origin', () => {
  const allowed = allowedOrigins(['https://example.com', 'HTTP://LocalHost:3000/', 'https://Wide.example.org:443', 'https://*.wihy.ai', 'http://*.dev.example:8080'])

  test.each([
    'https://example.com', 'http://localhost:3000', 'https://wide.example.org', 'https://app.wihy.ai', 'https://a.b-c.d_e.wihy.ai', 'http://x.dev.example:8080',
  ])('%s is allowed', (origin) => {
    expect(allowed(origin)).toBe(true)
  })

  test.each([
    '', 'null', '*', 'https://', 'example.com', 'http://example.com', 'https://example.com:443', 'https://example.com:8443', 'https://example.com/', 'https://EXAMPLE.com', 'HTTPS://example.com', 'https://example.com.', ' https://example.com',
    'https://evil-example.com', 'https://evilexample.com', 'https://example.com.evil.com', 'https://sub.example.com', 'https://example.com@evil.com', 'http://localhost', 'http://localhost:3001', 'http://127.0.0.1:3000', 'https://localhost:3000',
    'https://wihy.ai', 'https://.wihy.ai', 'https://evil-wihy.ai', 'https://wihy.ai.evil.com', 'https://a.wihy.ai.evil.com', 'https://a..wihy.ai', 'https://a.wihy.ai:8443', 'http://a.wihy.ai', 'https://evil.com/.wihy.ai', 'https://evil.com#.wihy.ai',
    'https://evil.com?.wihy.ai', 'https://evil.com\\.wihy.ai', 'https://u@a.wihy.ai', 'https://A.wihy.ai', 'https://*.wihy.ai', 'https://a.wihy.ai\n', 'http://x.dev.example', 'https://x.dev.example:8080',
  ])('%j is not', (origin) => {
    expect(allowed(origin)).toBe(false)
  })

  test('is allowed below a name only where a browser would call that its host', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webAuthority({ withUserInfo: true, withPort: true })), (start) => {
        const origin = `https://${start}.wihy.ai`
        if (!allowed(origin)) return
        const url = new URL(origin)
        expect([url.origin, url.hostname.endsWith('.wihy.ai'), url.username]).toEqual([origin, true, ''])
      }),
      { numRuns: 2_000 },
    )
  })
})

test('nothing is allowed where nothing is listed', () => {
  expect(allowedOrigins([])('http://localhost:3000')).toBe(false)
})

test.each(['*', 'null', 'example.com', 'https://', 'https://example.com/path', 'https://example.com?x', 'https://u@example.com', 'ftp://example.com', 'https://*', 'https://*.com', 'https://*.*.com', 'https://a.*.com', 'https://*.10.0.0.1', 'https://ex*mple.com'])(
  '%s is no entry',
  (entry) => {
    expect(() => allowedOrigins(['https://example.com', entry])).toThrow(`'${entry}' is no origin such as https://example.com, nor https://*.example.com.`)
  },
)
