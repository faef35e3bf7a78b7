import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matchLinks, readBatch, refusalsOf } from './batch.ts'
import type { Target } from './directory.ts'

const NOW = Date.UTC(2026, 10, 22, 14, 30)
const read = (...events: unknown[]) => readBatch(structuredClone(events), NOW, () => undefined)

test('a click becomes a draft, with nothing in it that was not sent', () => {
  expect(read({ tracking_id: 'x' }).drafts).toEqual([
    {
      family: 'links',
      project: 'links',
      source: 'link',
      name: 'link_clicked',
      ts: NOW,
      eventId: undefined,
      trackingId: 'x',
      clickSource: null,
      referrerUrl: null,
      sessionId: null,
      address: null,
      userAgent: null,
      agentSeen: false,
      properties: null,
    },
  ])
})

test('a click with all that can be said of it', () => {
  const click = {
    tracking_id: 'linkedin-profile-abc123',
    event_id: 'e',
    clicked_at: '2025-10-22T14:30:00Z',
    ip_address: '::ffff:192.168.1.1',
    user_agent: 'Mozilla/5.0...',
    referrer_url: 'https://indeed.com/job/xyz',
    click_source: 'linkedin',
    session_id: 'optional-uuid',
    metadata: { campaign: 'fall-2025', custom_field: 'any_value' },
  }
  expect(read(click).drafts).toMatchObject([
    {
      ts: Date.UTC(2025, 9, 22, 14, 30),
      eventId: 'e',
      trackingId: 'linkedin-profile-abc123',
      clickSource: 'linkedin',
      referrerUrl: 'https://indeed.com/job/xyz',
      sessionId: 'optional-uuid',
      address: '192.168.1.1',
      userAgent: 'Mozilla/5.0...',
      properties: '{"campaign":"fall-2025","custom_field":"any_value"}',
    },
  ])
})

test('drafts and errors keep the place that their event had', () => {
  const batch = read({ tracking_id: 'a' }, null, { tracking_id: 'b', ip_address: 'x' }, { tracking_id: 'c' }, { tracking_id: '' })
  expect(batch.indexes).toEqual([0, 3])
  expect(batch.drafts.map(({ trackingId }) => trackingId)).toEqual(['a', 'c'])
  expect(batch.errors).toEqual([
    { index: 1, tracking_id: null, field: 'event', error: 'must be an object' },
    { index: 2, tracking_id: 'b', field: 'ip_address', error: 'must be an IPv4 or IPv6 address' },
    { index: 4, tracking_id: '', field: 'tracking_id', error: 'must match ^[A-Za-z0-9_-]{1,100}$' },
  ])
})

test('an event’s own id counts before one that the request gave it', () => {
  const { drafts } = readBatch([{ tracking_id: 'a', event_id: 'own' }, { tracking_id: 'a' }, { tracking_id: 'a', event_id: null }], NOW, (index) => `given:${index}`)
  expect(drafts.map(({ eventId }) => eventId)).toEqual(['own', 'given:1', 'given:2'])
})

test('a refused event is kept as it was written, wherever it stood', () => {
  const body = '{"x": [null], "events" : [ {"tracking_id":"a"} ,\n{ "tracking_id" : "b c" , "n" : 1.0 }, "]" ] }'
  const { errors } = read(...(JSON.parse(body) as { events: unknown[] }).events)
  expect(refusalsOf(errors, { bodyText: body })).toEqual([
    { family: 'links', project: 'links', reason: 'invalid', field: 'tracking_id', error: expect.any(String), original: '{ "tracking_id" : "b c" , "n" : 1.0 }' },
    { family: 'links', project: 'links', reason: 'invalid', field: 'event', error: expect.any(String), original: '"]"' },
  ])
  expect(refusalsOf(errors, { bodyText: body }, 'unknown_link')[0]?.reason).toBe('unknown_link')
  expect(refusalsOf([], { bodyText: body })).toEqual([])
})

test('clicks are tied to their links; those without one are counted', () => {
  const target: Target = { trackingId: 'known', destination: 'https://example.com/', linkFunction: 'Website', campaign: 'c', partner: 'p', active: false, expiresAt: null, version: 1 }
  const { drafts } = read({ tracking_id: 'known' }, { tracking_id: 'unknown' }, { tracking_id: 'known' })
  expect(matchLinks(drafts, new Map([['known', target]]))).toBe(1)
  expect(drafts.map(({ campaign, referrer, destinationUrl }) => [campaign, referrer, destinationUrl])).toEqual([['c', 'p', 'https://example.com/'], [undefined, undefined, undefined], ['c', 'p', 'https://example.com/']])
})

describe('anything at all', () => {
  test('is a draft or an error, each in its place, and is never thrown at', () => {
    const value = fc.oneof(fc.jsonValue(), fc.record({ tracking_id: fc.jsonValue(), event_id: fc.jsonValue(), clicked_at: fc.jsonValue(), ip_address: fc.jsonValue(), metadata: fc.jsonValue() }, { requiredKeys: [] }))
    fc.assert(
      fc.property(fc.array(value, { maxLength: 5 }), (events) => {
        const { drafts, indexes, errors } = read(...events)
        expect([...indexes, ...errors.map(({ index }) => index)].sort((a, b) => a - b)).toEqual(events.map((_, index) => index))
        expect(drafts).toHaveLength(indexes.length)
        for (const error of errors) expect(error).toEqual({ index: expect.any(Number), tracking_id: expect.toSatisfy((id) => id === null || typeof id === 'string'), field: expect.any(String), error: expect.any(String) })
      }),
      { numRuns: 500 },
    )
  })
})
