import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { takeNumbers } from '../../src/ingest/store.ts'
import { STORED_COLUMN_NAMES } from '../../src/store/events.ts'
import { makeToken } from '../../src/email/token.ts'
import { CHROME, START, TOKEN_SECRET, type TestApp } from '../support/app.ts'
import { onEveryEngine } from '../support/engines.ts'
import { type Message, isSigned } from '../support/receiver.ts'
import { engineOn } from '../support/store.ts'
import { WEBHOOKS, type Webhook, type WebhookStage, webhookStage } from '../support/webhooks.ts'

const NOW = '2026-11-22T14:30:00.000Z'

onEveryEngine('webhooks', (engine) => {
  let stage: WebhookStage
  let app: TestApp
  beforeAll(async () => {
    stage = await webhookStage(engine)
    app = stage.app
  })
  afterAll(() => app.close())
  beforeEach(() => {
    app.clock.at = START
  })
  afterEach(() => stage.clear())

  test('one is made, with a secret that is shown once; listed, changed, and deleted', async () => {
    const to = await stage.receiver()
    const made = await stage.admin(WEBHOOKS, { url: to.url.toUpperCase().replace('/HOOKS', '/hooks'), events: ['link.created', 'goal.converted'], goals: ['purchase', 'purchase'], description: ' Our CRM ', unknown: 'kept out' })
    const view = {
      id: expect.stringMatching(/^[0-9a-f-]{36}$/), url: to.url, description: 'Our CRM', events: ['link.created', 'goal.converted'], goals: ['purchase'], include_machines: false, is_active: true,
      disabled_reason: null, failing_since: null, secret_overlap_until: null, created_at: NOW, updated_at: NOW,
    }
    expect([made.status, made.headers['cache-control'], made.body]).toEqual([201, 'no-store', { ...view, secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/) }])
    expect(await stage.listed()).toEqual([view])
    const { id } = made.body as Webhook
    app.clock.at = START + 1_000
    const changed = await stage.patch(id, { events: ['link.clicked'], goals: null, description: null, include_machines: true, is_active: false })
    const now = { ...view, description: null, events: ['link.clicked'], goals: [], include_machines: true, is_active: false, updated_at: '2026-11-22T14:30:01.000Z' }
    expect([changed.status, changed.body]).toEqual([200, now])
    expect(await stage.listed()).toEqual([now])
    const gone = async () => (await app.ask('DELETE', `${WEBHOOKS}/${id}`, { headers: await app.as('admin') })).status
    expect([await gone(), await gone(), await stage.listed()]).toEqual([204, 404, []])
  })

  test('links that are made and changed are told of, signed, each once', async () => {
    const to = await stage.receiver()
    const { id, secret } = await stage.given(to, { events: ['link.created', 'link.updated'] })
    const link = await app.given.link({ tracking_id: `made-${engine.name}`, campaign: '<script>alert(1)</script>', metadata: { a: '{{7*7}}' } })
    const [made] = (await stage.messages(to, 1)) as [Message]
    expect(made.body).toEqual({ event_type: 'link.created', timestamp: NOW, ...link })
    expect(made.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': expect.stringMatching(/^Waymark\/\d/), 'webhook-timestamp': String(START / 1_000) })
    expect([isSigned(made, secret), isSigned({ ...made, text: `${made.text} ` }, secret)]).toEqual([true, false])
    await stage.settled(id, 1)
    app.clock.at = START + 1_000
    await app.patch(`/api/link-tracking/links/${link.tracking_id}`, { is_active: false })
    const [, changed] = (await stage.messages(to, 2)) as [Message, Message]
    expect(changed.body).toEqual({ event_type: 'link.updated', timestamp: '2026-11-22T14:30:01.000Z', ...link, is_active: false, updated_at: '2026-11-22T14:30:01.000Z' })
    const [last, first] = await stage.settled(id, 2)
    expect([first, last]).toEqual([
      { id: made.id, webhook_id: id, event_type: 'link.created', state: 'delivered', attempts: 1, status: 204, reason: null, created_at: NOW, attempted_at: NOW, next_attempt_at: null },
      expect.objectContaining({ id: changed.id, event_type: 'link.updated', state: 'delivered' }),
    ])
    // A thousand at once have one place in the order of changes.
    await app.post('/api/link-tracking/links/bulk', { links: Array.from({ length: 150 }, (_, at) => ({ original_url: `https://example.com/${at}` })) })
    const all = await stage.messages(to, 152)
    expect(new Set(all.map(({ body }) => body.tracking_id)).size).toBe(151)
    expect(new Set(all.map((message) => message.id)).size).toBe(152)
  })

  test('clicks, captures and goals are told of with fields of their own; machines only where asked for', async () => {
    const [people, machines] = [await stage.receiver(), await stage.receiver()]
    const link = await app.given.link({ tracking_id: `clicked-${engine.name}`, campaign: 'autumn', partner: 'john' })
    const { projectKey } = (await app.post('/v1/projects', { name: 'Shop' })).body as { projectKey: string }
    const events = { events: ['link.clicked', 'capture.recorded', 'goal.converted'], goals: ['purchase'] }
    await stage.given(people, events)
    await stage.given(machines, { ...events, include_machines: true })
    await app.click(`/website?uuid=${link.tracking_id}`, { referer: 'https://news.example.com/a' })
    await app.click(`/website?uuid=${link.tracking_id}`, { 'user-agent': 'curl/8.5.0' })
    await app.post('/api/tracking/capture', { referrer: 'john', campaign: 'autumn', landingPage: '/about', eventType: 'outbound', destinationUrl: 'https://kickstarter.com/', sessionId: 's1', userAgent: CHROME })
    const [bought, other] = [{ eventName: 'purchase', userId: 'u1', properties: { amount: 12.5, note: "<img src=x onerror=alert(1)> '; drop table events" } }, { eventName: 'other', userId: 'u1' }]
    await app.post('/v1/events/batch', { projectKey, events: [bought, other] })
    const told = [...(await stage.messages(people, 3))].map(({ body }) => body).sort((a, b) => (String(a.event_type) < String(b.event_type) ? -1 : 1))
    const frame = { timestamp: NOW, event_id: expect.any(String) }
    const visitor = { country: null, browser: expect.anything(), os: expect.anything(), device: expect.anything(), machine: false, machine_reason: null }
    expect(told).toEqual([
      { event_type: 'capture.recorded', ...frame, capture_type: 'outbound', referrer: 'john', campaign: 'autumn', landing_page: '/about', original_source: null, destination_url: 'https://kickstarter.com/', session_id: 's1', ...visitor },
      { event_type: 'goal.converted', ...frame, goal: 'purchase', project_key: projectKey, user_id: 'u1', anonymous_id: null, session_id: null, properties: bought.properties, ...visitor, browser: null, os: null, device: null },
      { event_type: 'link.clicked', ...frame, tracking_id: link.tracking_id, click_source: 'website', destination_url: 'https://example.com/', campaign: 'autumn', partner: 'john', referrer_url: 'https://news.example.com/a', session_id: null, ...visitor },
    ])
    const all = await stage.messages(machines, 4)
    expect(all.map(({ body }) => body.machine).filter(Boolean)).toEqual([true])
    expect([people.messages.length, all.length]).toEqual([3, 4])
  })

  test('opens, clicks and unsubscriptions of mails are told in the words of the requirement', async () => {
    const to = await stage.receiver()
    const { id } = await stage.given(to, { events: ['email_opened', 'email_clicked', 'email_unsubscribed'] })
    await app.restart(async () => {
      const store = await engineOn(app.store)
      await store.transaction('events', async (tx) => {
        const email = { project: 'email', source: 'email', received_at: START, ts: START - 1_000, lead_id: 42, campaign_id: 1, machine: false, properties: '{"sent_at":"2026-11-22T11:30:00.000Z"}' }
        const rows = [
          { ...email, name: 'email_sent' },
          { ...email, name: 'email_opened' },
          { ...email, name: 'email_opened', machine: true },
          { ...email, name: 'email_clicked', properties: null },
          { ...email, name: 'email_unsubscribed', machine: true },
          // Whoever was erased is told of no more.
          { ...email, name: 'email_opened', lead_id: null },
        ]
        const first = await takeNumbers(tx, rows.length)
        await tx.append('events', STORED_COLUMN_NAMES, rows.map((row, at) => {
          const cells: Record<string, string | number | boolean | null> = { id: `email-${at}`, ...row, seq: first + at }
          return STORED_COLUMN_NAMES.map((name) => cells[name] ?? null)
        }))
      })
      await store.close()
    })
    const body = { lead_id: 42, campaign_id: 1, timestamp: '2026-11-22T14:29:59.000Z', tracking_token: makeToken({ campaignId: 1, leadId: 42, at: Date.UTC(2026, 10, 22, 11, 30) / 1000 }, TOKEN_SECRET) }
    const told = (await stage.messages(to, 3)).map((message) => message.body).sort((a, b) => (String(a.event_type) < String(b.event_type) ? -1 : 1))
    expect(told).toEqual([{ ...body, event_type: 'email_clicked', tracking_token: null }, { ...body, event_type: 'email_opened' }, { ...body, event_type: 'email_unsubscribed' }])
    expect(await stage.settled(id, 1, 'failed')).toMatchObject([{ event_type: 'email_opened', attempts: 0, reason: 'what it tells of is no longer there' }])
    expect(to.messages).toHaveLength(3)
  })
})
