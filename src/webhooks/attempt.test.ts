import { expect, test } from 'vitest'
import { DAY_MS } from '../core/time.ts'
import { settled } from './attempt.ts'
import { type Delivery, ofLinks } from './delivery.ts'
import type { Endpoint } from './endpoint.ts'
import type { Attempt } from './send.ts'

const NOW = Date.UTC(2026, 10, 22, 14, 30)
const endpoint: Endpoint = {
  id: 'e', url: 'https://example.com/', description: null, events: ['link.created', 'link.updated'], goals: [], includeMachines: false, secret: '', oldSecret: null, oldSecretUntil: null,
  isActive: true, disabledReason: null, failingSince: null, createdAt: 0, updatedAt: 0,
}
const [delivery] = ofLinks([endpoint], [{ trackingId: 'l', version: 1, made: true, changed: false }], NOW) as [Delivery]
const failed = (status: number | null): Attempt => ({ delivered: false, status, reason: 'why', retryAfterMs: null })

test('what is told twice has one id, and what is told as two has two', () => {
  const news = { trackingId: 'l', version: 1, made: true, changed: true }
  const once = ofLinks([endpoint], [news], NOW)
  expect(ofLinks([endpoint], [news], NOW + 1).map(({ id }) => id)).toEqual(once.map(({ id }) => id))
  expect(once.map(({ eventType }) => eventType)).toEqual(['link.created', 'link.updated'])
  const others = ofLinks([{ ...endpoint, id: 'other' }], [news, { ...news, version: 2 }], NOW)
  expect(new Set([...once, ...others].map(({ id }) => id)).size).toBe(6)
})

test.each<[string, Partial<Delivery>, Partial<Endpoint>, Attempt | 'nothing', Partial<Delivery>, object | null]>([
  ['success', {}, {}, { delivered: true, status: 200 }, { state: 'delivered', attempts: 1, status: 200, reason: null }, null],
  ['success after failures', { attempts: 3, reason: 'why' }, { failingSince: 1 }, { delivered: true, status: 204 }, { state: 'delivered', attempts: 4, reason: null }, { failingSince: null }],
  ['a first failure', {}, {}, failed(500), { state: 'pending', attempts: 1, dueAt: NOW + 5_000, status: 500, reason: 'why' }, { failingSince: NOW }],
  ['a further failure', { attempts: 1 }, { failingSince: NOW - 9 }, failed(null), { state: 'pending', attempts: 2, dueAt: NOW + 60_000, status: null }, null],
  ['the tenth failure', { attempts: 9 }, { failingSince: NOW - 9 }, failed(500), { state: 'failed', attempts: 10 }, null],
  ['a failure after a day', { since: NOW - DAY_MS }, { failingSince: NOW - 9 }, failed(500), { state: 'failed', attempts: 1 }, null],
  ['a failure after five days', {}, { failingSince: NOW - 5 * DAY_MS }, failed(500), { state: 'pending' }, { isActive: false, disabledReason: 'Nothing could be delivered since 2026-11-17T14:30:00.000Z; the last attempt: why.', updatedAt: NOW }],
  ['a failure a moment before', {}, { failingSince: NOW - 5 * DAY_MS + 1 }, failed(500), { state: 'pending' }, null],
  ['410', {}, {}, failed(410), { state: 'failed', attempts: 1 }, { isActive: false, disabledReason: 'It answered 410 Gone at 2026-11-22T14:30:00.000Z.', updatedAt: NOW }],
  ['nothing to tell', {}, { failingSince: 1 }, 'nothing', { state: 'failed', attempts: 0, status: null }, null],
])('%s', (_, was, of, result, becomes, change) => {
  const outcome = settled({ ...delivery, ...was }, { ...endpoint, ...of }, result, NOW, 0)
  expect(outcome.delivery).toMatchObject(becomes)
  expect(outcome.change).toEqual(change)
})
