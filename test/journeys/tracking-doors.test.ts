import { afterEach, describe, expect, test } from 'vitest'
import { CHROME, type TestApp, testApp } from '../support/app.ts'
import type { Answer } from '../support/ask.ts'
import { onEveryEngine } from '../support/engines.ts'
import { askStore } from '../support/stored.ts'

const EVENT = { referrer: 'partner_john', campaign: 'facebook_nov', landingPage: '/about' }

onEveryEngine('at the door of captures', (engine) => {
  let app: TestApp
  afterEach(() => app.close())

  const open = async (env: Record<string, string> = {}, log?: string[]): Promise<void> => {
    app = await testApp(engine, { env, ...(log ? { log } : {}) })
  }
  const capture = async (headers: Record<string, string | string[]> = {}, event: object = EVENT): Promise<Answer> => app.ask('POST', '/api/tracking/capture', { body: event, headers: { 'user-agent': CHROME, ...headers } })
  const total = async () => ((await app.get('/api/tracking/stats', { as: 'admin' })).body as { totalEvents: number }).totalEvents

  test('an address gets so many a minute; whoever has a key is not counted', async () => {
    await open({ RATE_LIMIT_CAPTURE: '3' })
    const answers = [await capture(), await capture({}, { ...EVENT, referrer: '?' }), await capture(), await capture(), await capture()]
    expect(answers.map(({ status }) => status)).toEqual([200, 400, 200, 429, 429])
    expect(answers.map(({ headers }) => headers['ratelimit-policy'])).toEqual(Array(5).fill('"capture";q=3;w=60'))
    expect(answers[1]?.headers.ratelimit).toMatch(/^"capture";r=1;t=(60|5\d)$/)
    expect(answers[3]).toMatchObject({ headers: { 'retry-after': expect.stringMatching(/^\d+$/), ratelimit: expect.stringMatching(/^"capture";r=0;/) }, body: { success: false, error: expect.stringMatching(/^Too many requests/) } })
    for (let i = 0; i < 5; i++) expect(await capture(await app.as('key'))).toMatchObject({ status: 200, headers: expect.not.objectContaining({ ratelimit: expect.anything() }) })
    expect(await total()).toBe(7)
  })

  test('no header makes another address of one, unless a listed proxy sends it', async () => {
    await open({ RATE_LIMIT_CAPTURE: '3', IP_STORAGE: 'raw' })
    const names = ['x-forwarded-for', 'x-real-ip', 'forwarded', 'cf-connecting-ip', 'true-client-ip', 'x-client-ip', 'x-cluster-client-ip', 'fastly-client-ip', 'x-forwarded', 'forwarded-for', 'x-original-forwarded-for', 'via']
    const statuses: number[] = []
    for (const [at, name] of names.entries()) statuses.push((await capture({ [name]: `203.0.113.${at}` }, { ...EVENT, ipAddress: `203.0.113.${at}` })).status)
    expect(statuses).toEqual([200, 200, 200, ...Array(9).fill(429)])
    expect(await total()).toBe(3)
    await app.stop()
    expect(await askStore(app.store, 'select distinct ip_address from tracking_events')).toEqual([{ ip_address: '127.0.0.1' }])
  })

  test('a proxy that is listed is believed, and a server with a key may state the visitor’s address', async () => {
    await open({ RATE_LIMIT_CAPTURE: '1', TRUST_PROXY: '127.0.0.1', IP_STORAGE: 'raw' })
    expect((await capture({ 'x-forwarded-for': '198.51.100.1, 203.0.113.1' })).status).toBe(200)
    expect((await capture({ 'x-forwarded-for': '198.51.100.2, 203.0.113.1' })).status).toBe(429)
    expect((await capture({ 'x-forwarded-for': '203.0.113.2' })).status).toBe(200)
    expect((await capture(await app.as('key'), { ...EVENT, ipAddress: '2001:DB8::7' })).status).toBe(200)
    expect(await total()).toBe(3)
    await app.stop()
    expect(await askStore(app.store, 'select ip_address from tracking_events order by ip_address')).toEqual([{ ip_address: '2001:db8::7' }, { ip_address: '203.0.113.1' }, { ip_address: '203.0.113.2' }])
  })

  test('a wish not to be tracked is followed where HONOR_DNT says so, and counted', async () => {
    await open({ HONOR_DNT: 'true' })
    for (const headers of [{ dnt: '1' }, { 'sec-gpc': '1' }]) expect(await capture(headers)).toMatchObject({ status: 200, body: { success: true, eventId: expect.any(String) } })
    expect((await capture({ dnt: '1' }, { ...EVENT, referrer: '?' })).status).toBe(400)
    expect(await capture({ dnt: '0' })).toMatchObject({ status: 200 })
    expect(await total()).toBe(1)
    expect(await app.metric('waymark_events_dropped_total{family="tracking",reason="opted_out"}')).toBe(2)
    expect(await app.metric('waymark_events_dropped_total{family="tracking",reason="invalid"}')).toBe(1)
    await app.close()
    await open()
    await capture({ dnt: '1', 'sec-gpc': '1' })
    expect(await total()).toBe(1)
  })

  test('a prefetch is a machine’s, and the page’s own word for its agent counts', async () => {
    await open()
    await capture({ 'sec-purpose': 'prefetch;prerender' })
    await capture({ 'user-agent': 'curl/8.0' })
    await capture({ 'user-agent': 'curl/8.0' }, { ...EVENT, userAgent: CHROME })
    await capture({ 'user-agent': CHROME }, { ...EVENT, userAgent: 'Googlebot/2.1' })
    expect((await app.get('/api/tracking/stats', { as: 'admin' })).body).toMatchObject({ totalEvents: 4, humanEvents: 1, machineEvents: 3 })
  })

  test('captures are logged as sums and each refusal by itself, without an address or what was sent', async () => {
    const log: string[] = []
    await open({ LOG_LEVEL: 'info' }, log)
    await capture({}, { ...EVENT, campaign: 'secret-campaign' })
    await capture({}, { ...EVENT, referrer: 'secret referrer' })
    await app.stop()
    const lines = log.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines.filter(({ msg }) => msg === 'events captured')).toMatchObject([{ level: 30, events: { tracking: { captured: 1 } } }])
    expect(lines.filter(({ msg }) => msg === 'events refused')).toMatchObject([{ level: 40, events: { tracking: { invalid: 1 } } }])
    expect(lines.filter(({ msg }) => msg === 'request not as expected')).toMatchObject([{ level: 40, code: 'invalid', fields: ['referrer'], route: '/api/tracking/capture' }])
    const others = log.filter((line) => !line.includes('listening at'))
    expect(others).toHaveLength(log.length - 1)
    expect(others.join('')).not.toMatch(/secret|127\.0\.0\.1/)
  })

  describe('?explain', () => {
    test('shows an admin the SQL, its parameters and the plan of a report', async () => {
      await open()
      await capture()
      for (const [path, first] of [['stats', [101]], ['referrer/partner_john', ['partner_john', 101]]] as const) {
        const { status, body } = await app.get(`/api/tracking/${path}?explain`, { as: 'admin' })
        expect([status, body]).toEqual([
          200,
          {
            statements: [
              { sql: expect.stringContaining('grouping sets'), parameters: first, plan: expect.stringMatching(/\d rows?|rows=\d/) },
              { sql: expect.stringMatching(/^select id, referrer/), parameters: [...first.slice(0, -1), 50], plan: expect.stringMatching(/\d rows?|rows=\d/) },
            ],
          },
        ])
      }
      expect((await app.get('/api/tracking/stats?explain', { as: 'key' })).status).toBe(403)
      expect((await app.get('/api/tracking/stats?explain', { as: 'nobody' })).status).toBe(401)
    })

    test('is refused in production', async () => {
      await open({ ENV: 'production' })
      expect(await app.get('/api/tracking/stats?explain=1', { as: 'admin' })).toMatchObject({ status: 400, body: { success: false, details: [{ field: 'explain', error: 'is there only with ENV=development' }] } })
      expect((await app.get('/api/tracking/stats', { as: 'admin' })).status).toBe(200)
    })
  })
})
