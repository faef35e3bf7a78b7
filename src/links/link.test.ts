import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { REDIRECT_PATHS, checkDestination, destinationOf, isTrackingId, redirectUrl } from './link.ts'

describe('a tracking id', () => {
  test.each(['a', '0', '_', '-', 'dfsgzzpzpweeAFGJJEkdlfjoxbvnv', '550e8400-e29b-41d4-a716-446655440000', 'x'.repeat(100)])('%s is one', (id) => {
    expect(isTrackingId(id)).toBe(true)
  })

  test.each(['', ' ', 'a b', 'a\n', '\na', 'a.b', 'a/b', 'ä', '🙂', 'a\0', 'x'.repeat(101), null, undefined, 7, {}, ['a'], [['a']]])('%j is none', (id) => {
    expect(isTrackingId(id)).toBe(false)
  })
})

describe('the address of a link', () => {
  test.each([
    ['LinkedIn', 'linkedin'],
    ['Calendly', 'calendly'],
    ['Portfolio', 'portfolio'],
    ['GitHub', 'github'],
    ['Website', 'website'],
    ['Resume', 'link'],
    ['website', 'link'],
    ['LINKEDIN', 'link'],
    ['Website ', 'link'],
  ])('for %s is under /%s', (linkFunction, path) => {
    expect(redirectUrl('https://steve-glen.com', linkFunction, 'abc')).toBe(`https://steve-glen.com/${path}?uuid=abc`)
  })

  test('for any function at all is one of the paths, and a URL whose id is the link’s', () => {
    const names = [...Object.getOwnPropertyNames(Object.prototype), ...Object.getOwnPropertyNames(Array.prototype), '__proto__']
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...names)), fc.stringMatching(/^[A-Za-z0-9_-]{1,100}$/), (linkFunction, id) => {
        const url = new URL(redirectUrl('https://go.example.com/to', linkFunction, id))
        expect(REDIRECT_PATHS.map((path) => `/to/${path}`)).toContain(url.pathname)
        expect([...url.searchParams]).toEqual([['uuid', id]])
      }),
      { numRuns: 500 },
    )
  })
})

describe('where a link leads', () => {
  test('is checked, and what goes out is what was checked: an http or https URL without user info, fit for a header', () => {
    const part = fc.oneof(fc.string({ unit: 'binary', maxLength: 8 }), fc.constantFrom('https://', 'http:', 'javascript:', '//', '\\', '@', ':', '/', '\t', '\r\n', '\0', '%0d%0a', 'example.com', '127.0.0.1', '[::1]', 'ada:secret@', '?', '#', ' ', '．'))
    fc.assert(
      fc.property(fc.oneof(fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.array(part, { maxLength: 6 }).map((parts) => parts.join('')), fc.array(part, { maxLength: 4 }).map((parts) => `https://example.com/${parts.join('')}`)), (text) => {
        try {
          checkDestination(text)
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid', more: { errors: [{ field: 'original_url' }] } })
          return
        }
        const sent = destinationOf(text)
        const url = new URL(sent)
        expect(sent).toMatch(/^https?:\/\/[\x21-\x7e]+$/)
        expect([url.username, url.password, sent.includes('\\')]).toEqual(['', '', false])
        expect(destinationOf(sent)).toBe(sent)
      }),
      { numRuns: 2_000 },
    )
  })
})
