import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { START, type TestApp, testApp } from '../support/app.ts'
import { until } from '../support/ask.ts'
import { onEveryEngine } from '../support/engines.ts'
import { isSigned } from '../support/receiver.ts'
import { engineOn } from '../support/store.ts'
import { WEBHOOKS, type Delivery, type Webhook, type WebhookStage, webhookStage } from '../support/webhooks.ts'

onEveryEngine('webhooks and whom they must not serve', (engine) => {
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

  test('whoever was erased is not told of any more, and stands nowhere in the log', async () => {
    const to = await stage.receiver(() => ({ status: 500 }))
    const { projectKey } = (await app.post('/v1/projects', { name: 'Shop' })).body as { projectKey: string }
    const { id } = await stage.given(to, { events: ['goal.converted'], goals: ['purchase'] })
    await app.post('/v1/events/batch', { projectKey, events: [{ eventName: 'purchase', userId: 'erased-person', anonymousId: 'erased-browser', properties: { email: 'erased@example.com' } }] })
    await stage.messages(to, 1)
    expect(to.messages[0]?.text).toContain('erased-person')
    const waiting = await until('it has failed', async () => (await stage.deliveries(id)).find(({ attempts }) => attempts === 1))
    expect((await app.ask('DELETE', `/api/privacy/person?userId=erased-person&projectKey=${projectKey}`, { headers: await app.as('admin') })).status).toBe(200)
    app.clock.at = Date.parse(waiting.next_attempt_at as string)
    await stage.messages(to, 2)
    expect(to.messages[1]?.body).toMatchObject({ event_type: 'goal.converted', user_id: null, anonymous_id: null, properties: null })
    expect(to.messages[1]?.text).not.toMatch(/erased/)
    expect(JSON.stringify((await app.get(`${WEBHOOKS}/${id}/deliveries`, { as: 'admin' })).body)).not.toMatch(/erased/)
  })

  test('a secret stands nowhere but in the answer that made it', async () => {
    const to = await stage.receiver()
    const { id, secret } = await stage.given(to)
    await app.given.link()
    await stage.settled(id, 1)
    const rows = async () => {
      const store = await engineOn(app.store)
      const found = [await store.rows('select * from webhooks'), await store.rows('select * from webhook_deliveries'), await store.rows('select * from answers')]
      await store.close()
      return JSON.stringify(found)
    }
    let stored = ''
    await app.restart(async () => (stored = await rows()))
    const shown = JSON.stringify([await stage.listed(), (await app.get(`${WEBHOOKS}/${id}/deliveries`, { as: 'admin' })).body, (await app.ask('GET', '/metrics')).body])
    for (const text of [stored, shown, stage.log.join('\n'), to.messages[0]?.text]) for (const part of [secret, secret.slice(6, 30)]) expect(text).not.toContain(part)
    expect(stored).toContain(id)
  })

  describe('bad input', () => {
    const url = 'https://example.com/hooks'
    test.each<[object, string]>([
      [{}, 'url: is required'],
      [{ url }, 'events: is required'],
      [{ url, events: [] }, 'events: must have at least 1 items'],
      [{ url, events: ['link.deleted'] }, `events.0: must be one of email_opened, email_clicked, email_unsubscribed, link.created, link.updated, link.clicked, capture.recorded, goal.converted`],
      [{ url, events: ['goal.converted'] }, 'goals: must name at least one product event when events has goal.converted'],
      [{ url, events: ['goal.converted'], goals: ['a\u0000'] }, 'goals.0: must be 1 to 255 printable characters'],
      [{ url, events: ['link.clicked'], goals: ['a'] }, 'goals: can be given only when events has goal.converted'],
      [{ url, events: ['link.clicked'], description: 'x'.repeat(256) }, 'description: must be at most 255 printable characters'],
      [{ url, events: ['link.clicked'], include_machines: 'yes' }, 'include_machines: must be a boolean'],
      [{ url: 'ftp://example.com', events: ['link.clicked'] }, 'url: must be an http or https URL of at most 2048 characters, without user info'],
      [{ url: 'https://a:b@example.com', events: ['link.clicked'] }, 'url: must be an http or https URL of at most 2048 characters, without user info'],
      [{ url: 'https://example.com:25', events: ['link.clicked'] }, 'url: must have port 80, 443 or one from 1024'],
    ])('%j: %s', async (body, sentence) => {
      const answer = await stage.admin(WEBHOOKS, body)
      expect([answer.status, (answer.body as { detail: string }).detail]).toEqual([400, expect.stringContaining(sentence)])
      expect(await stage.listed()).toEqual([])
    })

    test('an id of nobody is 404, a cursor of nobody 400, and there are 50 at most', async () => {
      const to = await stage.receiver()
      for (const [method, path] of [['PATCH', '/nobody'], ['DELETE', '/nobody'], ['POST', '/nobody/test'], ['POST', '/nobody/rotate'], ['GET', '/nobody/deliveries']] as const) {
        const { status, body } = await app.ask(method, WEBHOOKS + path, { headers: await app.as('admin'), ...(method === 'PATCH' ? { body: {} } : {}) })
        expect([path, status, body]).toEqual([path, 404, { detail: 'There is no webhook of that id.' }])
      }
      const { id } = await stage.given(to)
      expect((await app.get(`${WEBHOOKS}/${id}/deliveries?cursor=x`, { as: 'admin' })).status).toBe(400)
      for (let at = 1; at < 50; at++) await stage.given(to, { events: ['link.created'], is_active: false })
      const more = await stage.admin(WEBHOOKS, { url: to.url, events: ['link.created'] })
      expect([more.status, more.body]).toEqual([409, { detail: 'There are 50 webhooks already. Delete one that is not needed.' }])
    })
  })

  test('private addresses are refused at saving, changing, testing and sending, unless the setting allows them', async () => {
    const to = await stage.receiver()
    const store = await engine.fresh()
    const open = await testApp(engine, { store, env: { WEBHOOK_ALLOW_PRIVATE: 'true' } })
    const { body } = await open.post(WEBHOOKS, { url: to.url, events: ['link.created'] }, { as: 'admin' })
    const { id } = body as Webhook
    await open.stop()
    const closed = await testApp(engine, { store })
    const headers = await closed.as('admin')
    const refused = { status: 400, body: { detail: expect.stringContaining('url: must lead to a public host, not to a private or loopback address') } }
    for (const url of [to.url, 'https://localhost/', 'https://[::ffff:10.0.0.1]/', 'https://0x7f.1/', 'https://100.64.0.1/', 'https://[64:ff9b::a00:1]/']) {
      expect(await closed.ask('POST', WEBHOOKS, { headers, body: { url, events: ['link.created'] } })).toMatchObject(refused)
      expect(await closed.ask('PATCH', `${WEBHOOKS}/${id}`, { headers, body: { url } })).toMatchObject(refused)
    }
    expect(await closed.ask('PATCH', `${WEBHOOKS}/${id}`, { headers, body: { description: 'as it is' } })).toMatchObject(refused)
    expect((await closed.ask('POST', `${WEBHOOKS}/${id}/test`, { headers })).body).toMatchObject({ state: 'failed', status: null, reason: 'the address is not allowed' })
    await closed.given.link()
    const failed = await until('it has failed', async () => ((await closed.get(`${WEBHOOKS}/${id}/deliveries?state=pending`, { as: 'admin' })).body as { deliveries: Delivery[] }).deliveries.find(({ attempts }) => attempts === 1))
    closed.clock.at = Date.parse(failed.next_attempt_at as string)
    await until('it has failed again', async () => ((await closed.get(`${WEBHOOKS}/${id}/deliveries?state=pending`, { as: 'admin' })).body as { deliveries: Delivery[] }).deliveries.find(({ attempts, reason }) => attempts === 2 && reason === 'the address is not allowed'))
    closed.clock.at = START
    expect(to.messages).toEqual([])
    await closed.stop()
    await store.drop()
  })

  test('no proxy of the environment is asked', async () => {
    const [to, proxy] = [await stage.receiver(), await stage.receiver()]
    const { id } = await stage.given(to)
    process.env.http_proxy = process.env.HTTP_PROXY = new URL(proxy.url).origin
    const { body } = await stage.admin(`${WEBHOOKS}/${id}/test`)
    delete process.env.http_proxy
    delete process.env.HTTP_PROXY
    expect([body, to.messages.length, proxy.messages.length]).toMatchObject([{ state: 'delivered' }, 1, 0])
  })

  test('with another JWT_SECRET nothing can be signed until the secret is rotated', async () => {
    const to = await stage.receiver()
    const store = await engine.fresh()
    const env = { WEBHOOK_ALLOW_PRIVATE: 'true' }
    const before = await testApp(engine, { store, env })
    const { id } = (await before.post(WEBHOOKS, { url: to.url, events: ['link.created'] }, { as: 'admin' })).body as Webhook
    await before.stop()
    const after = await testApp(engine, { store, env: { ...env, JWT_SECRET: 'another secret of thirty-two bytes!!' } })
    expect((await after.post(`${WEBHOOKS}/${id}/test`, undefined, { as: 'admin' })).body).toMatchObject({ state: 'failed', reason: 'the secret cannot be read since JWT_SECRET has changed; rotate it' })
    const { secret } = (await after.post(`${WEBHOOKS}/${id}/rotate`, undefined, { as: 'admin' })).body as Webhook
    expect((await after.post(`${WEBHOOKS}/${id}/test`, undefined, { as: 'admin' })).body).toMatchObject({ state: 'delivered' })
    expect(to.messages.map((message) => isSigned(message, secret))).toEqual([true])
    await after.stop()
    await store.drop()
  })
})
