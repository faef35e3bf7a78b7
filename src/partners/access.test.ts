import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../core/ids.ts'
import { accessOf, dashboardUrl, newAccess } from './access.ts'
import type { Partner } from './store.ts'

const NOW = Date.UTC(2026, 10, 22, 14, 30)
const { token, ...access } = newAccess(1, NOW)
const partner: Partner = { id: 'x', trackingId: 'x', partnerName: null, email: null, ...access, isActive: true, createdAt: NOW, lastSeenAt: null }

test('a new token has 256 random bits, is kept as its hash and counts for whole days, 365 unless told', () => {
  const made = Array.from({ length: 1_000 }, () => newAccess(null, NOW).token)
  expect(new Set(made).size).toBe(1_000)
  for (const one of made) expect(Buffer.from(one.slice('wmp_'.length), 'base64url')).toHaveLength(32)
  expect(access).toEqual({ tokenHash: sha256(token), expiresAt: NOW + 86_400_000 })
  expect(newAccess(undefined, NOW).expiresAt).toBe(Date.UTC(2027, 10, 22, 14, 30))
  expect(newAccess(3_650, NOW).expiresAt).toBe(NOW + 3_650 * 86_400_000)
})

test('a dashboard’s address reads back as what it was made of', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9_-]{1,255}$/), (trackingId) => {
      const url = new URL(dashboardUrl('https://waymark.example.com/base', trackingId, token))
      expect([url.pathname, [...url.searchParams]]).toEqual([`/base/engagement/${trackingId}`, [['token', token]]])
    }),
  )
})

describe('access', () => {
  const told = (whose: Partner, shown: string | undefined, now: number) => {
    try {
      return accessOf(whose, shown, now)
    } catch (error) {
      return (error as Error).message
    }
  }
  const refused = 'This token does not open these numbers: it is wrong, has expired or was revoked.'

  test.each<[about: string, change: Partial<Partner>, shown: string | undefined, now: number, answer: string]>([
    ['nothing', {}, undefined, NOW, 'public'],
    ['the token', {}, token, NOW, 'private'],
    ['the token in its last moment', {}, token, access.expiresAt - 1, 'private'],
    ['the token past its time', {}, token, access.expiresAt, refused],
    ['the token of a partner that was revoked', { isActive: false }, token, NOW, refused],
    ['nothing, of a partner that was revoked and has expired', { isActive: false }, undefined, access.expiresAt, 'public'],
    ['the hash of the token', {}, access.tokenHash, NOW, refused],
    ['an empty token', {}, '', NOW, refused],
    ['the token with a space behind it', {}, `${token} `, NOW, refused],
  ])('by %s', (_, change, shown, now, answer) => expect(told({ ...partner, ...change }, shown, now)).toBe(answer))

  test('by any other text is refused, whatever its length', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (shown) => void expect(told(partner, shown, NOW)).toBe(refused)))
  })
})
