import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY_MS, iso } from '../../src/core/time.ts'
import { CHROME, START, type TestApp, testApp } from '../support/app.ts'
import type { Answer } from '../support/ask.ts'
import { onEveryEngine } from '../support/engines.ts'
import { askStore } from '../support/stored.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** The requirement's own example. */
const EXAMPLE = {
  referrer: 'partner_john',
  campaign: 'facebook_nov_2024',
  landingPage: '/about',
  originalSource: 'facebook_ad_campaign',
  destinationUrl: 'https://kickstarter.com/projects/wihy',
  eventType: 'outbound',
  userAgent: CHROME,
  sessionId: 'session_123',
}
const EMPTY = { totalEvents: 0, humanEvents: 0, machineEvents: 0, byReferrer: {}, humanByReferrer: {}, machineByReferrer: {}, byCampaign: {}, humanByCampaign: {}, machineByCampaign: {}, byLandingPage: {}, humanByLandingPage: {}, machineByLandingPage: {}, truncated: false, recent: [] }

/** How a page's events are sent and read, on one server. */
function pageOf(app: TestApp) {
  const capture = (body: object | string, headers: Record<string, string> = {}): Promise<Answer> =>
    app.ask('POST', '/api/tracking/capture', { body, headers: { 'content-type': 'application/json', 'user-agent': CHROME, ...headers } })
  return {
    capture,
    async given(events: object[]) {
      for (const event of events) expect(await capture({ referrer: 'r', campaign: 'c', landingPage: '/', ...event })).toMatchObject({ status: 200 })
    },
    stats: async (query = '') => (await app.get(`/api/tracking/stats${query}`, { as: 'admin' })).body as Record<string, unknown> & { recent: Record<string, unknown>[] },
    referrer: async (id: string, query = '') => (await app.get(`/api/tracking/referrer/${id}${query}`, { as: 'admin' })).body as Record<string, unknown> & { events: { id: string }[]; cursor: string | null },
  }
}

