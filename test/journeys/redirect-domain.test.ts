import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, START, testApp } from '../support/app.ts'
import { ask } from '../support/ask.ts'
import { onEveryEngine } from '../support/engines.ts'
import { TEST_KEY } from '../support/process.ts'

const AGENT = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36'
const UUID = 'dfsgzzpzpweeAFGJJEkdlfjoxbvnv'

// "steve-glen.com Integration - Complete Setup Guide", step by step, with its own examples.
onEveryEngine('a redirect domain of its own', (engine) => {
  let app: TestApp
  beforeAll(async () => {
    app = await testApp(engine, { env: { BASE_REDIRECT_URL: 'https://steve-glen.com' } })
  })
  afterAll(() => app.close())

  test('a link for a document has an address on the redirect domain', async () => {
    const { status, body } = await app.post('/api/link-tracking/links', {
      tracking_id: UUID,
      original_url: 'https://linkedin.com/in/steveglen',
      link_function: 'LinkedIn',
      job_id: '550e8400-e29b-41d4-a716-446655440000',
      application_id: '660e8400-e29b-41d4-a716-446655440001',
      link_type: 'profile',
      description: 'LinkedIn profile for job application',
    })
    expect([status, body]).toEqual([
      201,
      {
        tracking_id: UUID,
        redirect_url: `https://steve-glen.com/linkedin?uuid=${UUID}`,
        original_url: 'https://linkedin.com/in/steveglen',
        link_function: 'LinkedIn',
        link_type: 'profile',
        job_id: '550e8400-e29b-41d4-a716-446655440000',
        application_id: '660e8400-e29b-41d4-a716-446655440001',
        description: 'LinkedIn profile for job application',
        campaign: null,
        partner: null,
        metadata: null,
        is_active: true,
        created_at: '2026-11-22T14:30:00.000Z',
        updated_at: '2026-11-22T14:30:00.000Z',
        expires_at: null,
      },
    ])
  })

  test.each([
    ['LinkedIn', 'linkedin'],
    ['Calendly', 'calendly'],
    ['Portfolio', 'portfolio'],
    ['GitHub', 'github'],
    ['Website', 'website'],
    ['Resume', 'link'],
    ['linkedin', 'link'],
    [undefined, 'website'],
    // Names that every object has.
    ['constructor', 'link'],
    ['toString', 'link'],
    ['__proto__', 'link'],
  ])('the path of a link for %s is /%s', async (link_function, path) => {
    const link = await app.given.link({ original_url: 'https://calendly.com/steve', link_function: link_function ?? null })
    expect(link).toMatchObject({
      tracking_id: expect.stringMatching(/^[0-9A-Za-z]{22,}$/),
      link_function: link_function ?? 'Website',
      redirect_url: `https://steve-glen.com/${path}?uuid=${link.tracking_id}`,
    })
  })

  test('Option A: the domain asks where a link leads', async () => {
    const lookup = async (id: string) => {
      const { status, body } = await app.get(`/api/link-tracking/lookup/${id}`, { as: 'nobody' })
      return [status, body]
    }
    expect(await lookup(UUID)).toEqual([200, { tracking_id: UUID, destination_url: 'https://linkedin.com/in/steveglen', link_function: 'LinkedIn' }])
    expect(await lookup('nobody-made-this')).toEqual([404, { error: 'Tracking ID not found' }])

    const off = await app.given.link()
    await app.patch(`/api/link-tracking/links/${off.tracking_id}`, { is_active: false })
    expect(await lookup(off.tracking_id)).toEqual([410, { error: 'Link is inactive' }])
  })

  test('Option B: the domain keeps a table of its own', async () => {
    const { status, body } = await app.get('/api/link-tracking/sync')
    const { links } = body as { links: Record<string, unknown>[] }
    expect([status, links[0]]).toEqual([
      200,
      {
        tracking_id: UUID,
        destination_url: 'https://linkedin.com/in/steveglen',
        link_function: 'LinkedIn',
        is_active: true,
        expires_at: null,
        created_at: '2026-11-22T14:30:00.000Z',
        updated_at: '2026-11-22T14:30:00.000Z',
      },
    ])
  })

  test('the click handler redirects, and the batch it sends becomes the numbers', async () => {
    const domain = await openDomain(app.url)
    const visit = () =>
      ask(domain.url, 'GET', `/linkedin?uuid=${UUID}`, { headers: { 'user-agent': AGENT, referer: 'https://indeed.com/job/12345', host: 'steve-glen.com' } })
    const { status, headers } = await visit()
    expect([status, headers.location]).toEqual([302, 'https://linkedin.com/in/steveglen'])
    expect((await ask(domain.url, 'GET', '/linkedin?uuid=nobody-made-this')).headers.location).toBe('https://steveglen.com/404')
    expect((await ask(domain.url, 'GET', '/linkedin?uuid=not%20an%20id')).status).toBe(400)

    expect(await domain.sendTrackingBatch()).toEqual({
      success: true,
      message: 'Stored 2 events',
      results: { total: 2, successful: 2, duplicates: 0, unmatched: 1, failed: 0, errors: [] },
    })
    domain.close()
    const stats = await app.stats(UUID)
    const one = { clicks: 1, human_clicks: 1, machine_clicks: 0, unique_visitors: 1 }
    expect(stats).toMatchObject({
      tracking_id: UUID,
      ...one,
      by_click_source: [{ click_source: 'linkedin', ...one }],
      by_referrer: [{ referrer: 'indeed.com', ...one }],
      recent: [{ referrer_url: 'https://indeed.com/job/12345', click_source: 'linkedin', os: 'Windows', device: 'desktop', machine: false }],
    })
  })

  test('"Tracking Data Sent Back": the very request of the guide', async () => {
    const { status, body } = await app.ask('POST', '/api/tracking-ingest/batch', {
      headers: { 'X-API-Key': TEST_KEY, 'Content-Type': 'application/json' },
      body: `{
  "events": [{
    "tracking_id": "${UUID}",
    "clicked_at": "2025-10-22T14:30:15Z",
    "ip_address": "203.0.113.42",
    "user_agent": "${AGENT}",
    "referrer_url": "https://indeed.com/job/12345",
    "click_source": "linkedin"
  }]
}`,
    })
    expect([status, body]).toMatchObject([200, { success: true, results: { total: 1, successful: 1, unmatched: 0 } }])
    expect((await app.stats(UUID, '?from=2025-10-22&to=2025-10-22')).recent).toEqual([
      {
        click_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        clicked_at: '2025-10-22T14:30:15.000Z',
        click_source: 'linkedin',
        referrer_url: 'https://indeed.com/job/12345',
        session_id: null,
        country: null,
        browser: 'Safari',
        os: 'Windows',
        device: 'desktop',
        machine: false,
        machine_reason: null,
      },
    ])
  })

  describe('without a domain of its own', () => {
    test('a new link works at once, on this server', async () => {
      const here = await testApp(engine)
      const link = await here.given.link({ original_url: 'https://github.com/steveglen', link_function: 'GitHub' })
      expect(link.redirect_url).toBe(`${here.url}/github?uuid=${link.tracking_id}`)
      const visit = await here.click(link.redirect_url, { referer: 'https://www.indeed.com/job/12345' })
      expect([visit.status, visit.headers.location]).toEqual([302, 'https://github.com/steveglen'])

      const older = await here.click(`/track/${link.tracking_id}`)
      expect([older.status, older.headers.location]).toEqual([302, 'https://github.com/steveglen'])
      const one = { clicks: 1, human_clicks: 1, machine_clicks: 0, unique_visitors: 1 }
      expect(await here.stats(link.tracking_id)).toMatchObject({
        clicks: 2,
        unique_visitors: 1,
        by_day: [{ date: '2026-11-22', clicks: 2 }],
        by_click_source: [{ click_source: 'github', ...one }, { click_source: 'track', ...one }],
        by_referrer: [{ referrer: 'indeed.com', ...one }, { referrer: null, ...one }],
      })
      await here.close()
    })

    test('PUBLIC_URL is the base where people reach the server by another address', async () => {
      const here = await testApp(engine, { env: { PUBLIC_URL: 'https://go.example.com/' } })
      expect((await here.given.link({ tracking_id: 'x' })).redirect_url).toBe('https://go.example.com/website?uuid=x')
      await here.close()
    })
  })
})

