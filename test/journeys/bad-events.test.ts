import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { iso } from '../../src/core/time.ts'
import { START, type TestApp, testApp } from '../support/app.ts'
import { onEveryEngine } from '../support/engines.ts'
import { readStore } from '../support/store.ts'

const ID = 'must match ^[A-Za-z0-9_-]{1,100}$'
const A_TIME = 'must be an ISO 8601 time, such as 2026-11-22T14:30:00Z'
const AN_ADDRESS = 'must be an IPv4 or IPv6 address'
const PRINTABLE = 'must be 1 to 128 printable characters'

const nested = (depth: number) => '{"a":'.repeat(depth - 1) + '{}' + '}'.repeat(depth - 1)
const event = (fields: string) => `{"tracking_id": "x", ${fields}}`

/** An event as it is sent, the field that is wrong with it, and what is said of it. */
const bad: [original: string, field: string, error: unknown][] = [
  ['null', 'event', 'must be an object'],
  ['17', 'event', 'must be an object'],
  ['true', 'event', 'must be an object'],
  ['"x"', 'event', 'must be an object'],
  ['[ {"tracking_id": "x"} ]', 'event', 'must be an object'],
  ['{ }', 'tracking_id', 'is required'],
  ['{"Tracking_id": "x"}', 'tracking_id', 'is required'],
  ...['', 'a b', 'a/b', '../etc', 'a%20b', 'ä', '🙂', 'a\n', 'a\0', 'a.b', "' or 1=1 --", '<script>', 'x'.repeat(101)].map(
    (id): [string, string, string] => [JSON.stringify({ tracking_id: id }), 'tracking_id', ID],
  ),
  ...['null', '7', 'true', '["x"]', '{"x": 1}'].map((id): [string, string, string] => [`{"tracking_id": ${id}}`, 'tracking_id', 'must be a string']),
  [event('"event_id": ""'), 'event_id', 'must not be empty'],
  [event('"event_id": 7'), 'event_id', 'must be a string'],
  [event(`"event_id": "${'x'.repeat(129)}"`), 'event_id', 'must be at most 128 characters'],
  ...['\\u0000', 'a\\nb', '\\ud800', '\\u2028', '\\u007f'].map((id): [string, string, string] => [event(`"event_id": "${id}"`), 'event_id', PRINTABLE]),
  ...[' ', 'yesterday', '22.11.2026', '2026-02-30', '2025-02-29T12:00:00Z', '2026-13-01', '2026-11-22T25:00:00Z', '2026-11-22T14:30:61Z', '10000-01-01', '0000-01-01', '1732285800', '2026-11-22T14:30:00+25:00', `2026-11-22T14:30:00.${'0'.repeat(40)}Z`].map(
    (time): [string, string, string] => [event(`"clicked_at": "${time}"`), 'clicked_at', A_TIME],
  ),
  [event('"clicked_at": 1732285800000'), 'clicked_at', 'must be a string'],
  [event('"clicked_at": {}'), 'clicked_at', 'must be a string'],
  ...['999.1.1.1', '1.2.3', '0x7f.1', 'example.com', 'unknown', '::g', '10.0.0.1, 10.0.0.2'].map((address): [string, string, string] => [event(`"ip_address": "${address}"`), 'ip_address', AN_ADDRESS]),
  [event(`"ip_address": "${'1'.repeat(46)}"`), 'ip_address', 'must be at most 45 characters'],
  [event('"ip_address": 2130706433'), 'ip_address', 'must be a string'],
  [event(`"user_agent": "${'x'.repeat(8 * 1024 + 1)}"`), 'user_agent', 'must be at most 8192 characters'],
  [event('"user_agent": ["a"]'), 'user_agent', 'must be a string'],
  [event(`"referrer_url": "${'x'.repeat(1_001)}"`), 'referrer_url', 'must be at most 1000 characters'],
  [event(`"click_source": "${'x'.repeat(51)}"`), 'click_source', 'must be at most 50 characters'],
  [event(`"session_id": "${'x'.repeat(101)}"`), 'session_id', 'must be at most 100 characters'],
  [event('"session_id": false'), 'session_id', 'must be a string'],
  ...['[]', '"{}"', '1', 'true'].map((metadata): [string, string, string] => [event(`"metadata": ${metadata}`), 'metadata', 'must be an object']),
  [event(`"metadata": ${nested(33)}`), 'metadata', 'must not be nested deeper than 32'],
  [event(`"metadata": {"a": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`), 'metadata', 'must not be nested deeper than 32'],
  [event(`"metadata": {"a": "${'x'.repeat(33 * 1024)}"}`), 'metadata', 'must be at most 32 KiB'],
  [event('"metadata": {"__proto__": {"admin": true}}'), 'metadata', expect.stringContaining('__proto__')],
  [event('"metadata": {"a": [{"\\u005f_proto__": 1}]}'), 'metadata', expect.stringContaining('__proto__')],
  [event('"metadata": {"constructor": {"prototype": {"admin": true}}}'), 'metadata', expect.stringContaining('prototype')],
]

