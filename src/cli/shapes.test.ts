import { describe, expect, test } from 'vitest'
import { rowDraft, shapeOf } from './shapes.ts'

const OBJECT_ID = '677ba0000000000000000001'
const shape = (record: Record<string, unknown>, line = 1) => shapeOf({ line, record })

describe('a record is known by its fields', () => {
  test.each<[string, Record<string, unknown>]>([
    ['row', { id: 'a', project: 'links', source: 'link', name: 'link_clicked', received_at: '2026-11-22T14:30:00Z' }],
    ['link', { tracking_id: 'a', original_url: 'https://example.com' }],
    ['project', { projectKey: 'a1b2c3d4e5f6', name: 'Demo' }],
    ['click', { tracking_id: 'a' }],
    ['capture', { referrer: 'john', campaign: 'nov', landingPage: '/' }],
    ['event', { projectKey: 'a1b2c3d4e5f6', eventName: 'x', anonymousId: 'y' }],
  ])('%s', (kind, record) => {
    expect(shape(record)?.kind).toBe(kind)
  })

  test.each([{}, { a: 1 }, { tracking_id: null }, { name: 'x' }])('%j is nothing', (record) => {
    expect(shape(record)).toBeNull()
  })
})

test('MongoDB’s Extended JSON is read in both of its modes', () => {
  const relaxed = shape({ _id: { $oid: OBJECT_ID }, eventName: 'x', timestamp: { $date: '2025-01-06T10:00:00Z' }, properties: { n: 9 } })
  const canonical = shape({ _id: { $oid: OBJECT_ID }, eventName: 'x', timestamp: { $date: { $numberLong: '1736157600000' } }, properties: { n: { $numberInt: '9' } } })
  expect(relaxed).toEqual({ kind: 'event', record: { eventName: 'x', timestamp: '2025-01-06T10:00:00Z', properties: { n: 9 } }, id: canonical?.id, receivedAt: 1_736_157_600_000 })
  expect(canonical?.record).toEqual({ eventName: 'x', timestamp: '2025-01-06T10:00:00.000Z', properties: { n: 9 } })
  // One without a time came when its id was made.
  expect(shape({ _id: { $oid: OBJECT_ID }, eventName: 'x' })?.receivedAt).toBe(1_736_155_136_000)
})

test('a record without an id of its own is known again by its line, and two that are alike are two', () => {
  const click = { tracking_id: 'a' }
  expect(shape(click, 7)?.id).toBe(shape({ ...click }, 7)?.id)
  expect(shape(click, 7)?.id).not.toBe(shape(click, 8)?.id)
  expect(shape({ ...click, click_id: '770E8400-e29b-41d4-a716-446655440002' })?.id).toBe('770e8400-e29b-41d4-a716-446655440002')
})

describe('an exported row', () => {
  const row = { id: 'a', project: 'links', source: 'link', name: 'link_clicked', received_at: '2026-11-22T14:30:00.000Z', ts: null, machine: 'true', lead_id: '7', properties: '{"a":1}' }
  test('becomes the event it was', () => {
    expect(rowDraft(row)).toMatchObject({ family: 'links', ts: null, kept: { id: 'a', received_at: Date.UTC(2026, 10, 22, 14, 30), machine: true, lead_id: 7, properties: '{"a":1}' } })
  })
  test.each([
    [{ ts: 'never' }, 'ts'],
    [{ lead_id: 'x' }, 'lead_id'],
    [{ source: 'fax' }, 'source'],
    [{ properties: '{' }, 'properties'],
  ])('with %j is refused for its %s', (change, field) => {
    expect(rowDraft({ ...row, ...change })).toMatchObject({ field })
  })
})
