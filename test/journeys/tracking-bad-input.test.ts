import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { iso } from '../../src/core/time.ts'
import { CHROME, START, type TestApp, testApp } from '../support/app.ts'
import type { Answer } from '../support/ask.ts'
import { onEveryEngine } from '../support/engines.ts'

const GOOD = { referrer: 'partner_john', campaign: 'facebook_nov', landingPage: '/about' }

onEveryEngine('what no page may send or ask of campaigns', (engine) => {
  let app: TestApp
  beforeAll(async () => {
    app = await testApp(engine, { env: { RATE_LIMIT_CAPTURE: '100000' } })
  })
  afterAll(() => app.close())

  const capture = (body: object | string | Buffer, headers: Record<string, string> = {}): Promise<Answer> =>
    app.ask('POST', '/api/tracking/capture', { body, headers: { 'content-type': 'application/json', 'user-agent': CHROME, ...headers } })
  const total = async () => ((await app.get('/api/tracking/stats', { as: 'admin' })).body as { totalEvents: number }).totalEvents

  describe('is refused, naming every wrong field', () => {
    let before = 0
    beforeAll(async () => {
      before = await total()
    })

    test.each<[fields: string[], change: object]>([
      ...['', 'partner john', 'partner/john', 'partner.john', 'pärtner', '../etc', "x' or 1=1 --", '<script>', 'a'.repeat(256), 'x\n', 7, null, ['partner_john'], {}].map((referrer): [string[], object] => [['referrer'], { referrer }]),
      ...['', 'x'.repeat(256), 7, null, {}].map((campaign): [string[], object] => [['campaign'], { campaign }]),
      ...['', 'x'.repeat(8_193), 7, null].map((landingPage): [string[], object] => [['landingPage'], { landingPage }]),
      ...[
        'javascript:alert(1)', 'JaVaScRiPt:alert(1)', ' javascript:alert(1)', 'java\tscript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'ftp://example.com', '//example.com', '/about', 'https://', 'https://user:secret@example.com/',
        'https://example.com\\@evil.example', 'https://example.com/\u0000', 'http://localhost:3000/', 'http://127.0.0.1/', 'http://2130706433/', 'http://0x7f.1/', 'http://10.1.2.3/', 'http://192.168.0.1/', 'http://169.254.169.254/latest/',
        'http://[::1]/', 'http://[::ffff:127.0.0.1]/', 'http://[fd00::1]/', `https://example.com/${'x'.repeat(8_192)}`, 7,
      ].map((destinationUrl): [string[], object] => [['destinationUrl'], { destinationUrl }]),
      ...['click', 'INBOUND', '', 1].map((eventType): [string[], object] => [['eventType'], { eventType }]),
      ...['yesterday', '2026-02-30', '1700000000', 1_700_000_000].map((timestamp): [string[], object] => [['timestamp'], { timestamp }]),
      ...['', 'a\nb', 'x'.repeat(129), 7].map((eventId): [string[], object] => [['eventId'], { eventId }]),
      [['originalSource'], { originalSource: 'x'.repeat(256) }],
      [['sessionId'], { sessionId: 'x'.repeat(256) }],
      [['userAgent'], { userAgent: 'x'.repeat(8_193) }],
      [['ipAddress'], { ipAddress: '127.1' }],
      [['referrer', 'campaign', 'landingPage'], { referrer: undefined, campaign: undefined, landingPage: undefined }],
      [['referrer', 'campaign', 'destinationUrl', 'eventType', 'eventId', 'timestamp'], { referrer: '?', campaign: '', destinationUrl: 'javascript:1', eventType: 'x', timestamp: 'x', eventId: '\t' }],
    ])('%j (%#)', async (fields, change) => {
      const { status, body } = await capture({ ...GOOD, ...change })
      const { details, ...rest } = body as { details: { field: string; error: string }[] }
      expect([status, rest, details.map(({ field }) => field).sort()]).toEqual([400, { success: false, error: expect.stringContaining(details[0]?.field as string) }, [...fields].sort()])
      for (const { error } of details) expect(error).toMatch(/^(is required|must )/)
    })

    test.each(['[]', 'null', '"x"', '7', '', '[{"referrer":"a"}]'])('the body %s', async (body) => {
      expect(await capture(body)).toMatchObject({ status: 400, body: { success: false, details: [{ field: 'body' }] } })
    })

    test.each(['{', '{"referrer":', 'referrer=a&campaign=b', '{"__proto__":{"admin":true}}', '{"referrer":"a","constructor":{"prototype":{}}}'])('the text %s', async (text) => {
      for (const type of ['application/json', 'text/plain']) expect(await capture(text, { 'content-type': type })).toMatchObject({ status: 400, body: { success: false, error: expect.any(String) } })
    })

    test.each(['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/html', 'application/xml', 'text/plainer'])('as %s', async (type) => {
      expect(await capture(JSON.stringify(GOOD), { 'content-type': type })).toMatchObject({ status: 415, body: { success: false } })
    })

    test('as text/plain where no page is expected', async () => {
      const answer = await app.ask('POST', '/api/auth/login', { body: JSON.stringify({ email: 'ada@example.com', password: 'x' }), headers: { 'content-type': 'text/plain' } })
      expect(answer).toMatchObject({ status: 415, body: { success: false, error: 'The content type is not supported. Send application/json.' } })
    })

    test('of more than 64 KiB, also where it is small until it is inflated', async () => {
      const large = JSON.stringify({ ...GOOD, other: 'x'.repeat(64 * 1024) })
      for (const type of ['application/json', 'text/plain']) expect((await capture(large, { 'content-type': type })).status).toBe(413)
      expect((await capture(gzipSync(large), { 'content-encoding': 'gzip' })).status).toBe(413)
      expect((await capture(gzipSync(Buffer.alloc(1024 * 1024 * 64, 'x')), { 'content-encoding': 'gzip' })).status).toBe(413)
    })

    test('with a key that is none', async () => {
      expect(await capture(GOOD, { 'x-api-key': 'wrong' })).toMatchObject({ status: 401, body: { success: false } })
    })

    test('and nothing of it is recorded', async () => {
      expect(await total()).toBe(before)
    })
  })

  test('is nothing that a field of its greatest length, a null or a field of another’s may be', async () => {
    const before = await total()
    const largest = { referrer: 'a'.repeat(255), campaign: '😀'.repeat(255), landingPage: 'x'.repeat(8_192), originalSource: 'x'.repeat(255), sessionId: 'x'.repeat(255), eventId: 'x'.repeat(128), userAgent: 'x'.repeat(8_192) }
    expect(await capture(largest)).toMatchObject({ status: 200 })
    expect(await capture({ ...GOOD, originalSource: null, destinationUrl: null, eventType: null, userAgent: null, sessionId: null, eventId: null, timestamp: null, ipAddress: null })).toMatchObject({ status: 200 })
    expect(await capture({ ...GOOD, destinationUrl: '', originalSource: '', timestamp: '', unknown: { deep: [1] } })).toMatchObject({ status: 200 })
    expect(await total()).toBe(before + 3)
  })

  test('is kept in the dead letters as it was sent, and taken in again when it is corrected', async () => {
    const sent = `{ "referrer": "partner john", "campaign": "mended", "landingPage": "/" }`
    await capture(sent, { 'content-type': 'text/plain' })
    const { dead_letters } = (await app.get('/api/dead-letters?limit=1', { as: 'admin' })).body as { dead_letters: { id: string }[] }
    const letter = dead_letters[0] as { id: string }
    expect(letter).toMatchObject({ family: 'tracking', project: 'tracking', reason: 'invalid', field: 'referrer', error: 'must match ^[A-Za-z0-9_-]{1,255}$', original: sent })
    const replay = async (corrected: object) => (await app.post('/api/dead-letters/replay', { ids: [letter.id], corrected }, { as: 'admin' })).body
    app.clock.at = START + 60_000
    expect(await replay({ [letter.id]: '{' })).toMatchObject({ replayed: 0, results: [{ field: 'body' }] })
    expect(await replay({})).toMatchObject({ replayed: 0, results: [{ field: 'referrer' }] })
    expect(await replay({ [letter.id]: sent.replace(' john', '_mended') })).toMatchObject({ replayed: 1 })
    expect((await app.get('/api/tracking/referrer/partner_mended', { as: 'admin' })).body).toMatchObject({ totalClicks: 1, humanClicks: 1, events: [{ campaign: 'mended', timestamp: iso(START) }] })
    app.clock.at = START
  })

  test.each([
    ['stats', 'from', 'from=yesterday'],
    ['stats', 'from', 'from=2026-11-02&to=2026-11-01'],
    ['stats', 'from', "from=2026-11-02'--"],
    ['stats', 'to', 'to=2026-02-30'],
    ['stats', 'timezone', 'timezone=Europe/Atlantis'],
    ['stats', 'limit', 'limit=0'],
    ['stats', 'limit', 'limit=1001'],
    ['stats', 'limit', 'limit=x'],
    ['referrer/a%20b', 'referrerId', ''],
    ["referrer/x'or'1", 'referrerId', ''],
    [`referrer/${'x'.repeat(256)}`, 'referrerId', ''],
    ['referrer/x', 'cursor', 'cursor=x'],
    ['referrer/x', 'cursor', 'cursor='],
    ['referrer/x', 'cursor', `cursor=${Buffer.from('[1,"\\u0000"]').toString('base64url')}`],
    ['referrer/x', 'cursor', `cursor=${Buffer.from('[1,"x\' or 1=1"]').toString('base64url')}`],
    ['referrer/x', 'limit', 'limit=-1'],
  ])('is the question %s, for its %s (%#)', async (path, field, query) => {
    const { status, body } = await app.get(`/api/tracking/${path}?${query}`, { as: 'admin' })
    expect([status, body]).toMatchObject([400, { success: false, error: expect.stringContaining(field), details: [{ field }] }])
  })

  test('is no question at all of the store: whatever is asked is answered, or refused before', async () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom("'", "';--", '$1', '\\', '%00', '\0', '1e9', '-1', '2026-11-22', 'UTC', 'Europe/Berlin', '__proto__'))
    const headers = await app.as('admin')
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('stats', 'referrer/x'), fc.dictionary(fc.constantFrom('from', 'to', 'timezone', 'limit', 'cursor', 'explain', 'order'), text, { noNullPrototype: true }), async (path, query) => {
        const { status, body } = await app.ask('GET', `/api/tracking/${path}?${new URLSearchParams(query)}`, { headers })
        expect([200, 400]).toContain(status)
        if (status === 400) expect(body).toMatchObject({ success: false, details: [{ field: expect.any(String) }] })
      }),
      { numRuns: 150 },
    )
  })
})
