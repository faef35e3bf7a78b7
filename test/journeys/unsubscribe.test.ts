import { afterEach, beforeEach, expect, test } from 'vitest'
import { CHROME, START, type TestApp, testApp } from '../support/app.ts'
import { onEngine, onEveryEngine } from '../support/engines.ts'
import { clickPath, givenLead, leadNow, recorded, tokenOf, withCampaign } from '../support/mails.ts'
import { startProxy } from '../support/proxy.ts'
import { until } from '../support/ask.ts'

const DONE = /<h1>You&#39;ve Been Unsubscribed<\/h1><p>The email address ada@example\.com has been successfully removed from our mailing list\.<\/p>/
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const MANUAL = '/api/v1/tracking/unsubscribe-confirm'

onEveryEngine('unsubscribing', (engine) => {
  let app: TestApp
  let id: number
  beforeEach(async () => {
    app = await testApp(engine, { before: withCampaign, clock: { at: START }, env: { EMAIL_REDIRECT_ALLOWED_DOMAINS: 'example.com' } })
    id = (await givenLead(app)).id
  })
  afterEach(() => app.close())

  const path = (secondsAgo = 3_600) => `/api/v1/tracking/unsubscribe/${tokenOf(app, id, { secondsAgo })}`
  const optedOut = async () => (await leadNow(app, id)).email_unsubscribed

  test('by the link of a mail names the address, sets the lead, and is harmless to repeat', async () => {
    const { status, headers, body } = await app.click(path())
    expect([status, body]).toEqual([200, expect.stringMatching(DONE)])
    expect(headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache, no-store, must-revalidate', 'referrer-policy': 'no-referrer', 'content-security-policy': expect.stringContaining("default-src 'none'") })
    const lead = await leadNow(app, id)
    expect(lead).toMatchObject({ status: 'opted_out', email_unsubscribed: true, email_unsubscribed_at: '2026-11-22T14:30:00.000Z' })
    app.clock.at += 60_000
    expect((await app.click(path())).body).toMatch(DONE)
    expect((await app.ask('POST', path(), { headers: FORM, body: 'List-Unsubscribe=One-Click' })).body).toMatch(DONE)
    expect(await leadNow(app, id)).toEqual(lead)
    expect(await recorded(app)).toEqual([['email_unsubscribed', false, null]])
  })

  test.each<[what: string, headers: Record<string, string>, body: string | undefined]>([
    ['a form', FORM, 'List-Unsubscribe=One-Click'],
    ['parts, from a mail service', { 'content-type': 'multipart/form-data; boundary=x', 'user-agent': 'Google-Mail' }, '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'],
    ['no body', {}, undefined],
    ['JSON', { 'content-type': 'application/json' }, '{"List-Unsubscribe":"One-Click"}'],
  ])('by one click (RFC 8058) takes %s', async (_, headers, body) => {
    const answer = await app.ask('POST', path(400 * 86_400), { headers, ...(body === undefined ? {} : { body }) })
    expect([answer.status, answer.body]).toEqual([200, expect.stringMatching(DONE)])
    expect([await optedOut(), await recorded(app)]).toEqual([true, [['email_unsubscribed', false, null]]])
  })

  test.each<[what: string, method: string, headers: Record<string, string>, secondsAgo: number]>([
    ['HEAD', 'HEAD', {}, 3_600],
    ['a prefetch', 'GET', { 'sec-purpose': 'prefetch;prerender' }, 3_600],
    ['an older prefetch', 'GET', { purpose: 'prefetch' }, 3_600],
    ['the oldest prefetch', 'GET', { 'x-moz': 'prefetch' }, 3_600],
    ['Barracuda', 'GET', { 'user-agent': 'Barracuda Sentinel (EE)' }, 3_600],
    ['Proofpoint', 'GET', { 'user-agent': 'Mozilla/5.0 proofpoint' }, 3_600],
    ['Safe Links', 'GET', { 'user-agent': 'Mozilla/5.0 (SafeLinks)' }, 3_600],
    ['a bot', 'GET', { 'user-agent': 'Googlebot/2.1' }, 3_600],
    ['a programme', 'GET', { 'user-agent': 'python-requests/2.31' }, 3_600],
    ['a browser without a head', 'GET', { 'user-agent': 'HeadlessChrome/120' }, 3_600],
    ['no agent', 'GET', { 'user-agent': '' }, 3_600],
    ['a browser, seconds after sending', 'GET', {}, 2],
  ])('changes nothing for %s', async (_, method, headers, secondsAgo) => {
    const answer = await app.ask(method, path(secondsAgo), { headers: { 'user-agent': CHROME, ...headers } })
    expect([answer.status, await optedOut(), await recorded(app)]).toEqual([200, false, []])
    if (method === 'GET') expect(answer.body).toContain(`<form method="post" action="${path(secondsAgo)}"><button>Unsubscribe</button></form>`)
  })

  test('changes nothing for whoever follows links faster than anybody reads', async () => {
    await app.click(clickPath(tokenOf(app, id), 'https://example.com/'))
    expect((await app.click(path())).body).toContain('<button>')
    expect(await optedOut()).toBe(false)
  })

  test('by a token that is none is the manual form; of a lead that is gone it is done', async () => {
    for (const method of ['GET', 'POST']) {
      const { status, body } = await app.ask(method, '/api/v1/tracking/unsubscribe/nonsense', { headers: { 'user-agent': CHROME } })
      expect([status, body]).toEqual([400, expect.stringContaining(`<form method="post" action="${MANUAL}">`)])
    }
    const link = path()
    await app.ask('DELETE', `/api/v1/leads/${id}`, { headers: await app.as('key') })
    expect((await app.click(link)).body).toContain('Your address has been successfully removed')
    expect(await recorded(app)).toEqual([])
  })

  test('by hand answers the same whether or not the address is known, five times a minute', async () => {
    expect((await app.click(MANUAL)).body).toContain('<input id="email" name="email" type="email"')
    const send = (email: string) => app.ask('POST', MANUAL, { headers: FORM, body: `email=${encodeURIComponent(email)}` })
    const [known, again, unknown] = [await send(' ADA@example.com'), await send('ada@example.com'), await send('nobody@example.com')]
    expect([known.status, known.body]).toEqual([200, expect.stringContaining('If this address is on our mailing list, it has been removed.')])
    expect([again.body, unknown.body]).toEqual([known.body, known.body])
    expect([await optedOut(), await recorded(app)]).toEqual([true, [['email_unsubscribed', false, null]]])
    const statuses = []
    for (const email of ['no address', '<script>@x', 'bob@example.com', 'cy@example.com', 'ada@example.com']) statuses.push((await send(email)).status)
    expect(statuses).toEqual([400, 400, 200, 200, 429])
  })

  test('can never be undone', async () => {
    await app.click(path())
    expect(await app.patch(`/api/v1/leads/${id}`, { email_unsubscribed: false })).toMatchObject({ status: 409, body: { detail: expect.stringContaining('email_unsubscribed') } })
    await app.patch(`/api/v1/leads/${id}`, { first_name: 'Ada', email: 'ada2@example.com' })
    await app.post('/api/v1/leads/import', 'email,status,email_unsubscribed\nada2@example.com,active,false\n', { headers: { 'content-type': 'text/csv' } })
    expect(await leadNow(app, id)).toMatchObject({ email: 'ada2@example.com', status: 'opted_out', email_unsubscribed: true })
  })

  test('asks for the button where it is set to', async () => {
    const asks = await testApp(engine, { env: { UNSUBSCRIBE_MODE: 'confirm' } })
    const lead = await givenLead(asks)
    const link = `/api/v1/tracking/unsubscribe/${tokenOf(asks, lead.id)}`
    expect((await asks.click(link)).body).toContain('<button>Unsubscribe</button>')
    expect(await leadNow(asks, lead.id)).toMatchObject({ email_unsubscribed: false })
    expect((await asks.ask('POST', link, { headers: FORM, body: '' })).body).toMatch(DONE)
    expect(await leadNow(asks, lead.id)).toMatchObject({ email_unsubscribed: true })
    await asks.close()
  })
})

onEngine('postgres', 'with the store away, mails', (engine) => {
  test('are opened, followed and unsubscribed from all the same, and leads show it later', async () => {
    const store = await engine.prepared()
    const { port } = new URL(store.databaseUrl ?? '')
    const proxy = await startProxy(Number(port || 5432))
    const app = await testApp(engine, { before: withCampaign, clock: { at: START }, store: { ...store, databaseUrl: proxy.via(store.databaseUrl ?? '') }, env: { ACK: 'journal', REPORT_TIMEOUT_MS: '500', EMAIL_REDIRECT_ALLOWED_DOMAINS: 'example.com' } })
    try {
      const { id } = await givenLead(app)
      const token = tokenOf(app, id)
      await proxy.cut()
      expect((await app.click(`/api/v1/tracking/open/${token}`)).bytes.length).toBe(43)
      expect((await app.click(clickPath(token, 'https://example.com/'))).headers.location).toBe('https://example.com/')
      app.clock.at += 60_000
      const { status, body } = await app.click(`/api/v1/tracking/unsubscribe/${token}`)
      expect([status, body]).toEqual([200, expect.stringContaining('We have noted that you want no more emails.')])
      expect((await app.ask('POST', MANUAL, { headers: FORM, body: 'email=ada@example.com' })).status).toBe(503)
      await proxy.restore()
      const lead = await until('the lead shows it', async () => {
        const answer = await app.get(`/api/v1/leads/${id}`)
        return answer.status === 200 ? answer.body : null
      })
      expect(lead).toMatchObject({ email_opened: true, email_clicked: true, email_unsubscribed: true, email_unsubscribed_at: '2026-11-22T14:31:00.000Z', status: 'opted_out' })
    } finally {
      await app.stop()
      await proxy.close()
      await store.drop()
    }
  })
})
