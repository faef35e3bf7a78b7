import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { databaseUrls, hostOf, parseHttpUrl, siteName } from './urls.ts'

describe('parseHttpUrl', () => {
  test.each([
    ['https://example.com', 'https://example.com/'],
    ['HTTP://EXAMPLE.com:80/A?b=c#d', 'http://example.com/A?b=c#d'],
    ['https://example.com:8443/', 'https://example.com:8443/'],
    ['https://example.com/a b', 'https://example.com/a%20b'],
    ['https://bücher.example/ü', 'https://xn--bcher-kva.example/%C3%BC'],
    ['https://example.com./', 'https://example.com./'],
    ['https://example.com//evil.example', 'https://example.com//evil.example'],
    ['https://example.com/?next=https://user:pass@evil.example', 'https://example.com/?next=https://user:pass@evil.example'],
    ['http://0x7f.1/', 'http://127.0.0.1/'],
    ['http://2130706433/', 'http://127.0.0.1/'],
    ['http://[::1]/', 'http://[::1]/'],
  ])('%s goes out as %s', (text, href) => expect(parseHttpUrl(text)?.href).toBe(href))

  test.each([
    '',
    'example.com',
    '//example.com',
    '/path',
    'javascript:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,x',
    'ftp://example.com',
    'file:///etc/passwd',
    'https://',
    'https:///',
    'https://?',
    'https://user@example.com',
    'https://user:pass@example.com',
    'https://:pass@example.com',
    'https://example.com\\@evil.example',
    'https:\\\\example.com',
    'https://example.com/a\tb',
    'https://exa\nmple.com',
    'https://example.com/\r\nSet-Cookie: a=b',
    'https://example.com/\0',
    'https://example.com/\u0085',
    'https://exa mple.com',
    'https://exa%00mple.com',
    'https://example.com:99999',
    'https://[::1',
    'https://256.256.256.256',
    `https://example.com/${'a'.repeat(1000)}`,
  ])('%j is refused', (text) => expect(parseHttpUrl(text)).toBe(null))

  test('the limit is the caller’s', () => {
    expect(parseHttpUrl('https://example.com/', 20)?.host).toBe('example.com')
    expect(parseHttpUrl('https://example.com/', 19)).toBe(null)
  })

  test('what goes out is fit for a header and reads back as itself', () => {
    const tails = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ unit: fc.constantFrom(...'/\\@:?#[]%.\t\r\n\0a') }))
    fc.assert(
      fc.property(fc.constantFrom('', 'http:', 'https:', 'https://', 'https://example.com'), tails, (head, tail) => {
        const url = parseHttpUrl(head + tail)
        if (!url) return
        expect(url.href).toMatch(/^https?:\/\/[^/@\s]+\/[\x21-\x7e]*$/)
        expect(parseHttpUrl(url.href, Infinity)?.href).toBe(url.href)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('hostOf', () => {
  test.each([
    ['https://www.LinkedIn.com/feed', 'linkedin.com'],
    ['http://news.ycombinator.com:8080/', 'news.ycombinator.com'],
    ['https://user:pass@example.com/', 'example.com'],
    ['https://example.com./', 'example.com'],
    ['https://www.com/', 'www.com'],
    ['https://wwww.example.com/', 'wwww.example.com'],
    ['https://bücher.example/', 'xn--bcher-kva.example'],
    ['android-app://com.LinkedIn.android/', 'com.linkedin.android'],
    ['android-app://', null],
    ['ftp://example.com', null],
    ['example.com', null],
    ['about:blank', null],
    ['', null],
  ])('%s: %s', (text, host) => expect(hostOf(text)).toBe(host))
})

describe('siteName', () => {
  test.each([
    ['kickstarter.com', 'Kickstarter'],
    ['www.instagram.com', 'Instagram'],
    ['docs.google.com', 'Google'],
    ['example.co.uk', 'Example'],
    ['shop.example.com.au', 'Example'],
    ['co.uk', 'Co'],
    ['linkedin.com', 'LinkedIn'],
    ['m.youtube.com', 'YouTube'],
    ['github.com', 'GitHub'],
    ['x.com', 'X'],
    ['t.co', 'T'],
    ['localhost', 'Localhost'],
    ['my-site.example', 'My-site'],
    ['xn--mnchen-3ya.de', 'München'],
    ['xn--i-7iq.ws', 'I❤'],
    ['constructor.com', 'Constructor'],
    ['203.0.113.9', '203.0.113.9'],
    ['[2001:db8::1]', '[2001:db8::1]'],
  ])('%s: %s', (host, name) => expect(siteName(host)).toBe(name))

  test('of any site is a text with something in it', () => {
    fc.assert(
      fc.property(fc.webUrl({ authoritySettings: { withIPv4: true, withIPv6: true, withIPv4Extended: true, withPort: true } }), (url) => {
        const host = hostOf(url)
        if (host !== null) expect(siteName(host)).toMatch(/\S/)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('the hosts of a database', () => {
  test.each([
    ['postgres://localhost/waymark', ['postgres://localhost/waymark']],
    ['postgres://ada:s%2Ct@one:5432,two:5433/waymark?sslmode=require', ['postgres://ada:s%2Ct@one:5432/waymark?sslmode=require', 'postgres://ada:s%2Ct@two:5433/waymark?sslmode=require']],
    ['postgresql://[2001:db8::1]:5432,two', ['postgresql://[2001:db8::1]:5432', 'postgresql://two']],
  ])('%s', (url, urls) => expect(databaseUrls(url)).toEqual(urls))
})
