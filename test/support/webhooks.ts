import { expect } from 'vitest'
import { type TestApp, testApp } from './app.ts'
import { until } from './ask.ts'
import type { TestEngine } from './engines.ts'
import { type Message, type Receiver, openReceiver } from './receiver.ts'

/** Where webhooks are made. */
export const WEBHOOKS = '/api/v1/webhooks'

/** What of a webhook tests look at. */
export interface Webhook {
  id: string
  secret: string
  is_active: boolean
  disabled_reason: string | null
  failing_since: string | null
}

/** A message in the log. */
export interface Delivery {
  id: string
  event_type: string
  state: string
  attempts: number
  status: number | null
  reason: string | null
  next_attempt_at: string | null
}

/** A server that may send to this machine, and receivers there. */
export interface WebhookStage {
  app: TestApp
  /** All that the server has logged. */
  log: string[]
  /** Posts as admin. */
  admin(path: string, body?: object): ReturnType<TestApp['post']>
  patch(id: string, body: object): ReturnType<TestApp['ask']>
  /** Opens a receiver, until `clear`. */
  receiver(answer?: Receiver['answer']): Promise<Receiver>
  /** Makes a webhook to a receiver, of `link.created` unless told. */
  given(to: Receiver, webhook?: object): Promise<Webhook>
  listed(): Promise<Webhook[]>
  deliveries(id: string, query?: string): Promise<Delivery[]>
  /** Waits until a receiver has so many messages. */
  messages(to: Receiver, count: number): Promise<Message[]>
  /** Waits until so many deliveries of a webhook have come to a state. */
  settled(id: string, count: number, state?: string): Promise<Delivery[]>
  /** Deletes the webhooks, so that the next test's links and clicks are not for them, and closes the receivers. */
  clear(): Promise<void>
}

/** Opens a stage. */
export async function webhookStage(engine: TestEngine): Promise<WebhookStage> {
  const log: string[] = []
  const receivers: Receiver[] = []
  const app = await testApp(engine, { env: { WEBHOOK_ALLOW_PRIVATE: 'true', LOG_LEVEL: 'trace' }, log })
  const self: WebhookStage = {
    app,
    log,
    admin: (path, body) => app.post(path, body, { as: 'admin' }),
    patch: async (id, body) => app.ask('PATCH', `${WEBHOOKS}/${id}`, { headers: await app.as('admin'), body }),
    async receiver(answer) {
      const opened = await openReceiver(answer)
      receivers.push(opened)
      return opened
    },
    async given(to, webhook = { events: ['link.created'] }) {
      const { status, body } = await self.admin(WEBHOOKS, { url: to.url, ...webhook })
      expect([status, body]).toMatchObject([201, { id: expect.any(String) }])
      return body as Webhook
    },
    listed: async () => ((await app.get(WEBHOOKS, { as: 'admin' })).body as { webhooks: Webhook[] }).webhooks,
    deliveries: async (id, query = '') => ((await app.get(`${WEBHOOKS}/${id}/deliveries${query}`, { as: 'admin' })).body as { deliveries: Delivery[] }).deliveries,
    messages: (to, count) => until(`${count} messages are there`, () => (to.messages.length >= count ? to.messages : null), 25_000),
    settled: (id, count, state = 'delivered') =>
      until(
        `${count} deliveries are ${state}`,
        async () => {
          const found = await self.deliveries(id, `?state=${state}`)
          return found.length >= count ? found : null
        },
        25_000,
      ),
    async clear() {
      for (const { id } of await self.listed()) await app.ask('DELETE', `${WEBHOOKS}/${id}`, { headers: await app.as('admin') })
      for (const receiver of receivers.splice(0)) await receiver.close()
    },
  }
  return self
}
