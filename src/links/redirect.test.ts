import { expect, test } from 'vitest'
import type { Target } from './directory.ts'
import { decide, isOpen } from './redirect.ts'

const NOW = Date.UTC(2026, 10, 22, 14, 30)
const target = (over: Partial<Target> = {}): Target => ({ trackingId: 'x', destination: 'https://example.com/', linkFunction: 'Website', campaign: null, partner: null, active: true, expiresAt: null, version: 1, ...over })

test.each<[string, Target | null, string]>([
  ['no link', null, 'unknown'],
  ['a link', target(), 'redirect'],
  ['a link that is off', target({ active: false }), 'inactive'],
  ['a link that expires later', target({ expiresAt: NOW + 1 }), 'redirect'],
  ['a link that expires now', target({ expiresAt: NOW }), 'inactive'],
  ['a link that has expired', target({ expiresAt: NOW - 1 }), 'inactive'],
  ['a link that is off and would not expire', target({ active: false, expiresAt: NOW + 1 }), 'inactive'],
])('%s: %s', (_, link, kind) => {
  expect(decide(link, NOW)).toEqual(kind === 'redirect' ? { kind, target: link } : { kind })
  if (link) expect(isOpen(link, NOW)).toBe(kind === 'redirect')
})
