import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../support/app.ts'
import { until } from '../support/ask.ts'
import { type FreshStore, onEveryEngine } from '../support/engines.ts'
import { readers, seedLeads } from '../support/leads.ts'
import { type Mailbox, openMailbox } from '../support/mailbox.ts'

const HTML = '<html><body><p>Hello {{first_name}}</p><a href="https://example.com/offer?id={{lead_id}}">See</a></body></html>'

onEveryEngine('a mailing', (engine) => {
  let store: FreshStore
  let mailbox: Mailbox
  let app: TestApp
  beforeEach(async () => {
    store = await engine.fresh()
    mailbox = await openMailbox()
  })
  afterEach(async () => {
    await app.close()
    await mailbox.close()
    await store.drop()
  })
  const start = async (count: number, env: Record<string, string> = {}): Promise<void> => {
    await seedLeads(store, readers(count))
    app = await testApp(engine, { store, env: { SMTP_URL: mailbox.url, EMAIL_FROM: 'News <news@example.com>', PUBLIC_URL: 'https://mail.example.com', ...env } })
  }
  const made = async (campaign: object = {}) => ((await app.post('/api/v1/campaigns', { name: 'Autumn', subject: 'Hello {{first_name}}', html: HTML, ...campaign })).body as { id: number }).id
  const send = async (body: object, headers = {}) => app.post('/api/v1/campaigns/send', body, { headers })
  const mailing = async (id: string) => (await app.get(`/api/v1/campaigns/mailings/${id}`)).body as Record<string, unknown>
  const ended = (id: string) => until('the mailing has ended', async () => ((await mailing(id)).ended_at ? mailing(id) : null), 30_000)
  const lead = (n: number) => `reader-${n}@example.com`

  test('reaches every lead once, and says where its messages are', async () => {
    await start(20)
    const campaign = await made()
    const { status, body } = await send({ campaign_id: campaign, all: true })
    const queued = body as { mailing_id: string; message_ids: string[] }
    expect([status, body]).toEqual([202, { mailing_id: expect.any(String), campaign_id: campaign, message_ids: expect.any(Array), queued: 20, skipped: [], truncated: false, duplicate: false }])
    expect(new Set(queued.message_ids).size).toBe(20)
    expect(queued.message_ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(true)
    expect(await ended(queued.mailing_id)).toEqual({
      id: queued.mailing_id, campaign_id: campaign, subject: 'Hello {{first_name}}', total: 20, queued: 0, sending: 0, sent: 20, bounced: 0, failed: 0, doubtful: 0, skipped: 0,
      created_at: '2026-11-22T14:30:00.000Z', ended_at: '2026-11-22T14:30:00.000Z',
    })
    expect(mailbox.mails.map(({ to }) => to[0]).sort()).toEqual(Array.from({ length: 20 }, (_, at) => lead(at + 1)).sort())
    const mail = mailbox.mails.find(({ to }) => to[0] === lead(7))
    const token = /open\/([\w-]+)"/.exec(mail?.html ?? '')?.[1] as string
    expect(mail?.headers).toMatchObject({
      subject: ['Hello Reader 7'], from: ['News <news@example.com>'], 'list-unsubscribe': [`<https://mail.example.com/api/v1/tracking/unsubscribe/${token}>`], 'list-unsubscribe-post': ['List-Unsubscribe=One-Click'],
      'message-id': [`<${queued.message_ids[6]}@example.com>`],
    })
    expect(mail?.html).toMatch(/^<html><body><p>Hello Reader 7<\/p><a href="https:\/\/mail\.example\.com\/api\/v1\/tracking\/click\/.*">See<\/a><p .*Unsubscribe<\/a><\/p><img .*><\/body><\/html>\n?$/)
    expect(mail?.text).toBe(`Hello Reader 7\n\nSee (https://example.com/offer?id=7)\n\nUnsubscribe: https://mail.example.com/api/v1/tracking/unsubscribe/${token}\n`)
    const analytics = await app.get(`/api/v1/campaigns/analytics?campaign_id=${campaign}`)
    const none = { total: 0, unique: 0, machine: 0 }
    const numbers = { sent: 20, bounced: 0, opens: none, clicks: none, unsubscribes: 0, open_rate: 0, click_rate: 0, click_to_open_rate: 0, unsubscribe_rate: 0 }
    const other = await made({ name: 'Nobody got this' })
    const { campaigns } = (await app.get('/api/v1/campaigns?numbers=true')).body as { campaigns: { id: number; numbers: object }[] }
    expect(campaigns.map((one) => [one.id, one.numbers])).toEqual([
      [other, { ...numbers, sent: 0 }],
      [campaign, numbers],
    ])
    expect(analytics.body).toEqual({
      campaign_id: campaign, ...numbers, top_links: [],
      by_day: [{ date: '2026-11-22', sent: 20, bounced: 0, opens: 0, unique_opens: 0, clicks: 0, unique_clicks: 0, unsubscribes: 0 }],
    })
    const days = async (query: string) => {
      const answer = await app.get(`/api/v1/campaigns/analytics?campaign_id=${campaign}&${query}`)
      return answer.status === 200 ? (answer.body as { by_day: { date: string; sent: number }[] }).by_day.map(({ date, sent }) => [date, sent]) : answer.body
    }
    expect(await days('timezone=Pacific/Kiritimati&from=2026-11-22&to=2026-11-23')).toEqual([['2026-11-22', 0], ['2026-11-23', 20]])
    expect(await days('timezone=Mars/Olympus')).toMatchObject({ detail: expect.stringContaining('timezone must be an IANA time zone') })
  })

  test('says what became of each message that the mail server did not take', async () => {
    await start(6)
    const campaign = await made()
    let greylisted = true
    mailbox.refusing = (to) => {
      if (to === lead(2)) return { at: 'RCPT', says: '550 5.1.1 no such reader' }
      if (to === lead(3)) return { at: 'DATA', says: '554 5.7.1 spam' }
      if (to === lead(4) && greylisted) return { at: 'RCPT', says: '450 4.2.0 come again' }
      if (to === lead(5)) return { cut: 'DATA' }
      return null
    }
    const { mailing_id: id } = (await send({ campaign_id: campaign, all: true })).body as { mailing_id: string }
    const counts = await until('all but one have an end', async () => {
      const now = await mailing(id)
      return now.queued === 1 && now.sending === 0 ? now : null
    }, 20_000)
    expect(counts).toMatchObject({ sent: 2, bounced: 1, failed: 1, doubtful: 1, queued: 1, ended_at: null })
    const { messages } = (await app.get(`/api/v1/campaigns/mailings/${id}/messages`)).body as { messages: { id: string; lead_id: number; state: string; reason: string | null; attempts: number }[] }
    expect(messages.map(({ lead_id, state, reason, attempts }) => [lead_id, state, reason, attempts])).toEqual([
      [1, 'sent', null, 1], [2, 'bounced', '550 5.1.1', 1], [3, 'failed', '554 5.7.1', 1], [4, 'queued', '450 4.2.0', 1], [5, 'doubtful', 'connection lost', 1], [6, 'sent', null, 1],
    ])
    // The one that was put off goes out when its time has come.
    greylisted = false
    app.clock.at += 60_000
    expect(await ended(id)).toMatchObject({ sent: 3, bounced: 1, failed: 1, doubtful: 1, queued: 0 })
    // Nothing is sent again by itself; an admin may have it sent again.
    expect(mailbox.mails.filter(({ to }) => to[0] === lead(5))).toHaveLength(1)
    mailbox.refusing = () => null
    const doubtful = messages[4]?.id as string
    expect((await app.post(`/api/v1/campaigns/messages/${doubtful}/retry`, undefined, { as: 'admin' })).status).toBe(202)
    expect(await ended(id)).toMatchObject({ sent: 4, doubtful: 0 })
    expect(mailbox.mails.filter(({ to }) => to[0] === lead(5))).toHaveLength(2)
    expect((await app.post(`/api/v1/campaigns/messages/${doubtful}/retry`, undefined, { as: 'admin' })).body).toEqual({ detail: 'Only a doubtful or failed message can be sent again; this one is sent.' })
    // A lead that has bounced is mailed no more.
    expect(await send({ campaign_id: campaign, lead_id: 2 })).toMatchObject({ status: 409, body: { detail: "This lead's address takes no mail: an earlier one has bounced." } })
    expect((await send({ campaign_id: campaign, lead_ids: [1, 2, 99] })).body).toMatchObject({ queued: 1, skipped: [{ lead_id: 99, reason: 'not_found' }, { lead_id: 2, reason: 'bounced' }] })
    expect((await app.get(`/api/v1/campaigns/analytics?campaign_id=${campaign}`)).body).toMatchObject({ bounced: 1 })
  })

  test('waits while the mail server is away, and is then sent whole', async () => {
    await start(12)
    const campaign = await made()
    const { port } = new URL(mailbox.url)
    await mailbox.close()
    const { mailing_id: id } = (await send({ campaign_id: campaign, all: true })).body as { mailing_id: string }
    await until('it was tried', async () => (await app.metric('waymark_mails_total{outcome="away"}')) > 0)
    mailbox = await openMailbox(Number(port))
    expect(await ended(id)).toMatchObject({ sent: 12, doubtful: 0 })
    expect(mailbox.mails).toHaveLength(12)
  })

  test('that is cancelled mails nobody whose turn had not come, however often it is cancelled', async () => {
    await start(30, { EMAIL_RATE_PER_MINUTE: '120' })
    const { mailing_id: id } = (await send({ campaign_id: await made(), all: true })).body as { mailing_id: string }
    await until('the first is mailed', () => mailbox.mails.length > 0)
    const cancelled = (await app.post(`/api/v1/campaigns/mailings/${id}/cancel`, undefined)) as { status: number; body: Record<string, number> }
    expect([cancelled.status, cancelled.body.queued]).toEqual([200, 0])
    expect(cancelled.body.skipped).toBeGreaterThan(0)
    const { sent, skipped, ...rest } = (await ended(id)) as Record<string, number>
    expect([rest, (sent as number) + (skipped as number)]).toMatchObject([{ total: 30, queued: 0, sending: 0, failed: 0, doubtful: 0 }, 30])
    expect(mailbox.mails).toHaveLength(sent as number)
    const { messages } = (await app.get(`/api/v1/campaigns/mailings/${id}/messages?state=skipped`)).body as { messages: { reason: string }[] }
    expect(messages.map(({ reason }) => reason)).toEqual(Array.from({ length: skipped as number }, () => 'cancelled'))
    expect(await app.post(`/api/v1/campaigns/mailings/${id}/cancel`, undefined)).toMatchObject({ status: 200, body: { sent, skipped } })
    expect(await app.post(`/api/v1/campaigns/mailings/${id.replace(/.$/, 'z')}/cancel`, undefined)).toMatchObject({ status: 400 })
  })

  test('goes to those whom the filter leaves, and is told who of them gets none', async () => {
    await start(4)
    await app.patch('/api/v1/leads/2', { email_unsubscribed: true })
    const to = async (filter: object) => (await send({ all: true, html: 'x', filter })).body
    expect(await to({ status: 'active' })).toMatchObject({ queued: 3, skipped: [] })
    expect(await to({ status: 'opted_out' })).toMatchObject({ queued: 0, skipped: [{ lead_id: 2, reason: 'unsubscribed' }] })
    expect(await to({ q: 'READER-3@' })).toMatchObject({ queued: 1 })
    expect(await to({ email_opened: true })).toMatchObject({ queued: 0, skipped: [] })
  })

  test('asked for twice is sent once', async () => {
    await start(3)
    const campaign = await made()
    const body = { campaign_id: campaign, all: true, event_id: 'mine' }
    const first = (await send(body)).body as { mailing_id: string }
    expect((await send(body)).body).toEqual({ ...first, duplicate: true })
    const keyed = (await send({ campaign_id: campaign, lead_id: 1 }, { 'idempotency-key': 'k' })).body
    expect((await send({ campaign_id: campaign, lead_id: 1 }, { 'idempotency-key': 'k' })).body).toEqual(keyed)
    await ended(first.mailing_id)
    await ended((keyed as { mailing_id: string }).mailing_id)
    expect(mailbox.mails).toHaveLength(4)
  })

  describe('cannot be', () => {
    test.each([
      [{}, 400, 'lead_id or lead_ids or all: true must say to whom, and only one of them'],
      [{ lead_id: 1, all: true }, 400, 'lead_id or lead_ids or all: true must say to whom, and only one of them'],
      [{ lead_id: 1 }, 400, 'html: is required, here or in the campaign'],
      [{ lead_id: 1, html: 'x', campaign_id: 99 }, 404, 'Campaign not found'],
      [{ lead_id: 99, html: 'x' }, 404, 'Lead not found'],
      [{ lead_id: '1', html: 'x' }, 400, 'lead_id: must be an integer'],
      [{ lead_ids: [], html: 'x' }, 400, 'lead_ids: must have at least 1 items'],
      // What is misspelt would otherwise mail everybody.
      [{ all: true, html: 'x', filters: { email_opened: true } }, 400, 'filters: is not known here'],
      [{ all: true, html: 'x', filter: { email_open: true } }, 400, 'filter.email_open: is not known here; there are email_opened, email_clicked, email_unsubscribed, status, q'],
      [{ all: true, html: 'x', filter: { status: 'gone' } }, 400, 'filter.status: must be one of active, opted_out, bounced'],
    ])('%j', async (body, status, detail) => {
      await start(1)
      const answer = await send(body)
      expect(answer).toMatchObject({ status, body: { detail: expect.stringContaining(detail.replace(/^\w+:? /, '')) } })
      expect(mailbox.mails).toEqual([])
    })

    test('without a mail server', async () => {
      await start(1, { SMTP_URL: '' })
      expect(await send({ lead_id: 1, html: 'x' })).toMatchObject({ status: 503, body: { detail: 'No mail server is set. Set SMTP_URL and EMAIL_FROM, or SMTP_URL=log: to write mails into the data folder.' } })
    })
  })
})