/** An event that looks odd and is good, and what is stored of it. */
const odd: [original: string, stored: Record<string, unknown>][] = [
  ['"unknown": {"a": 1}, "machine": true, "received_at": 0, "project": "other"', { metadata: null }],
  ['"event_id": null, "clicked_at": null, "ip_address": null, "user_agent": null, "referrer_url": null, "click_source": null, "session_id": null, "metadata": null', { clicked_at: START, metadata: null }],
  ['"ip_address": "", "user_agent": "", "referrer_url": "", "click_source": "", "session_id": ""', { user_agent: null, referrer_url: null, session_id: null, click_source: null }],
  ['"clicked_at": ""', { clicked_at: START }],
  ['"session_id": "first", "session_id": "last"', { session_id: 'last' }],
  ['"metadata": {}', { metadata: {} }],
  [`"metadata": ${nested(32)}`, { metadata: JSON.parse(nested(32)) }],
  [`"metadata": {"a": "${'x'.repeat(32 * 1024 - 8)}"}`, { metadata: { a: 'x'.repeat(32 * 1024 - 8) } }],
  ['"metadata": {"a\\u0000b": ["\\u0000", "\\ud800", "C:\\\\users"], "n": 1e400, "i": 123}', { metadata: { 'a\ufffdb': ['\ufffd', '\ufffd', 'C:\\users'], n: null, i: 123 } }],
  ['"user_agent": "a\\u0000b\\udfff", "click_source": "\\n\\t\\\\N", "session_id": "🙂\\u2028"', { user_agent: 'a\ufffdb\ufffd', click_source: '\n\t\\N', session_id: '🙂\u2028' }],
  [`"user_agent": "${'é'.repeat(8 * 1024)}"`, { user_agent: 'é'.repeat(8 * 1024) }],
  [`"event_id": "${'🙂'.repeat(128)}"`, {}],
  ['"referrer_url": "javascript:alert(1)"', { referrer_url: 'javascript:alert(1)' }],
  ['"clicked_at": "2026-11-22"', { clicked_at: Date.UTC(2026, 10, 22) }],
  ['"clicked_at": "2026-11-22T10:00:00+05:30"', { clicked_at: Date.UTC(2026, 10, 22, 4, 30) }],
  ['"clicked_at": "0001-01-01T00:00:00Z"', { clicked_at: Date.parse('0001-01-01T00:00:00Z') }],
  // A clock that runs a day ahead is believed, one that runs further is not, and what it said is kept.
  ['"clicked_at": "2026-11-23T14:30:00Z"', { clicked_at: Date.UTC(2026, 10, 23, 14, 30), metadata: null }],
  ['"clicked_at": "2026-11-23T14:30:00.001Z"', { clicked_at: START, metadata: { sent_time: '2026-11-23T14:30:00.001Z' } }],
  ['"clicked_at": "9999-12-31T23:59:59Z", "metadata": {"a": 1}', { clicked_at: START, metadata: { a: 1, sent_time: '9999-12-31T23:59:59.000Z' } }],
]

