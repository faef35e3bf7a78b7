import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { freePort } from '../../test/support/process.ts'
import { type Receiver, type Reply, openReceiver } from '../../test/support/receiver.ts'
import { post } from './send.ts'
import { type TargetRules, systemResolver } from './target.ts'

const rules: TargetRules = { allowPrivate: true, allowHttp: true, resolve: systemResolver }
const NOW = Date.UTC(2026, 10, 22, 14, 30)

let receiver: Receiver
let elsewhere: Receiver
beforeAll(async () => {
  receiver = await openReceiver()
  elsewhere = await openReceiver()
})
afterAll(async () => {
  await receiver.close()
  await elsewhere.close()
})
beforeEach(() => {
  receiver.messages.length = 0
})

const send = (url = receiver.url, timeoutMs = 10_000, signal?: AbortSignal) => post(url, { 'webhook-id': 'msg_1' }, '{"ä":1}', { rules, timeoutMs, now: () => NOW, userAgent: 'Waymark/1' }, signal)
const failed = (status: number | null, reason: string, retryAfterMs: number | null = null) => ({ delivered: false, status, reason, retryAfterMs })

test.each<[Reply, unknown]>([
  [{ status: 200, body: '<script>alert(1)</script>' }, { delivered: true, status: 200 }],
  [{ status: 204 }, { delivered: true, status: 204 }],
  [{ status: 301, headers: { location: 'ELSEWHERE' } }, failed(301, 'answered 301; redirects are not followed')],
  [{ status: 307, headers: { location: 'ELSEWHERE' } }, failed(307, 'answered 307; redirects are not followed')],
  [{ status: 304 }, failed(304, 'answered 304; redirects are not followed')],
  [{ status: 400, body: '{{7*7}}' }, failed(400, 'answered 400')],
  [{ status: 410 }, failed(410, 'answered 410')],
  [{ status: 429, headers: { 'retry-after': '120' } }, failed(429, 'answered 429', 120_000)],
  [{ status: 503, headers: { 'retry-after': 'Sun, 22 Nov 2026 14:31:00 GMT' } }, failed(503, 'answered 503', 60_000)],
  [{ status: 503, headers: { 'retry-after': 'soon' } }, failed(503, 'answered 503')],
  [{ status: 503, headers: { 'retry-after': '-1' } }, failed(503, 'answered 503')],
  [{ status: 500, body: 'x'.repeat(100_000) }, failed(500, 'answered 500')],
  ['reset', failed(null, 'connection reset')],
  ['endless', { delivered: true, status: 200 }],
])('%j becomes %j', async (reply, expected) => {
  receiver.answer = () => (typeof reply === 'object' && reply.headers?.location ? { ...reply, headers: { location: elsewhere.url } } : reply)
  expect(await send()).toEqual(expected)
  expect(receiver.messages).toMatchObject([{ id: 'msg_1', text: '{"ä":1}', headers: { 'content-type': 'application/json', 'user-agent': 'Waymark/1', connection: 'close' } }])
  expect(elsewhere.messages).toEqual([])
})

test('of an endless body little is taken', async () => {
  const before = receiver.poured()
  receiver.answer = () => 'endless'
  await send()
  // What lies in the buffers of the two sockets, not more.
  expect(receiver.poured() - before).toBeLessThan(8 * 1024 * 1024)
})

test('who says nothing in time has failed', async () => {
  receiver.answer = () => 'silent'
  expect(await send(receiver.url, 50)).toEqual(failed(null, 'no answer in time'))
})

test('what is broken off has no result', async () => {
  receiver.answer = () => 'silent'
  const breaking = new AbortController()
  const sent = send(receiver.url, 10_000, breaking.signal)
  breaking.abort()
  expect(await sent).toBeNull()
})

test('where nobody listens the connection is refused, and where no TLS is spoken it fails', async () => {
  expect(await send(`http://127.0.0.1:${await freePort()}/`)).toEqual(failed(null, 'connection refused'))
  expect(await send(receiver.url.replace('http:', 'https:'))).toMatchObject({ delivered: false, status: null, reason: expect.stringMatching(/^(certificate or TLS not accepted|connection failed)$/) })
  expect(await send('http://name.invalid/')).toMatchObject({ delivered: false, status: null })
})
