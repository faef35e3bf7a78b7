import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { START, type TestApp, testApp } from '../support/app.ts'
import { until } from '../support/ask.ts'
import { onEveryEngine, onEngine } from '../support/engines.ts'
import { type Message, isSigned, openReceiver } from '../support/receiver.ts'
import { WEBHOOKS, type Delivery, type Webhook, type WebhookStage, webhookStage } from '../support/webhooks.ts'

const DAY = 86_400_000
const NOW = '2026-11-22T14:30:00.000Z'

onEveryEngine('webhook deliveries', (engine) => {
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

  test('a failed message is tried again, ten times in all with growing pauses, under one id; then replayed', async () => {
    const to = await stage.receiver(() => ({ status: 500, body: '<script>alert("webhook answer")</script> {{7*7}}' }))
    const { id } = await stage.given(to)
    await app.given.link()
    const pauses: number[] = []
    for (let attempts = 1; attempts <= 9; attempts++) {
      const [waiting] = await until(`attempt ${attempts} is noted`, async () => {
        const found = await stage.deliveries(id)
        return found[0]?.attempts === attempts ? found : null
      })
      expect(waiting).toMatchObject({ state: 'pending', status: 500, reason: 'answered 500' })
      const next = Date.parse(waiting?.next_attempt_at as string)
      pauses.push(next - app.clock.at)
      app.clock.at = next
    }
    const [given_up] = await stage.settled(id, 1, 'failed')
    expect(given_up).toMatchObject({ attempts: 10, status: 500, reason: 'answered 500', next_attempt_at: null })
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b))
    expect(app.clock.at - START).toBeGreaterThan(18 * 3_600_000)
    expect(app.clock.at - START).toBeLessThan(DAY)
    expect([to.messages.length, new Set(to.messages.map((message) => message.id)).size]).toEqual([10, 1])
    expect(await stage.listed()).toMatchObject([{ is_active: true, failing_since: NOW }])
    const told = JSON.stringify([await stage.listed(), (await app.get(`${WEBHOOKS}/${id}/deliveries`, { as: 'admin' })).body, stage.log])
    expect(told).not.toContain('alert')

    to.answer = () => ({ status: 200 })
    app.clock.at += 60_000
    const replayed = await stage.admin(`${WEBHOOKS}/deliveries/${given_up?.id}/replay`)
    expect([replayed.status, replayed.body]).toMatchObject([202, { id: given_up?.id, state: 'pending', attempts: 0 }])
    expect(await stage.settled(id, 1)).toMatchObject([{ id: given_up?.id, attempts: 1, status: 200, reason: null }])
    expect(await stage.listed()).toMatchObject([{ failing_since: null }])
    expect(await app.metric('waymark_webhook_deliveries_total{outcome="failed"}')).toBeGreaterThan(0)
    expect((await stage.admin(`${WEBHOOKS}/deliveries/msg_nobody/replay`)).body).toEqual({ detail: 'There is no delivery of that id.' })
  })

  test('410 switches an endpoint off at once, five days without success as well; an admin sees why and switches it on again', async () => {
    const [gone, dead] = [await stage.receiver(() => ({ status: 410 })), await stage.receiver(() => ({ status: 503 }))]
    const [one, two] = [await stage.given(gone), await stage.given(dead)]
    await app.given.link()
    const off = (id: string) => until('it is off', async () => (await stage.listed()).find((webhook) => webhook.id === id && !webhook.is_active))
    expect(await off(one.id)).toMatchObject({ disabled_reason: 'It answered 410 Gone at 2026-11-22T14:30:00.000Z.' })
    expect(await stage.deliveries(one.id)).toMatchObject([{ state: 'failed', status: 410, attempts: 1 }])
    expect(stage.log.join('\n')).toContain('webhook switched off')
    await until('it has failed', async () => (await stage.deliveries(two.id))[0]?.attempts === 1)
    app.clock.at = START + 5 * DAY
    expect(await off(two.id)).toMatchObject({ disabled_reason: 'Nothing could be delivered since 2026-11-22T14:30:00.000Z; the last attempt: answered 503.' })
    // What happens meanwhile is not for them, but for another.
    const watcher = await stage.receiver()
    await stage.given(watcher)
    await app.given.link()
    await stage.messages(watcher, 1)
    for (const to of [gone, dead]) to.answer = () => ({ status: 204 })
    const conflict = await stage.admin(`${WEBHOOKS}/deliveries/${(await stage.deliveries(one.id))[0]?.id}/replay`)
    expect([conflict.status, conflict.body]).toEqual([409, { detail: 'The webhook is switched off. Set its is_active to true first.' }])
    for (const { id } of [one, two]) expect((await stage.patch(id, { is_active: true })).body).toMatchObject({ is_active: true, disabled_reason: null, failing_since: null })
    const link = await app.given.link()
    await until('both hear of the next link', () => [gone, dead].every((to) => to.messages.at(-1)?.body.tracking_id === link.tracking_id))
    expect(gone.messages).toHaveLength(2)
  })

  test('after a rotation both secrets sign for a day, then the new one alone', async () => {
    const to = await stage.receiver()
    const { id, secret: old } = await stage.given(to)
    const rotated = await stage.admin(`${WEBHOOKS}/${id}/rotate`)
    const { secret } = rotated.body as Webhook
    expect([rotated.status, rotated.headers['cache-control'], rotated.body]).toMatchObject([200, 'no-store', { id, secret_overlap_until: '2026-11-23T14:30:00.000Z' }])
    const signs = async () => {
      const { body } = await stage.admin(`${WEBHOOKS}/${id}/test`)
      expect(body).toMatchObject({ webhook_id: id, event_type: 'webhook.test', state: 'delivered', status: 204 })
      const last = to.messages.at(-1) as Message
      return [isSigned(last, secret), isSigned(last, old), String(last.headers['webhook-signature']).split(' ').length]
    }
    expect(await signs()).toEqual([true, true, 2])
    app.clock.at = START + DAY - 1
    expect(await signs()).toEqual([true, true, 2])
    app.clock.at = START + DAY
    expect(await signs()).toEqual([true, false, 1])
    expect(await stage.listed()).toMatchObject([{ secret_overlap_until: null }])
  })

  test('a test says at once what became of it, also where the endpoint is off, and is not tried again', async () => {
    const to = await stage.receiver(() => ({ status: 302, headers: { location: 'http://127.0.0.1:1/' } }))
    const { id } = await stage.given(to, { events: ['link.created'], is_active: false })
    const { status, body } = await stage.admin(`${WEBHOOKS}/${id}/test`)
    const expected = { id: to.messages[0]?.id, webhook_id: id, event_type: 'webhook.test', state: 'failed', attempts: 1, status: 302, reason: 'answered 302; redirects are not followed', created_at: NOW, attempted_at: NOW, next_attempt_at: null }
    expect([status, body]).toEqual([200, expected])
    expect(await stage.deliveries(id)).toEqual([expected])
    expect(to.messages.map((message) => message.body)).toEqual([{ event_type: 'webhook.test', timestamp: NOW }])
    expect(await stage.listed()).toMatchObject([{ failing_since: null, is_active: false }])
  })

  test('one that never answers does not slow the others, and what waits is seen', async () => {
    const [silent, quick] = [await stage.receiver(() => 'silent'), await stage.receiver()]
    await stage.given(silent)
    const { id } = await stage.given(quick)
    for (let at = 0; at < 20; at++) await app.given.link()
    const start = performance.now()
    await stage.messages(quick, 20)
    expect(performance.now() - start).toBeLessThan(8_000)
    expect(silent.messages).toHaveLength(1)
    await stage.settled(id, 20)
    await until('the queue is seen', async () => (await app.metric('waymark_webhook_queue')) === 20)
  })

  test('the log is read page by page, and goes after 30 days', async () => {
    const to = await stage.receiver()
    const { id } = await stage.given(to)
    for (let at = 0; at < 5; at++) {
      app.clock.at = START + at
      await app.given.link()
    }
    await stage.settled(id, 5)
    const pages: Delivery[][] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body } = await app.get(`${WEBHOOKS}/${id}/deliveries?limit=2${cursor && `&cursor=${cursor}`}`, { as: 'admin' })
      const page = body as { deliveries: Delivery[]; cursor: string | null }
      pages.push(page.deliveries)
      cursor = page.cursor
    }
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1])
    expect(pages.flat().map((delivery) => delivery.id)).toEqual((await stage.deliveries(id)).map((delivery) => delivery.id))
    app.clock.at = START + 31 * DAY
    await until('they are gone', async () => (await stage.deliveries(id)).length === 0)
  })
})

onEngine('postgres', 'webhooks of two nodes', (engine) => {
  test('are delivered by one of them, and by the other when it ends', async () => {
    const to = await openReceiver()
    const one = await testApp(engine, { env: { WEBHOOK_ALLOW_PRIVATE: 'true' } })
    await one.post(WEBHOOKS, { url: to.url, events: ['link.created'] }, { as: 'admin' })
    await one.given.link()
    await until('the first is told', () => to.messages.length === 1)
    const two = await one.neighbour()
    for (let at = 0; at < 10; at++) await (at % 2 ? one : two).given.link()
    await until('all are told', () => to.messages.length === 11)
    await one.stop()
    await two.given.link()
    await until('the last is told', () => to.messages.length === 12, 20_000)
    expect(new Set(to.messages.map(({ id }) => id)).size).toBe(12)
    await two.close()
    await one.close()
    await to.close()
  })
})