onEveryEngine('events of a batch', (engine) => {
  let app: TestApp
  beforeAll(async () => {
    app = await testApp(engine)
  })
  afterAll(() => app.close())

  const send = (events: string[]) => app.post('/api/tracking-ingest/batch', `{"events": [${events.join(' , ')}]}`, { headers: { 'content-type': 'application/json' } })

  describe('that are bad', () => {
    test.each(bad.map(([original, ...rest], at) => [original.slice(0, 80), at, original, ...rest] as const))('%s', async (_, at, original, field, error) => {
      const good = `{"tracking_id": "neighbour-${at}"}`
      const { status, body } = await send([good, original, good])
      const id = /^\{"tracking_id": ?("(?:[^"\\]|\\.)*")/.exec(original)?.[1]
      const tracking_id = id === undefined ? null : (JSON.parse(id) as string).slice(0, 100)
      expect([status, body]).toEqual([
        207,
        {
          success: false,
          message: 'Stored 2 events, refused 1',
          results: { total: 3, successful: 2, duplicates: 0, unmatched: 2, failed: 1, errors: [{ index: 1, tracking_id, field, error }] },
        },
      ])

      const alone = await send([original])
      expect([alone.status, alone.body]).toEqual([
        400,
        {
          success: false,
          error: typeof error === 'string' ? `No valid event. ${field}: ${error}` : error,
          message: 'No valid event',
          results: { total: 1, successful: 0, duplicates: 0, unmatched: 0, failed: 1, errors: [{ index: 0, tracking_id, field, error }] },
        },
      ])
    })
  })

  describe('that are odd and good', () => {
    test.each(odd.map(([fields], at) => [fields.slice(0, 80), at, fields] as const))('%s', async (_, at, fields) => {
      const { status, body } = await send([`{"tracking_id": "odd-${at}", ${fields}}`])
      expect([status, body]).toMatchObject([200, { results: { total: 1, successful: 1, errors: [] } }])
    })
  })

  test('are told apart in one batch of them all', async () => {
    const { status, body } = await send([...bad.map(([original]) => original), '{"tracking_id": "the-good-one"}'])
    const errors = bad.map(([, field, error], index) => ({ index, tracking_id: expect.toSatisfy((id) => id === null || typeof id === 'string'), field, error }))
    expect([status, body]).toEqual([
      207,
      {
        success: false,
        message: expect.stringMatching(`^Stored 1 events?, refused ${bad.length}$`),
        results: { total: bad.length + 1, successful: 1, duplicates: 0, unmatched: 1, failed: bad.length, errors },
      },
    ])
  })

  test('are stored when they are good, whatever stood beside them, and nothing else is', async () => {
    await app.stop()
    type Stored = { tracking_id: string; clicked_at: number; user_agent: string | null; referrer_url: string | null; session_id: string | null; click_source: string | null; metadata: string | null }
    const rows = await readStore<Stored>(app.store, 'select tracking_id, ts as clicked_at, user_agent, referrer_url, session_id, click_source, properties as metadata from events order by id')
    const counts = new Map<string, number>()
    for (const { tracking_id } of rows) counts.set(tracking_id, (counts.get(tracking_id) ?? 0) + 1)
    expect(Object.fromEntries(counts)).toEqual({
      ...Object.fromEntries(bad.map((_, at) => [`neighbour-${at}`, 2])),
      ...Object.fromEntries(odd.map((_, at) => [`odd-${at}`, 1])),
      'the-good-one': 1,
    })
    for (const [at, [fields, stored]] of odd.entries()) {
      const row = rows.find(({ tracking_id }) => tracking_id === `odd-${at}`)
      expect([fields, { ...row, metadata: row?.metadata ? JSON.parse(row.metadata) : null }]).toMatchObject([fields, stored])
    }
    const letters = await readStore<{ original: string; field: string; received_at: number }>(app.store, 'select original, field, received_at from dead_letters order by id')
    expect(letters.map(({ original }) => original)).toEqual([...bad.flatMap(([original]) => [original, original]), ...bad.map(([original]) => original)])
    expect(iso(letters[0]?.received_at ?? 0)).toBe('2026-11-22T14:30:00.000Z')
  })
})
