import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask } from '../support/ask.ts'
import { type FreshStore, onEveryEngine } from '../support/engines.ts'
import { TEST_KEY, type ServerProcess, startServer } from '../support/process.ts'

const run = promisify(execFile)
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)

// "Quick Start - Testing Locally" of the tracking ingest API's setup guide, with its own commands.
onEveryEngine('the quick start of the tracking ingest API', (engine) => {
  let store: FreshStore
  let server: ServerProcess
  beforeAll(async () => {
    store = await engine.fresh()
    server = await startServer(store)
  })
  afterAll(async () => {
    await server.end('SIGTERM')
    await store.drop()
  })

  describe('its curl commands', () => {
    /** Runs a command of the guide as its reader does, with their own port and key. */
    async function shell(command: string): Promise<unknown> {
      const mine = command.replaceAll('http://localhost:5001', server.url).replaceAll('your_key_here', TEST_KEY)
      const { stdout } = await run('sh', ['-c', mine.replace('curl', 'curl --silent --show-error --max-time 20')])
      return JSON.parse(stdout)
    }

    test('health check (no auth)', async () => {
      expect(await shell('curl http://localhost:5001/api/tracking-ingest/health')).toEqual({ status: 'healthy', service: 'tracking-ingest', timestamp: TIME })
    })

    test('authentication', async () => {
      expect(
        await shell(String.raw`curl -X POST http://localhost:5001/api/tracking-ingest/test \
  -H "X-API-Key: your_key_here" \
  -H "Content-Type: application/json"`),
      ).toEqual({ success: true, message: 'The connection works and the key is valid.', timestamp: TIME })
    })

    test('a test batch, which is stored', async () => {
      expect(
        await shell(String.raw`curl -X POST http://localhost:5001/api/tracking-ingest/batch \
  -H "X-API-Key: your_key_here" \
  -H "Content-Type: application/json" \
  -d '{
    "events": [
      {
        "tracking_id": "test-123",
        "clicked_at": "2025-10-22T14:30:00Z",
        "ip_address": "192.168.1.1",
        "click_source": "test"
      }
    ]
  }'`),
      ).toEqual({
        success: true,
        message: expect.stringMatching(/^Stored 1 event/),
        results: { total: 1, successful: 1, duplicates: 0, unmatched: 1, failed: 0, errors: [] },
      })

      const headers = { 'x-api-key': TEST_KEY }
      await ask(server.url, 'POST', '/api/link-tracking/links', { headers, body: { original_url: 'https://example.com/', tracking_id: 'test-123' } })
      const { body } = await ask(server.url, 'GET', '/api/link-tracking/links/test-123/stats', { headers })
      expect(body).toMatchObject({ clicks: 1, by_day: [{ date: '2025-10-22', clicks: 1 }], by_click_source: [{ click_source: 'test', clicks: 1 }] })
    })
  })

  describe('its six checks', () => {
    const post = (path: string, key: string, body?: object) =>
      ask(server.url, 'POST', path, { headers: { 'X-API-Key': key, 'Content-Type': 'application/json' }, ...(body ? { body } : {}) })

    test('Health Check', async () => {
      const { status, body } = await ask(server.url, 'GET', '/api/tracking-ingest/health')
      expect([status, body]).toEqual([200, { status: 'healthy', service: 'tracking-ingest', timestamp: TIME }])
    })

    test('Connection Test', async () => {
      const { status, body } = await post('/api/tracking-ingest/test', TEST_KEY)
      expect([status, body]).toEqual([200, { success: true, message: expect.any(String), timestamp: TIME }])
    })

    test.each(['/api/tracking-ingest/test', '/api/tracking-ingest/batch'])('Invalid API Key: %s', async (path) => {
      const { status, body } = await post(path, 'invalid_key', { events: [{ tracking_id: 'test-123' }] })
      expect([status, body]).toEqual([401, { success: false, error: expect.stringContaining('X-API-Key') }])
    })

    test('Valid Batch', async () => {
      const { status, body } = await post('/api/tracking-ingest/batch', TEST_KEY, {
        events: [
          {
            tracking_id: 'linkedin-profile-abc123',
            clicked_at: '2025-10-22T14:30:00Z',
            ip_address: '192.168.1.1',
            user_agent: 'Mozilla/5.0...',
            referrer_url: 'https://indeed.com/job/xyz',
            click_source: 'linkedin',
            session_id: 'optional-uuid',
            metadata: { campaign: 'fall-2025', custom_field: 'any_value' },
          },
        ],
      })
      expect([status, body]).toEqual([
        200,
        { success: true, message: expect.any(String), results: { total: 1, successful: 1, duplicates: 0, unmatched: 1, failed: 0, errors: [] } },
      ])
    })

    test.each([
      ['no events', {}, 'events'],
      ['an empty list', { events: [] }, 'events'],
      ['no tracking_id', { events: [{ click_source: 'test' }] }, 'tracking_id'],
    ])('Invalid Batch: %s', async (_, batch, field) => {
      const { status, body } = await post('/api/tracking-ingest/batch', TEST_KEY, batch)
      expect([status, body]).toEqual([400, expect.objectContaining({ success: false, error: expect.stringContaining(field) })])
    })

    test('Minimal Event', async () => {
      const { status, body } = await post('/api/tracking-ingest/batch', TEST_KEY, { events: [{ tracking_id: 'linkedin-profile-abc123' }] })
      expect([status, body]).toMatchObject([200, { success: true, results: { successful: 1, failed: 0 } }])
    })
  })
})
