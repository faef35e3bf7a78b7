import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { signUrl } from '../../src/email/signature.ts'
import { CHROME, START, TOKEN_SECRET, type TestApp, testApp } from '../support/app.ts'
import { until } from '../support/ask.ts'
import { onEveryEngine } from '../support/engines.ts'
import { clickPath, givenLead, leadNow, recorded, tokenOf, withCampaign } from '../support/mails.ts'

const NO_CACHE = { 'cache-control': 'no-cache, no-store, must-revalidate', pragma: 'no-cache', expires: '0' }
const PIXEL = 'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw=='
const GMAIL = 'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)'
const REFUSED = { detail: 'Invalid redirect URL. For security reasons, we cannot redirect to this URL.' }

onEveryEngine('a mail', (engine) => {
  let app: TestApp
  let id: number
  beforeEach(async () => {
    app = await testApp(engine, { before: withCampaign, clock: { at: START }, env: { EMAIL_REDIRECT_ALLOWED_DOMAINS: 'example.com,*.example.com' } })
    id = (await givenLead(app)).id
  })
  afterEach(() => app.close())

  const open = (token: string, headers = {}) => app.click(`/api/v1/tracking/open/${token}`, headers)
  const dropped = (reason: string) => app.metric(`waymark_events_dropped_total{family="email",reason="${reason}"}`)

  test('that is opened answers with the pixel, and the lead shows it', async () => {
    const { status, headers, bytes } = await open(tokenOf(app, id))
    expect([status, bytes.toString('base64'), bytes.length]).toEqual([200, PIXEL, 43])
    expect(headers).toMatchObject({ ...NO_CACHE, 'content-type': 'image/gif', 'content-length': '43' })
    expect(await leadNow(app, id)).toEqual({
      id,
      email: 'ada@example.com',
      first_name: null,
      last_name: null,
      fields: {},
      status: 'active',
      email_opened: true,
      email_opened_at: '2026-11-22T14:30:00.000Z',
      email_clicked: false,
      email_clicked_at: null,
      email_unsubscribed: false,
      email_unsubscribed_at: null,
      bounced_at: null,
      bounce_reason: null,
      created_at: '2026-11-22T14:30:00.000Z',
      updated_at: '2026-11-22T14:30:00.000Z',
    })
    app.clock.at += 60_000
    await open(tokenOf(app, id))
    expect(await leadNow(app, id)).toMatchObject({ email_opened_at: '2026-11-22T14:30:00.000Z' })
    expect(await recorded(app)).toEqual([['email_opened', false, null], ['email_opened', false, null]])
  })

  test('has its pixel whatever the token, and records nothing of a bad one', async () => {
    const good = tokenOf(app, id)
    const bad = ['x', `${good}x`, good.slice(1), tokenOf(app, id, { secret: 'x'.repeat(32) }), tokenOf(app, id + 1), tokenOf(app, id, { campaignId: 7 }), tokenOf(app, id, { secondsAgo: 91 * 86_400 }), '%00', '%', '%E0%A4%A', 'x'.repeat(2_000)]
    for (const token of bad) expect([token, (await open(token)).bytes.toString('base64')]).toEqual([token, PIXEL])
    expect(await recorded(app)).toEqual([])
    expect([await dropped('bad_token'), await dropped('unknown_lead'), await dropped('expired')]).toEqual([8, 2, 1])
  })

  test('whose link is followed redirects, and the lead shows it', async () => {
    const { status, headers } = await app.click(clickPath(tokenOf(app, id), 'https://shop.example.com/ä?a=1'))
    expect([status, headers]).toEqual([302, expect.objectContaining({ ...NO_CACHE, location: 'https://shop.example.com/%C3%A4?a=1' })])
    expect(await leadNow(app, id)).toMatchObject({ email_opened: false, email_clicked: true, email_clicked_at: '2026-11-22T14:30:00.000Z' })
    const { body } = await app.get('/api/privacy/person?email=ada%40example.com', { as: 'admin' })
    expect((body as { events: object[] }).events).toEqual([
      {
        id: expect.any(String),
        project: 'email',
        source: 'email',
        name: 'email_clicked',
        ts: '2026-11-22T14:30:00.000Z',
        received_at: '2026-11-22T14:30:00.000Z',
        person: `l:${id}`,
        destination_url: 'https://shop.example.com/%C3%A4?a=1',
        campaign_id: 1,
        lead_id: id,
        ip_hash: expect.stringMatching(/^[0-9a-f]{32}$/),
        user_agent: CHROME,
        browser: 'Chrome',
        os: 'Windows',
        device: 'desktop',
        machine: false,
        properties: { sent_at: '2026-11-22T13:30:00.000Z' },
      },
    ])
  })

  test('checks where a link leads first and always, then the token', async () => {
    const good = tokenOf(app, id)
    const url = 'https://anywhere.org/'
    const asked: [path: string, status: number, answer: unknown][] = [
      [clickPath('x', url), 400, REFUSED],
      [clickPath(good, url), 400, REFUSED],
      [`/api/v1/tracking/click/${good}`, 400, REFUSED],
      [`/api/v1/tracking/click/${good}?url=https://example.com/&url=https://example.com/`, 400, REFUSED],
      [clickPath(good, 'http://example.com/'), 400, REFUSED],
      [clickPath(good, url, '&s=x'), 400, REFUSED],
      [clickPath(good, url, `&s=${signUrl(good, url, TOKEN_SECRET)}`), 302, url],
      [clickPath('x', 'https://example.com/'), 400, { detail: 'Invalid tracking token' }],
      [clickPath(tokenOf(app, id + 1), 'https://example.com/'), 404, { detail: 'Token not found' }],
      [clickPath(tokenOf(app, id, { campaignId: 2 }), 'https://example.com/'), 404, { detail: 'Token not found' }],
      [clickPath(tokenOf(app, id, { secondsAgo: 90 * 86_400 }), 'https://example.com/'), 302, 'https://example.com/'],
    ]
    for (const [path, status, answer] of asked) {
      const { status: got, headers, body } = await app.click(path)
      expect([path, got, headers.location ?? body]).toEqual([path, status, answer])
      expect(headers).toMatchObject(NO_CACHE)
    }
    expect(await recorded(app)).toEqual([['email_clicked', false, null]])
  })

  describe('and machines', () => {
    test.each<[what: string, secondsAgo: number, headers: Record<string, string>, machine: boolean, reason: string | null]>([
      ['a reader', 3_600, {}, false, null],
      ['a reader behind Gmail’s proxy', 3_600, { 'user-agent': GMAIL }, false, null],
      ['Gmail’s proxy, seconds after sending', 3, { 'user-agent': GMAIL }, true, 'soon_after_sending'],
      ['Apple’s proxy, which opens what nobody reads', 3_600, { 'user-agent': 'Mozilla/5.0' }, true, 'agent_mail_proxy'],
      ['a browser, seconds after sending', 9, {}, true, 'soon_after_sending'],
      ['a gateway', 3_600, { 'user-agent': 'Mimecast' }, true, 'agent_scanner'],
      ['a browser that looks ahead', 3_600, { 'sec-purpose': 'prefetch' }, true, 'prefetch'],
      ['a token from a clock that is ahead', -7_200, {}, false, null],
    ])('%s', async (_, secondsAgo, headers, machine, reason) => {
      await open(tokenOf(app, id, { secondsAgo }), headers)
      expect(await recorded(app)).toEqual([['email_opened', machine, reason]])
      expect((await leadNow(app, id)).email_opened).toBe(!machine)
    })

    test('HEAD records nothing, and tells of the GET behind it', async () => {
      const token = tokenOf(app, id)
      const path = clickPath(token, 'https://example.com/')
      const [head, get] = [await app.ask('HEAD', path, { headers: { 'user-agent': CHROME } }), await app.click(path)]
      expect([head.status, head.headers.location, get.status]).toEqual([302, 'https://example.com/', 302])
      expect((await app.ask('HEAD', `/api/v1/tracking/open/${token}`)).headers).toMatchObject({ 'content-length': '43' })
      app.clock.at += 120_000
      await app.click(path)
      expect(await recorded(app)).toEqual([['email_clicked', true, 'head_before_get'], ['email_clicked', false, null]])
    })

    test('whoever follows a link that nobody sees is one, then and for a while', async () => {
      const token = tokenOf(app, id)
      expect((await app.click(clickPath(token, 'https://example.com/hidden', '&h=1'))).status).toBe(302)
      app.clock.at += 10_000
      await app.click(clickPath(token, 'https://example.com/seen'))
      expect(await recorded(app)).toEqual([['email_clicked', true, 'invisible_link'], ['email_clicked', true, 'invisible_link']])
      expect((await leadNow(app, id)).email_clicked).toBe(false)
    })

    test('whoever follows every link within seconds is one from the first on, though the lead showed it', async () => {
      const token = tokenOf(app, id)
      await open(token)
      await app.click(clickPath(token, 'https://example.com/1'))
      expect(await leadNow(app, id)).toMatchObject({ email_opened: true, email_clicked: true })
      app.clock.at += 900
      await app.click(clickPath(token, 'https://example.com/2'))
      expect(await leadNow(app, id)).toMatchObject({ email_opened: false, email_opened_at: null, email_clicked: false, email_clicked_at: null })
      expect(await recorded(app)).toEqual([['email_opened', true, 'every_link'], ['email_clicked', true, 'every_link'], ['email_clicked', true, 'every_link']])
      app.clock.at += 60_000
      await app.click(clickPath(token, 'https://example.com/1'))
      await app.click(clickPath(token, 'https://example.com/1'))
      expect(await leadNow(app, id)).toMatchObject({ email_opened: false, email_clicked: true, email_clicked_at: '2026-11-22T14:31:00.900Z' })
    })
  })

  test('is counted thirty times a minute by its token; past that it answers all the same', async () => {
    const token = tokenOf(app, id)
    for (let i = 0; i < 33; i++) expect((await open(token)).bytes.length).toBe(43)
    expect((await app.click(clickPath(token, 'https://example.com/'))).status).toBe(302)
    expect([(await recorded(app)).length, await dropped('limited')]).toEqual([30, 4])
  })

  test('goes from the store when it is past its time, and what the lead did stays', async () => {
    await open(tokenOf(app, id))
    await leadNow(app, id)
    await app.given.link({ tracking_id: 'a-link' })
    await app.given.clicks(['a-link'])
    app.clock.at += 90 * 86_400_000 + 3_600_001
    await until('the old events are gone', async () => (await recorded(app)).length === 0)
    expect(await leadNow(app, id)).toMatchObject({ email_opened: true, email_opened_at: '2026-11-22T14:30:00.000Z' })
    expect((await app.stats('a-link', '?from=2026-11-01')).clicks).toBe(1)
  })
})
