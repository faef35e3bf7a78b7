import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Link } from './link.ts'
import { cursorOf, cursorParts, linkView, syncView } from './view.ts'

const NOW = Date.UTC(2026, 10, 22, 14, 30)
const link: Link = {
  tracking_id: 'x',
  job_id: null,
  application_id: 'a',
  link_function: 'LinkedIn',
  link_type: null,
  original_url: 'https://bücher.example',
  redirect_url: 'https://go.example.com/linkedin?uuid=x',
  description: 'd',
  campaign: null,
  partner: null,
  is_active: true,
  expires_at: NOW + 1_000,
  metadata: '{"a": [1]}',
  created_at: NOW,
  updated_at: NOW + 1,
  version: 7,
}

test('a link is shown with its times, and without its version', () => {
  const { version: _, ...rest } = link
  expect(linkView(link)).toEqual({ ...rest, metadata: { a: [1] }, created_at: '2026-11-22T14:30:00.000Z', updated_at: '2026-11-22T14:30:00.001Z', expires_at: '2026-11-22T14:30:01.000Z' })
  expect(linkView({ ...link, metadata: null, expires_at: null })).toMatchObject({ metadata: null, expires_at: null })
})

test('a redirect domain is told where a link leads as it is sent, and whether it is open now', () => {
  const shown = { tracking_id: 'x', destination_url: 'https://xn--bcher-kva.example/', link_function: 'LinkedIn', is_active: true, expires_at: '2026-11-22T14:30:01.000Z', created_at: '2026-11-22T14:30:00.000Z', updated_at: '2026-11-22T14:30:00.001Z' }
  expect(syncView(link, NOW)).toEqual(shown)
  expect(syncView(link, NOW + 1_000)).toEqual({ ...shown, is_active: false })
  expect(syncView({ ...link, is_active: false, expires_at: null }, NOW)).toEqual({ ...shown, is_active: false, expires_at: null })
})

describe('a cursor', () => {
  test('is read back, and fit for a URL', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.string({ unit: 'grapheme' }), (number, text) => {
        const cursor = cursorOf([number, text])
        expect(cursor).toMatch(/^[\w-]*$/)
        expect(cursorParts(cursor)).toEqual([number, text])
      }),
    )
  })

  test('that is none of ours is null, whatever it is', () => {
    const others = [[], [1], ['1', 'a'], [1, 2], [1.5, 'a'], [2 ** 60, 'a'], { 0: 1, 1: 'a' }, null, 'x'].map((parts) => Buffer.from(JSON.stringify(parts)).toString('base64url'))
    for (const cursor of ['', ' ', '%', 'x', '{}', ...others]) expect([cursor, cursorParts(cursor)]).toEqual([cursor, null])
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const parts = cursorParts(text)
        if (parts !== null) expect(parts).toEqual([expect.any(Number), expect.any(String)])
      }),
    )
  })
})
