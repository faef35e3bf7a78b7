/** What Fastify alone does with the same requests: it redirects without a record, and checks a batch without keeping it. Prints its port. */
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import Fastify from 'fastify'
import { DESTINATION, SOURCES } from './world.ts'

const text = (maxLength: number) => ({ type: 'string', maxLength })

const capture = {
  type: 'object',
  required: ['referrer', 'campaign', 'landingPage'],
  properties: {
    referrer: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,255}$' },
    campaign: { type: 'string', minLength: 1, maxLength: 255 },
    landingPage: { type: 'string', minLength: 1, maxLength: 8_192 },
    originalSource: text(255),
    destinationUrl: { type: 'string', format: 'uri', maxLength: 8_192 },
    eventType: { type: 'string', enum: ['inbound', 'outbound'] },
    userAgent: text(8_192),
    sessionId: text(255),
    eventId: { type: 'string', minLength: 1, maxLength: 128 },
    timestamp: { type: 'string', format: 'date-time' },
  },
}

const batch = {
  type: 'object',
  required: ['events'],
  properties: {
    events: {
      type: 'array',
      minItems: 1,
      maxItems: 1_000,
      items: {
        type: 'object',
        required: ['tracking_id'],
        properties: {
          tracking_id: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,100}$' },
          event_id: { type: 'string', minLength: 1, maxLength: 128 },
          clicked_at: { type: 'string', format: 'date-time' },
          ip_address: text(45),
          user_agent: text(8_192),
          referrer_url: text(1_000),
          click_source: text(50),
          session_id: text(100),
          metadata: { type: 'object' },
        },
      },
    },
  },
}

const app = Fastify({ bodyLimit: 2 * 1024 * 1024 })
app.get(`/${SOURCES[0]}`, (_request, reply) => reply.code(302).header('location', DESTINATION).send())
const pixel = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64')
app.get('/api/v1/tracking/open/:token', (_request, reply) => reply.type('image/gif').send(pixel))
app.get('/api/v1/tracking/click/:token', (request, reply) => reply.code(302).header('location', (request.query as { url: string }).url).send())
app.post('/api/tracking/capture', { schema: { body: capture } }, () => ({ success: true }))
app.post('/api/tracking-ingest/batch', { schema: { body: batch } }, () => ({ success: true }))

const delays = monitorEventLoopDelay({ resolution: 10 })
delays.enable()
app.get('/metrics', () => {
  const seconds = delays.percentile(99) / 1e9
  delays.reset()
  return `nodejs_eventloop_lag_p99_seconds ${seconds}\n`
})

await app.listen({ host: '127.0.0.1', port: 0 })
process.stdout.write(`listening at port ${(app.server.address() as AddressInfo).port}\n`)