/** The guide's click handler as it stands there, on a server of its own. */
async function openDomain(api: string) {
  const trackingQueue: Record<string, unknown>[] = []
  async function handleClick(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(req.url ?? '', 'http://steve-glen.com')
    const trackingId = searchParams.get('uuid')
    const clickSource = pathname.substring(1)
    if (!trackingId || !/^[a-zA-Z0-9-]{1,100}$/.test(trackingId)) {
      res.writeHead(400).end('Invalid tracking ID')
      return
    }
    trackingQueue.push({
      tracking_id: trackingId,
      clicked_at: new Date(START).toISOString(),
      ip_address: req.socket.remoteAddress,
      user_agent: req.headers['user-agent'],
      referrer_url: req.headers.referer,
      click_source: clickSource,
      session_id: undefined,
      metadata: { host: req.headers.host, protocol: 'https' },
    })
    const response = await fetch(`${api}/api/link-tracking/lookup/${trackingId}`)
    const data = (await response.json()) as { destination_url: string }
    res.writeHead(302, { location: response.ok ? data.destination_url : 'https://steveglen.com/404' }).end()
  }
  const server = createServer((req, res) => void handleClick(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async sendTrackingBatch(): Promise<unknown> {
      const response = await fetch(`${api}/api/tracking-ingest/batch`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-API-Key': TEST_KEY },
        body: JSON.stringify({ events: trackingQueue.splice(0, 500) }),
      })
      return response.json()
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
