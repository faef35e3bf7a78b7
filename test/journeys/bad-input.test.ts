import { connect } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../support/app.ts'
import type { Answer, Question } from '../support/ask.ts'
import { onEveryEngine } from '../support/engines.ts'

const BATCH = '/api/tracking-ingest/batch'
const LINKS = '/api/link-tracking/links'
const JSON_TYPE = { 'content-type': 'application/json' }
const links = (error: unknown, errors?: object[]) => ({ success: false, error, ...(errors ? { errors } : {}) })
/** The sentence names the field; the list says what was expected there. */
const field = (name: string, error: string) => links(expect.stringContaining(name), [{ field: name, error }])
const shown = ({ status, body }: Answer) => [status, body]

onEveryEngine('what cannot be understood', (engine) => {
  let app: TestApp
  let sent = 0
  beforeAll(async () => {
    app = await testApp(engine)
    await app.given.link({ tracking_id: 'neighbour' })
  })
  afterAll(() => app.close())

  /** A good click before and after each bad request: none of them may suffer. */
  async function between(work: () => Promise<Answer>): Promise<Answer> {
    await app.given.clicks(['neighbour'])
    const answer = await work()
    await app.given.clicks(['neighbour'])
    sent += 2
    return answer
  }
  const post = (path: string, body: Question['body'], headers: Record<string, string> = JSON_TYPE) => between(() => app.post(path, body, { headers }))

  describe('bodies', () => {
    const noArray = links('events must be an array of events.', [{ field: 'events', error: 'must be an array of events' }])
    test.each<[name: string, body: string | undefined, status: number, answer: object]>([
      ['nothing', undefined, 400, noArray],
      ['an empty one', '', 400, noArray],
      ['white space', ' \n', 400, noArray],
      ['null', 'null', 400, noArray],
      ['a list', '[{"tracking_id": "neighbour"}]', 400, noArray],
      ['a text', '"events"', 400, noArray],
      ['no events', '{}', 400, noArray],
      ['events that are none', '{"events": {"0": {"tracking_id": "neighbour"}}}', 400, noArray],
      ['events: null', '{"events": null}', 400, noArray],
      ['events as text', '{"events": "[]"}', 400, noArray],
      ['an empty list of events', '{"events": []}', 400, links('events must hold at least one event.', [{ field: 'events', error: 'must hold at least one event' }])],
      ['events named otherwise', '{"Events": [{"tracking_id": "neighbour"}]}', 400, noArray],
      ['1,001 events', JSON.stringify({ events: Array.from({ length: 1_001 }, () => ({ tracking_id: 'neighbour' })) }), 413, links('A batch holds at most 1000 events; this one has 1001.')],
      ['3 MiB', JSON.stringify({ events: [{ tracking_id: 'neighbour', metadata: { a: 'x'.repeat(3 * 1024 * 1024) } }] }), 413, links('The body is too large.')],
      ...['{', '{"events":[{"tracking_id":"neighbour"}]', "{'events':[]}", '{"events":[{"tracking_id":"neighbour"},]}', '{"events":[]} x', 'events=x', 'NaN', '\0', '<xml/>'].map(
        (text): [string, string, number, object] => [text, text, 400, links(expect.stringMatching(/^The body is not valid JSON: /))],
      ),
    ])('%s', async (_, body, status, answer) => {
      expect(shown(await post(BATCH, body))).toEqual([status, answer])
    })

    test('the last of several lists of events counts, as everywhere in JSON', async () => {
      const { status, body } = await post(BATCH, '{"events": [{"tracking_id": "a b"}], "events": [{"tracking_id": "twin"}]}')
      expect([status, body]).toMatchObject([200, { results: { total: 1, successful: 1 } }])
    })

    test('1,000 events of 2 KB each are taken, all of them', async () => {
      const events = Array.from({ length: 1_000 }, (_, at) => ({ tracking_id: 'full', event_id: `full-${at}`, metadata: { a: 'x'.repeat(2_000) } }))
      const { status, body } = await post(BATCH, { events }, {})
      expect([status, body]).toEqual([
        200,
        { success: true, message: 'Stored 1000 events', results: { total: 1_000, successful: 1_000, duplicates: 0, unmatched: 1_000, failed: 0, errors: [] } },
      ])
    })
  })

  describe('content types', () => {
    const events = '{"events": [{"tracking_id": "typed"}]}'
    test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml', 'application/jsonx', ''])('%j is 415', async (type) => {
      const answer = await post(BATCH, events, type === '' ? {} : { 'content-type': type })
      expect(shown(answer)).toEqual([415, links('The content type is not supported. Send application/json.')])
    })
    test.each(['application/json; charset=utf-8', 'Application/JSON', 'application/json;charset=UTF-8'])('%j is JSON', async (type) => {
      expect((await post(BATCH, events, { 'content-type': type })).status).toBe(200)
    })
  })

  describe('content codings', () => {
    const events = Buffer.from('{"events": [{"tracking_id": "coded"}]}')
    const send = (body: Buffer, coding: string) => post(BATCH, body, { ...JSON_TYPE, 'content-encoding': coding })
    const stored = { success: true, message: expect.stringMatching(/^Stored 1 event/), results: { total: 1, successful: 1, duplicates: 0, unmatched: 1, failed: 0, errors: [] } }

    test.each([
      ['gzip', gzipSync(events)],
      ['GZIP', gzipSync(events)],
      ['x-gzip', gzipSync(events)],
      ['deflate', deflateSync(events)],
      ['br', brotliCompressSync(events)],
      ['identity', events],
      ['gzip', Buffer.concat([gzipSync(events.subarray(0, 9)), gzipSync(events.subarray(9))])],
    ])('%s is read', async (coding, body) => {
      expect(shown(await send(body, coding))).toEqual([200, stored])
    })

    test.each(['gzip, gzip', 'zstd', 'compress', 'constructor', '__proto__', 'toString', '*'])('%s is 415', async (coding) => {
      expect(shown(await send(events, coding))).toEqual([415, links(`Content-Encoding ${coding.toLowerCase()} is not supported. Send gzip, deflate or br.`)])
    })

    test.each([
      ['gzip', events],
      ['br', events],
      ['deflate', events],
      ['gzip', gzipSync(events).subarray(0, -9)],
      ['gzip', Buffer.concat([gzipSync(events), Buffer.from('more')])],
      ['br', brotliCompressSync(events).subarray(0, -1)],
      ['gzip', Buffer.alloc(0)],
    ])('%s that is none is 400 (example %#)', async (coding, body) => {
      expect(shown(await send(body, coding))).toEqual([400, links(`The body is not valid ${coding}.`)])
    })

    test('1 MB that inflates to 1 GB is 413, at once', async () => {
      const bomb = Buffer.concat(Array<Buffer>(64).fill(gzipSync(Buffer.alloc(16 * 1024 * 1024))))
      expect(bomb.length).toBeLessThan(1.1 * 1024 * 1024)
      const start = performance.now()
      expect(shown(await send(bomb, 'gzip'))).toEqual([413, links('The body is too large.')])
      // 100 ms on a machine of its own; this one runs other tests beside it.
      expect(performance.now() - start).toBeLessThan(2_000)
    }, 60_000)

    test('3 MiB that take little room on the way are 413', async () => {
      const body = Buffer.from(JSON.stringify({ events: [{ tracking_id: 'coded', metadata: { a: 'x'.repeat(3 * 1024 * 1024) } }] }))
      for (const [coding, packed] of [['gzip', gzipSync(body)], ['br', brotliCompressSync(body)], ['deflate', deflateSync(body)]] as const) {
        expect(shown(await send(packed, coding))).toEqual([413, links('The body is too large.')])
      }
    })
  })

  describe('links', () => {
    const url = field('original_url', 'must be an http or https URL of at most 1000 characters, without user info')
    const links400: [body: object | string, answer: object][] = [
      [{}, field('original_url', 'is required')],
      [{ original_url: null }, field('original_url', 'must be a string')],
      [{ original_url: 7 }, field('original_url', 'must be a string')],
      [{ original_url: '' }, field('original_url', 'must not be empty')],
      [{ original_url: `https://example.com/${'x'.repeat(981)}` }, field('original_url', 'must be at most 1000 characters')],
      ...[
        'javascript:alert(1)', 'JavaScript:alert(1)', ' javascript:alert(1)', 'java\nscript:alert(1)', 'data:text/html,<script>alert(1)</script>', 'ftp://example.com/', 'file:///etc/passwd',
        'blob:https://example.com/x', 'vbscript:x', 'mailto:ada@example.com', 'view-source:https://example.com', 'example.com', '//example.com', '/path', 'https:', 'https://', 'http:///',
        'https://ada:secret@example.com/', 'https://ada@example.com/', 'https://example.com\\@evil.example/', 'https://example.com/\r\nSet-Cookie: a=b', 'https://example.com/\0', 'https://exa mple.com/',
        'https://[::1', 'https://999.1.1.1/', 'https://example.com:99999/', 'https://xn--/',
      ].map((original_url): [object, object] => [{ original_url }, url]),
      [{ original_url: 'https://a.example', tracking_id: 'a b' }, field('tracking_id', 'must match ^[A-Za-z0-9_-]{1,100}$')],
      [{ original_url: 'https://a.example', tracking_id: '' }, field('tracking_id', 'must match ^[A-Za-z0-9_-]{1,100}$')],
      [{ original_url: 'https://a.example', tracking_id: 7 }, field('tracking_id', 'must be a string')],
      [{ original_url: 'https://a.example', link_function: '' }, field('link_function', 'must not be empty')],
      [{ original_url: 'https://a.example', link_function: 'x'.repeat(51) }, field('link_function', 'must be at most 50 characters')],
      [{ original_url: 'https://a.example', partner: 'a b' }, field('partner', 'must match ^[A-Za-z0-9_-]{1,255}$')],
      [{ original_url: 'https://a.example', campaign: 'x'.repeat(256) }, field('campaign', 'must be at most 255 characters')],
      [{ original_url: 'https://a.example', expires_at: 'tomorrow' }, field('expires_at', 'must be an ISO 8601 time, such as 2026-11-22T14:30:00Z')],
      [{ original_url: 'https://a.example', expires_at: '2026-02-30' }, field('expires_at', 'must be an ISO 8601 time, such as 2026-11-22T14:30:00Z')],
      [{ original_url: 'https://a.example', metadata: [] }, field('metadata', 'must be an object')],
      [{ original_url: 'https://a.example', metadata: { a: 'x'.repeat(33 * 1024) } }, field('metadata', 'must be at most 32 KiB')],
      [`{"original_url": "https://a.example", "metadata": ${'{"a":'.repeat(33)}1${'}'.repeat(33)}}`, field('metadata', 'must not be nested deeper than 32')],
      ['{"original_url": "https://a.example", "__proto__": {"is_active": false}}', links('The body has a key named __proto__ or constructor.prototype.')],
      ['[]', field('body', 'must be an object')],
      ['', field('body', 'must be an object')],
    ]
    test.each(links400.map(([body, answer]) => [JSON.stringify(body).slice(0, 90), body, answer] as const))('%s', async (_, body, answer) => {
      expect(shown(await post(LINKS, body, typeof body === 'string' ? JSON_TYPE : {}))).toEqual([400, answer])
    })

    test('a body of 65 KiB is too large for one', async () => {
      expect(shown(await post(LINKS, { original_url: 'https://a.example', unknown: 'x'.repeat(65 * 1024) }, {}))).toEqual([413, links('The body is too large.')])
    })
  })

  describe('addresses and methods', () => {
    test.each([
      ['GET', '/api/link-tracking/nothing', links('There is nothing at GET /api/link-tracking/nothing.')],
      ['POST', '/api/tracking-ingest/nothing', links('There is nothing at POST /api/tracking-ingest/nothing.')],
      ['GET', '/api/tracking-ingest/batch/..;/x', links('There is nothing at GET /api/tracking-ingest/batch/..;/x.')],
      ['GET', '/api/nothing?secret=1', links('There is nothing at GET /api/nothing.')],
      ['GET', '/api/v1/nothing', { detail: 'There is nothing at GET /api/v1/nothing.' }],
      ['DELETE', '/nothing', { error: 'There is nothing at DELETE /nothing.' }],
      ['PROPFIND', '/nothing', { error: 'There is nothing at PROPFIND /nothing.' }],
      ['GET', '//evil.example/', { error: 'There is nothing at GET //evil.example/.' }],
    ])('%s %s is 404', async (method, path, answer) => {
      expect(shown(await app.ask(method, path))).toEqual([404, answer])
      if (method === 'POST') expect(shown(await app.ask(method, path, { headers: JSON_TYPE, body: '{' }))).toEqual([404, answer])
    })

    test.each([
      ['GET', BATCH, 'POST, OPTIONS'],
      ['PUT', BATCH, 'POST, OPTIONS'],
      ['DELETE', `${LINKS}/x`, 'GET, HEAD, PATCH, OPTIONS'],
      ['POST', '/linkedin?uuid=x', 'GET, HEAD, OPTIONS'],
      ['POST', '/track/x', 'GET, HEAD, OPTIONS'],
      ['POST', '/api/link-tracking/lookup/x', 'GET, HEAD, OPTIONS'],
      ['DELETE', '/api/keys', 'GET, HEAD, POST, OPTIONS'],
      ['POST', '/health', 'GET, HEAD, OPTIONS'],
      ['PROPFIND', '/api/tracking/capture', 'POST, OPTIONS'],
      ['PURGE', '/website?uuid=x', 'GET, HEAD, OPTIONS'],
    ])('%s %s is 405 and says what is allowed', async (method, path, allow) => {
      for (const question of [{}, { headers: { 'content-type': 'text/plain' }, body: 'x' }, { headers: JSON_TYPE, body: '{' }]) {
        const { status, headers, body } = await app.ask(method, path, question)
        expect([status, headers.allow?.split(', ').sort(), (body as { error: string }).error]).toEqual([
          405,
          allow.split(', ').sort(),
          expect.stringMatching(`^${method} is not allowed here\\. Allowed: `),
        ])
      }
    })

    test.each(['/track/%E0%A4%A', `/track/${'x'.repeat(3_000)}`, '/api/link-tracking/lookup/%'])('%s is 400', async (path) => {
      const { status, body } = await app.ask('GET', path)
      expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining('malformed')])
    })

    test('what is no HTTP is 400, and the server goes on', async () => {
      for (const bytes of ['GET\r\n\r\n', 'GET / HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'x'.repeat(20_000)}\r\n\r\n`, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', '\0\x01\x02\xff']) {
        expect(await raw(app.url, bytes)).toMatch(/^HTTP\/1\.1 4\d\d /)
      }
      expect((await app.ask('GET', '/health')).status).toBe(200)
    })

    const noText = Buffer.from('[1,"\\u0000"]').toString('base64url')
    test.each([
      ['GET', '/api/v1/webhooks/%00/deliveries'],
      ['POST', '/api/v1/webhooks/deliveries/%00/replay'],
      ['GET', '/api/dead-letters?reason=%00'],
      ['GET', '/api/dead-letters?cursor=%00'],
      ['GET', `/api/tracking/referrer/mara?cursor=${noText}`],
      ['GET', `/api/v1/leads?cursor=${noText}`],
    ])('%s %s has what no store can hold, and is 400', async (method, path) => {
      expect((method === 'GET' ? await app.get(path, { as: 'admin' }) : await app.post(path, undefined, { as: 'admin' })).status).toBe(400)
    })

    test('a path that leads out of a folder leads nowhere', async () => {
      for (const path of ['/swagger/static/../..', '/swagger/static/../../package.json']) expect(await raw(app.url, `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)).toMatch(/^HTTP\/1\.1 404 /)
    })

    test('a proxy is not what this is', async () => {
      for (const target of ['example.com:443', '/health']) expect(await raw(app.url, `CONNECT ${target} HTTP/1.1\r\nHost: example.com\r\n\r\n`)).toMatch(/^HTTP\/1\.1 405 /)
    })
  })

  test('costs nobody else anything: every good click between all of these is there', async () => {
    expect([sent > 200, (await app.stats('neighbour')).clicks]).toEqual([true, sent])
  })
})

/** Sends bytes over a connection of its own and gives the first of what comes back. */
function raw(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(Buffer.from(bytes, 'latin1')))
    socket.once('data', (answer) => {
      socket.destroy()
      resolve(answer.toString('latin1'))
    })
    socket.once('close', () => reject(new Error('closed without an answer')))
    socket.once('error', reject)
  })
}
