import { expect, test } from 'vitest'
import { testApp } from '../support/app.ts'
import { onEngine } from '../support/engines.ts'
import { startProxy } from '../support/proxy.ts'

onEngine('postgres', 'while the store is away', (engine) => {
  test('every answer that needs it is 503 and says when to come again, and the rest goes on', async () => {
    const store = await engine.fresh()
    const { port } = new URL(store.databaseUrl ?? '')
    const proxy = await startProxy(Number(port || 5432))
    const app = await testApp(engine, { store: { ...store, databaseUrl: proxy.via(store.databaseUrl ?? '') }, env: { ACK: 'journal', REPORT_TIMEOUT_MS: '500' } })
    try {
      const { tracking_id: id } = await app.given.link()
      const { projectKey } = (await app.ask('POST', '/v1/projects', { body: { name: 'a project' } })).body as { projectKey: string }
      const admin = await app.as('admin')
      const key = await app.as('key')
      await proxy.cut()
      await app.given.clicks([id])
      const away: [method: string, path: string, question?: Parameters<typeof app.ask>[2]][] = [
        ['GET', '/db/health'],
        ['POST', '/db/test-insert'],
        ['GET', '/api/tracking-ingest/health'],
        ['GET', '/link?uuid=nobody-has-seen-this-one'],
        ['GET', '/api/link-tracking/links', { headers: key }],
        ['POST', '/api/link-tracking/links', { headers: key, body: { original_url: 'https://example.com/' } }],
        ['GET', `/api/link-tracking/links/${id}/stats`, { headers: key }],
        ['GET', '/api/link-tracking/sync', { headers: key }],
        ['GET', '/api/keys', { headers: admin }],
        ['GET', '/v1/projects'],
        ['GET', `/v1/reports/overview?projectKey=${projectKey}`],
        ['POST', '/api/auth/login', { body: { email: 'ada@example.com', password: 'correct horse' } }],
      ]
      const answers = []
      for (const [method, path, question] of away) {
        const { status, headers } = await app.ask(method, path, question)
        answers.push([path, status, headers['retry-after']])
      }
      expect(answers).toEqual(away.map(([, path]) => [path, 503, expect.stringMatching(/^[1-9]\d*$/)]))
      for (const path of ['/health', '/metrics', '/apispec.json']) expect([path, (await app.ask('GET', path)).status]).toEqual([path, 200])
      expect((await app.click(`/link?uuid=${id}`)).status).toBe(302)
      await proxy.restore()
    } finally {
      await app.stop()
      await proxy.close()
      await store.drop()
    }
  })
})
