import { afterEach, beforeEach, expect, test } from 'vitest'
import { CHROME, type TestApp, testApp } from '../support/app.ts'
import { until } from '../support/ask.ts'
import { onEveryEngine } from '../support/engines.ts'
import { type Mailbox, openMailbox } from '../support/mailbox.ts'

// The "complete email campaign flow" of the requirement, call by call, through a real mail server.
onEveryEngine('a campaign from its token to its numbers', (engine) => {
  let mailbox: Mailbox
  let app: TestApp
  beforeEach(async () => {
    mailbox = await openMailbox()
    app = await testApp(engine, { env: { SMTP_URL: mailbox.url, EMAIL_FROM: 'news@example.com', EMAIL_REDIRECT_ALLOWED_DOMAINS: 'example.com' } })
  })
  afterEach(async () => {
    await app.close()
    await mailbox.close()
  })
  /** What a mail's reader asks for, from a person's browser, hours after it was sent. */
  const follow = (href: string) => app.ask('GET', href.replaceAll('&amp;', '&').replace(/^https?:\/\/[^/]+/, ''), { headers: { 'user-agent': CHROME } })
  const analytics = async (campaign: number) => (await app.get(`/api/v1/campaigns/analytics?campaign_id=${campaign}`)).body as Record<string, unknown>

  test.each([['as the requirement writes it', true], ['with all put in by the server', false]])('%s', async (_, byHand) => {
    const campaign = ((await app.post('/api/v1/campaigns', { name: 'Autumn', subject: 'Hello' })).body as { id: number }).id
    const lead = ((await app.post('/api/v1/leads', { email: 'ada@example.com', first_name: 'Ada' })).body as { id: number }).id
    const other = ((await app.post('/api/v1/leads', { email: 'bob@example.com' })).body as { id: number }).id
    const { token } = (await app.post('/api/v1/campaigns/tracking-token', { campaign_id: campaign, lead_id: lead })).body as { token: string }
    const base = `${app.url}/api/v1/tracking`
    const html = byHand
      ? `<img src='${base}/open/${token}' width='1' height='1' /><a href='${base}/click/${token}?url=${encodeURIComponent('https://example.com/')}'>Click here</a><a href='${base}/unsubscribe/${token}'>Unsubscribe</a>`
      : '<p>Hello {{first_name}}</p><a href="https://elsewhere.example.org/offer?a=1&amp;b=2">See</a>'
    const sent = await app.post('/api/v1/campaigns/send', byHand ? { lead_id: lead, html } : { lead_ids: [lead, other], campaign_id: campaign, html })
    expect(sent).toMatchObject({ status: 202, body: { campaign_id: campaign, queued: byHand ? 1 : 2 } })
    await until('the mails have come', () => mailbox.mails.length === (byHand ? 1 : 2) || null)
    const mail = mailbox.mails.find(({ to }) => to[0] === 'ada@example.com')
    if (byHand) expect(mail?.html?.trim()).toBe(html)
    await until('the sending is counted', async () => (await analytics(campaign)).sent === mailbox.mails.length || null)

    app.clock.at += 3 * 3_600_000
    const [, pixel = ''] = /<img src=['"]([^'"]+)['"]/.exec(mail?.html ?? '') ?? []
    const [, link = ''] = /<a href=['"]([^'"]*\/click\/[^'"]+)['"]/.exec(mail?.html ?? '') ?? []
    const [, bye = ''] = /<a href=['"]([^'"]*\/unsubscribe\/[^'"]+)['"]/.exec(mail?.html ?? '') ?? []
    expect(await follow(pixel)).toMatchObject({ status: 200, headers: { 'content-type': 'image/gif', 'content-length': '43' } })
    expect(await follow(link)).toMatchObject({ status: 302, headers: { location: byHand ? 'https://example.com/' : 'https://elsewhere.example.org/offer?a=1&b=2' } })
    expect(await analytics(campaign)).toMatchObject({ opens: { total: 1, unique: 1, machine: 0 }, clicks: { total: 1, unique: 1, machine: 0 }, unsubscribes: 0, open_rate: byHand ? 100 : 50 })
    const header = /<(.+)>/.exec(mail?.headers['list-unsubscribe']?.[0] ?? '')?.[1] ?? ''
    if (!byHand) expect(header).toBe(bye)
    expect((await app.ask('POST', new URL(header).pathname, { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'List-Unsubscribe=One-Click' })).status).toBe(200)
    expect(await analytics(campaign)).toMatchObject({
      campaign_id: campaign, sent: byHand ? 1 : 2, bounced: 0, unsubscribes: 1, click_to_open_rate: 100, unsubscribe_rate: byHand ? 100 : 50,
      top_links: [{ url: byHand ? 'https://example.com/' : 'https://elsewhere.example.org/offer?a=1&b=2', clicks: 1, unique_clicks: 1, machine_clicks: 0 }],
    })
    expect(await app.post('/api/v1/campaigns/send', { lead_id: lead, campaign_id: campaign, html })).toMatchObject({ status: 409, body: { detail: 'This lead has unsubscribed and gets no mail.' } })
    expect((await app.post('/api/v1/campaigns/send', { all: true, campaign_id: campaign, html })).body).toMatchObject({ queued: 1, skipped: [{ lead_id: lead, reason: 'unsubscribed' }] })

    // A link that no reader sees tells machines.
    const unseen = /<a href="([^"]+)" aria-hidden="true"/.exec(mailbox.mails.find(({ to }) => to[0] === 'bob@example.com')?.html ?? '')?.[1]
    if (byHand) return expect(unseen).toBe(undefined)
    expect(await follow(unseen ?? '')).toMatchObject({ status: 302, headers: { location: 'https://elsewhere.example.org/offer?a=1&b=2' } })
    expect(await analytics(campaign)).toMatchObject({ clicks: { total: 2, unique: 1, machine: 1 } })
  })
})
