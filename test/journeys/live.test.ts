import type { IncomingMessage } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from '../support/app.ts'
import { begin, until } from '../support/ask.ts'
import { onEngine, onEveryEngine } from '../support/engines.ts'

interface Stream {
  response: IncomingMessage
  text: string
  ended: boolean
}

/** Opens the stream and gathers what it says. */
async function listen(url: string, headers: Record<string, string>): Promise<Stream> {
  const response = await begin(url, '/api/live', headers)
  const stream: Stream = { response, text: '', ended: false }
  response.setEncoding('utf8').on('data', (chunk: string) => (stream.text += chunk))
  response.on('close', () => (stream.ended = true))
  await until('the stream begins', () => stream.text.startsWith('retry: '))
  return stream
}

const news = ({ text }: Stream) => [...text.matchAll(/^event: loaded\ndata: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? '') as Record<string, number>)
/** All that was told so far, added up. */
const told = (stream: Stream) => {
  const sum: Record<string, number> = {}
  for (const one of news(stream)) for (const [source, count] of Object.entries(one)) sum[source] = (sum[source] ?? 0) + count
  return sum
}

onEveryEngine('the stream of news', (engine) => {
  let app: TestApp
  beforeAll(async () => {
    app = await testApp(engine)
  })
  afterAll(() => app.close())

  test('tells of what can be seen in reports, by source, at most once a second', async () => {
    await app.given.link({ tracking_id: 'known' })
    const stream = await listen(app.url, await app.as('viewer'))
    expect(stream.response.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    const start = performance.now()
    await app.given.clicks(['known', 'known'])
    await app.post('/api/tracking/capture', { referrer: 'r', campaign: 'c', landingPage: '/' }, { as: 'nobody' })
    await until('all of it was told', () => told(stream).link === 2 && told(stream).web === 1)
    expect(news(stream).length).toBeLessThanOrEqual(1 + Math.ceil((performance.now() - start) / 1_000))
    // What came before somebody listens is no news.
    const late = await listen(app.url, await app.as('admin'))
    await app.given.clicks(['known'])
    await until('the later one heard of it', () => told(late).link === 1)
    expect(told(late)).toEqual({ link: 1 })
    stream.response.destroy()
    late.response.destroy()
  })

  test('ends with the session', async () => {
    const { body } = await app.ask('POST', '/api/auth/login', { body: { email: 'ada@example.com', password: 'correct horse' } })
    const headers = { authorization: `Bearer ${(body as { token: string }).token}` }
    const stream = await listen(app.url, headers)
    expect((await app.ask('POST', '/api/auth/logout', { headers })).status).toBe(200)
    await app.given.clicks(['known'])
    await until('it ends', () => stream.ended)
    expect(news(stream)).toEqual([])
  })

  test('does not hold up the end of the server', async () => {
    const other = await testApp(engine)
    const stream = await listen(other.url, await other.as('admin'))
    const start = performance.now()
    await other.close()
    await until('it ends', () => stream.ended)
    expect(performance.now() - start).toBeLessThan(4_500)
  })
})

onEngine('postgres', 'the stream of news', (engine) => {
  test('tells of what another node took in', async () => {
    const app = await testApp(engine)
    const neighbour = await app.neighbour()
    const stream = await listen(app.url, await app.as('admin'))
    await neighbour.given.clicks(['whatever'])
    await until('it was told', () => told(stream).link === 1)
    stream.response.destroy()
    await neighbour.close()
    await app.close()
  })
})