onEveryEngine('a campaign', (engine) => {
  let app: TestApp
  const fresh = async (env: Record<string, string> = {}): Promise<ReturnType<typeof pageOf>> => {
    app = await testApp(engine, { env: { RATE_LIMIT_CAPTURE: '100000', ...env } })
    return pageOf(app)
  }

  describe('as the requirement shows it', () => {
    let page: ReturnType<typeof pageOf>
    beforeAll(async () => {
      page = await fresh()
    })
    afterAll(() => app.close())

    test('has no numbers before anything came', async () => {
      expect(await page.stats()).toEqual(EMPTY)
      expect(await page.referrer('partner_john')).toEqual({ referrerId: 'partner_john', totalClicks: 0, humanClicks: 0, machineClicks: 0, campaigns: {}, humanCampaigns: {}, machineCampaigns: {}, truncated: false, events: [], cursor: null })
    })

    test('is captured, counted and listed', async () => {
      const { status, body } = await page.capture(EXAMPLE)
      expect([status, body]).toEqual([200, { success: true, eventId: expect.stringMatching(UUID) }])
      const { eventId: id } = body as { eventId: string }
      const event = { id, referrer: 'partner_john', campaign: 'facebook_nov_2024', timestamp: iso(START), landingPage: '/about', originalSource: 'facebook_ad_campaign', destinationUrl: EXAMPLE.destinationUrl, eventType: 'outbound', machine: false }
      expect(await page.stats()).toEqual({
        ...EMPTY,
        totalEvents: 1,
        humanEvents: 1,
        byReferrer: { partner_john: 1 },
        humanByReferrer: { partner_john: 1 },
        machineByReferrer: { partner_john: 0 },
        byCampaign: { facebook_nov_2024: 1 },
        humanByCampaign: { facebook_nov_2024: 1 },
        machineByCampaign: { facebook_nov_2024: 0 },
        byLandingPage: { '/about': 1 },
        humanByLandingPage: { '/about': 1 },
        machineByLandingPage: { '/about': 0 },
        recent: [event],
      })
      expect(await page.referrer('partner_john')).toEqual({
        referrerId: 'partner_john',
        totalClicks: 1,
        humanClicks: 1,
        machineClicks: 0,
        campaigns: { facebook_nov_2024: 1 },
        humanCampaigns: { facebook_nov_2024: 1 },
        machineCampaigns: { facebook_nov_2024: 0 },
        truncated: false,
        events: [event],
        cursor: null,
      })
      expect(await page.referrer('partner_jane')).toMatchObject({ totalClicks: 0, events: [] })
    })

    test('lies in the store under the names of the requirement, its address as a hash', async () => {
      await app.stop()
      const [event] = await askStore(app.store, 'select * from tracking_events')
      const [user] = await askStore(app.store, 'select * from tracking_users')
      await app.restart()
      expect({ ...event, timestamp: null }).toEqual({
        id: expect.stringMatching(UUID), referrer: 'partner_john', campaign: 'facebook_nov_2024', landing_page: '/about', original_source: 'facebook_ad_campaign', destination_url: EXAMPLE.destinationUrl,
        event_type: 'outbound', timestamp: null, user_agent: CHROME, ip_address: expect.stringMatching(/^[0-9a-f]{32}$/), session_id: 'session_123',
      })
      expect(user).toMatchObject({ email: 'ada@example.com', role: 'admin' })
      expect(user).not.toHaveProperty('password_hash')
    })
  })

  describe('sent in the ways in which pages send', () => {
    let page: ReturnType<typeof pageOf>
    beforeAll(async () => {
      page = await fresh()
    })
    afterAll(() => app.close())

    test.each(['text/plain', 'text/plain;charset=UTF-8', 'application/json; charset=utf-8'])('as %s is one and the same', async (type) => {
      const { status } = await page.capture(JSON.stringify({ ...EXAMPLE, campaign: type, eventType: undefined }), { 'content-type': type })
      expect(status).toBe(200)
      const { recent } = await page.stats('?limit=1')
      expect(recent).toMatchObject([{ campaign: type, eventType: 'inbound' }])
    })

    test('with an id of its own is stored once, and says so', async () => {
      const event = { ...EXAMPLE, referrer: 'repeats', eventId: 'order-1' }
      expect((await page.capture(event)).body).toEqual({ success: true, eventId: 'order-1' })
      expect((await page.capture(event)).body).toEqual({ success: true, eventId: 'order-1', duplicate: true })
      expect((await page.capture(JSON.stringify(event), { 'content-type': 'text/plain' })).body).toEqual({ success: true, eventId: 'order-1', duplicate: true })
      expect(await page.referrer('repeats')).toMatchObject({ totalClicks: 1 })
    })

    test('with an Idempotency-Key gets its first answer again', async () => {
      const headers = { 'idempotency-key': 'k-1' }
      const event = { ...EXAMPLE, referrer: 'keyed' }
      const first = await page.capture(event, headers)
      const again = await page.capture(event, headers)
      expect([again.status, again.body, again.headers['idempotency-replayed']]).toEqual([200, first.body, 'true'])
      expect((await page.capture({ ...event, campaign: 'other' }, headers)).status).toBe(409)
      expect(await page.referrer('keyed')).toMatchObject({ totalClicks: 1 })
    })

    test('HEAD, OPTIONS and other methods record nothing', async () => {
      const before = await page.stats()
      for (const [method, status] of [['HEAD', 405], ['OPTIONS', 204], ['GET', 405], ['PUT', 405]] as const) {
        const answer = await app.ask(method, '/api/tracking/capture', method === 'PUT' ? { body: EXAMPLE } : {})
        expect([method, answer.status, answer.headers.allow]).toEqual([method, status, 'POST, OPTIONS'])
      }
      expect(await page.stats()).toEqual(before)
    })
  })

  describe('in numbers', () => {
    let page: ReturnType<typeof pageOf>
    beforeAll(async () => {
      page = await fresh()
    })
    afterAll(() => app.close())

    test('equals a recount: by referrer, campaign and page, of people and machines', async () => {
      const events = Array.from({ length: 60 }, (_, at) => ({
        referrer: `p${at % 7}`,
        campaign: `campaign ${(at * at) % 5}`,
        landingPage: ['/', '/about', '/pricing?x=1'][at % 3] as string,
        eventType: at % 4 === 0 ? 'outbound' : 'inbound',
        userAgent: at % 6 === 5 ? 'Googlebot/2.1' : CHROME,
        timestamp: iso(START - at * 3_600_000),
      }))
      await page.given(events)
      const counted = (of: typeof events, key: 'referrer' | 'campaign' | 'landingPage') => Object.fromEntries([...new Set(events.map((one) => one[key]))].map((name) => [name, of.filter((one) => one[key] === name).length]))
      const machines = events.filter(({ userAgent }) => userAgent !== CHROME)
      const people = events.filter(({ userAgent }) => userAgent === CHROME)
      const listed = events.map(({ userAgent, ...event }) => ({ ...event, id: expect.any(String), originalSource: null, destinationUrl: null, machine: userAgent !== CHROME }))
      expect(await page.stats('?limit=60')).toEqual({
        totalEvents: 60,
        humanEvents: people.length,
        machineEvents: machines.length,
        byReferrer: counted(events, 'referrer'),
        humanByReferrer: counted(people, 'referrer'),
        machineByReferrer: counted(machines, 'referrer'),
        byCampaign: counted(events, 'campaign'),
        humanByCampaign: counted(people, 'campaign'),
        machineByCampaign: counted(machines, 'campaign'),
        byLandingPage: counted(events, 'landingPage'),
        humanByLandingPage: counted(people, 'landingPage'),
        machineByLandingPage: counted(machines, 'landingPage'),
        truncated: false,
        recent: listed,
      })
      const own = events.filter(({ referrer }) => referrer === 'p3')
      const { campaigns, humanClicks, machineClicks, totalClicks, events: pageOne } = await page.referrer('p3', '?limit=4')
      expect(campaigns).toEqual(Object.fromEntries(Object.entries(counted(own, 'campaign')).filter(([, count]) => count > 0)))
      expect([totalClicks, humanClicks, machineClicks, pageOne.length]).toEqual([own.length, own.filter(({ userAgent }) => userAgent === CHROME).length, own.filter(({ userAgent }) => userAgent !== CHROME).length, 4])
    })

    test('holds its range: from belongs to it, to does not, a date is a day of the zone', async () => {
      await page.given(['2024-03-30T22:59:59Z', '2024-03-30T23:00:00Z', '2024-03-31T21:59:59.999Z', '2024-03-31T22:00:00Z'].map((timestamp) => ({ referrer: 'range', timestamp })))
      for (const [query, clicks] of [
        ['', 4],
        ['?from=2024-03-30T23:00:00Z', 3],
        ['?to=2024-03-31T22:00:00Z', 3],
        ['?from=2024-03-31&to=2024-03-31', 2],
        // The day of summer time has 23 hours.
        ['?from=2024-03-31&to=2024-03-31&timezone=Europe/Berlin', 2],
        ['?from=2024-03-31&timezone=Europe/Berlin', 3],
        ['?to=2024-03-30&timezone=Europe/Berlin', 1],
      ] as const) {
        expect([query, (await page.referrer('range', query)).totalClicks]).toEqual([query, clicks])
      }
    })

    test('holds the hundred largest, and says that there are more', async () => {
      await page.given(Array.from({ length: 103 }, (_, at) => ({ referrer: 'large', campaign: `c${String(at % 101).padStart(3, '0')}` })))
      const { campaigns, truncated } = await page.referrer('large')
      expect(truncated).toBe(true)
      expect(Object.entries(campaigns as object)).toEqual(Array.from({ length: 100 }, (_, at) => [`c${String(at).padStart(3, '0')}`, at < 2 ? 2 : 1]))
      expect((await page.stats()).truncated).toBe(true)
      expect(await page.stats(`?to=${iso(START)}`)).toMatchObject({ truncated: false })
    })

    test('lists a referrer’s events page by page, each once', async () => {
      await page.given(Array.from({ length: 7 }, (_, at) => ({ referrer: 'pages', timestamp: iso(START - Math.floor(at / 3) * DAY_MS) })))
      const whole = (await page.referrer('pages')).events
      const found: object[] = []
      for (let cursor: string | null = ''; cursor !== null; ) {
        const answer = await page.referrer('pages', `?limit=2${cursor && `&cursor=${cursor}`}`)
        expect(answer.totalClicks).toBe(7)
        found.push(...answer.events)
        cursor = answer.cursor
      }
      expect(whole).toHaveLength(7)
      expect(found).toEqual(whole)
    })

    test('shows scripts and templates as the text that they are, whatever field they are in', async () => {
      const hostile = ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', '{{constructor.constructor("alert(1)")()}}', '${7*7}', "'; drop table events; --", '=HYPERLINK("x")', '__proto__', 'constructor', '\u202egnp.exe', 'a\0b']
      for (const text of hostile) {
        const body = JSON.stringify({ referrer: 'hostile', campaign: text, landingPage: text, originalSource: text, sessionId: text, userAgent: text })
        expect((await page.capture(body)).status).toBe(200)
      }
      const kept = hostile.map((text) => text.replace('\0', '\ufffd'))
      const answer = await app.get('/api/tracking/referrer/hostile', { as: 'admin' })
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
      const { events, campaigns } = answer.body as { events: { campaign: string; landingPage: string; originalSource: string }[]; campaigns: object }
      expect(events.map(({ campaign, landingPage, originalSource }) => [campaign, landingPage, originalSource])).toEqual(kept.toReversed().map((text) => [text, text, text]))
      expect(Object.entries(campaigns).sort()).toEqual(kept.map((text) => [text, 1]).sort())
    })
  })
})
