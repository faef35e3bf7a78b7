import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import fc from 'fast-check'
import type { FastifyInstance, RouteOptions } from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AnyRequest, type Caller, noise, requestsTo, statusOf } from '../support/any-request.ts'
import { ADMIN, type TestApp, testApp } from '../support/app.ts'
import { onEveryEngine } from '../support/engines.ts'
import { TEST_KEY } from '../support/process.ts'
import { seed } from '../support/seed.ts'

// S22: 100,000 a run in `npm run assure`. REQUESTS sets another count, SEED repeats a run.
const REQUESTS = Number(process.env.REQUESTS ?? (process.env.ASSURE === '1' ? 100_000 : 1_000))
/** Of each route in one go. */
const PIECE = 4
/** Connections at once. */
const CLIENTS = 32
const MANY = '1000000'

onEveryEngine('any request', (engine) => {
  let app: TestApp
  const log: string[] = []
  const routes: RouteOptions[] = []
  beforeAll(async () => {
    const listen = (message: unknown) => {
      ;(message as { fastify: FastifyInstance }).fastify.addHook('onRoute', (route) => {
        // Those that somebody wrote, and none of those that refuse a method.
        if (route.config?.family !== undefined || route.url.startsWith('/swagger')) routes.push(route)
      })
    }
    subscribe('fastify.initialization', listen)
    app = await testApp(engine, {
      log,
      env: { LOG_LEVEL: 'error', SMTP_URL: 'log:', EMAIL_FROM: 'news@example.com', EMAIL_RATE_PER_MINUTE: '60', RATE_LIMIT_CAPTURE: MANY, RATE_LIMIT_ANALYTICS: MANY, RATE_LIMIT_EVENTS: MANY, RATE_LIMIT_LOOKUP: MANY },
    })
    unsubscribe('fastify.initialization', listen)
  })
  afterAll(() => app.close())

  test(`of ${REQUESTS} at every route is answered, and never with a fault of ours (SEED=${seed})`, { timeout: 120_000 + REQUESTS * 100 }, async () => {
    const known = await whatThereIs(app)
    const kinds = [...routes.map((route) => requestsTo(route, known)), noise]
    const answers: Record<string, number> = {}
    const wrong: string[] = []
    for (let round = 0; round * PIECE * kinds.length < REQUESTS; round++) {
      const credentials = await credentialsOf(app)
      // Each kind has a seed of its own: with one for all, they would all be odd in the same way.
      const sent = kinds.flatMap((kind, at) => fc.sample(kind, { seed: seed + round * kinds.length + at, numRuns: PIECE }))
      const send = async ({ route, caller, bytes, hangsUp }: AnyRequest): Promise<void> => {
        const wire = bytes(credentials[caller])
        const status = await statusOf(Number(new URL(app.url).port), { sent: wire, hangsUp }).catch((error: Error) => error.message)
        const kind = String(status ?? 'none')
        answers[kind] = (answers[kind] ?? 0) + 1
        const isFault = typeof status === 'string' || (status === null ? !hangsUp : status >= 500 && status !== 503)
        if (isFault) wrong.push(`${kind}: ${route}: ${JSON.stringify(wire.toString('latin1').slice(0, 2_000))}`)
      }
      const queue = sent.values()
      await Promise.all(Array.from({ length: CLIENTS }, async () => {
        for (const request of queue) await send(request)
      }))
    }
    if (process.env.ASSURE === '1') console.log(`${engine.name}, SEED=${seed}: ${JSON.stringify(answers)}`)
    expect(wrong).toEqual([])
    expect(log).toEqual([])
    // Good requests were among them.
    expect(answers[200]).toBeGreaterThan(REQUESTS / 20)
    expect((await app.get('/db/health')).status).toBe(200)
    const { tracking_id: id } = await app.given.link()
    await app.given.clicks([id])
    expect((await app.stats(id)).clicks).toBe(1)
  })
})

/** Makes one of each thing and gives the names that they go by. */
async function whatThereIs(app: TestApp): Promise<string[]> {
  const made = async (path: string, body: object, as: 'key' | 'admin' = 'admin'): Promise<Record<string, unknown>> => {
    const answer = await app.post(path, body, { as })
    expect([path, answer.status < 300]).toEqual([path, true])
    return answer.body as Record<string, unknown>
  }
  await app.given.link({ tracking_id: 'known' })
  const partner = await made('/api/tracking/partner/create', { trackingId: 'known' })
  const { projectKey } = await made('/v1/projects', { name: 'known' })
  const webhook = await made('/api/v1/webhooks', { url: 'https://hook.invalid/', events: ['link.clicked'] })
  const lead = await made('/api/v1/leads', { email: 'known@example.com' }, 'key')
  const campaign = await made('/api/v1/campaigns', { name: 'known', html: '<p>{{first_name}}</p>' }, 'key')
  const { token } = await made('/api/v1/campaigns/tracking-token', { campaign_id: campaign.id, lead_id: lead.id }, 'key')
  const { mailing_id: mailing, message_ids: messages } = await made('/api/v1/campaigns/send', { campaign_id: campaign.id, lead_id: lead.id }, 'key')
  return ['known', partner.token, projectKey, webhook.id, lead.id, campaign.id, token, mailing, ...(messages as string[])].map(String)
}

async function credentialsOf(app: TestApp): Promise<Record<Caller, string>> {
  const { body } = await app.ask('POST', '/api/auth/login', { body: ADMIN })
  const { token } = body as { token: string }
  return {
    nobody: '',
    key: `x-api-key: ${TEST_KEY}\r\n`,
    admin: `authorization: Bearer ${token}\r\n`,
    cookie: `cookie: waymark-session=${token}\r\nsec-fetch-site: same-origin\r\n`,
    nonsense: 'authorization: Bearer nonsense\r\n',
  }
}
