import { afterEach, expect, test } from 'vitest'
import { iso } from '../../src/core/time.ts'
import { type TestApp, testApp } from '../support/app.ts'
import { type FreshStore, onEngine, onEveryEngine } from '../support/engines.ts'
import { TEST_KEY, startServer } from '../support/process.ts'
import { engineOn } from '../support/store.ts'

const MANY = 1_000_000
const BY_THEN = { eventName: 'step_1', direction: 'after', steps: 5 }

async function project(app: TestApp): Promise<string> {
  return ((await app.post('/v1/projects', { name: 'Given' })).body as { projectKey: string }).projectKey
}

/** Puts a million events into a project, a millisecond apart. */
async function fill(store: FreshStore, projectKey: string, now: number): Promise<void> {
  const opened = await engineOn(store)
  await opened.transaction('events', (tx) =>
    tx.rows(
      `insert into events (id, project, source, name, ts, received_at, person, machine)
       select 'e' || n, $1, 'product', 'step_' || (n % 7), $2::bigint + n, $2::bigint, 'a:' || (n % 1000), false from generate_series(1, ${MANY}) made (n)`,
      [projectKey, now - MANY],
    ),
  )
  await opened.close()
}

onEveryEngine('a report', (engine) => {
  test('that takes too long is cancelled in the store and answered with advice, and the next is answered', { timeout: 120_000 }, async () => {
    const app = await testApp(engine, { env: { REPORT_TIMEOUT_MS: '100' } })
    try {
      const projectKey = await project(app)
      await app.restart(() => fill(app.store, projectKey, app.clock.at))
      const slow = await app.post('/v1/reports/paths', { projectKey, ...BY_THEN })
      expect(slow).toMatchObject({ status: 503, body: { error: 'The question took too long. Ask for a shorter range.' } })
      expect(slow.headers['retry-after']).toBe('1')
      const short = { from: iso(app.clock.at - 1_000), to: iso(app.clock.at) }
      expect(await app.post('/v1/reports/paths', { projectKey, ...BY_THEN, ...short })).toMatchObject({ status: 200 })
    } finally {
      await app.close()
    }
  })

  test('holds what was just written, or with REPORT_CACHE_MS what was so at most that long ago', async () => {
    for (const [env, total] of [[{}, 2], [{ REPORT_CACHE_MS: '60000' }, 1]] as [Record<string, string>, number][]) {
      const app = await testApp(engine, { env })
      try {
        const projectKey = await project(app)
        const happens = () => app.post('/v1/events/batch', { projectKey, events: [{ eventName: 'open', timestamp: iso(app.clock.at), anonymousId: 'ann' }] })
        const overview = async () => ((await app.get(`/v1/reports/overview?projectKey=${projectKey}`)).body as { totalEvents: number }).totalEvents
        await happens()
        expect(await overview()).toBe(1)
        await happens()
        expect(await overview()).toBe(total)
        // Another question is another answer.
        expect((await app.get(`/v1/reports/top-events?projectKey=${projectKey}`)).body).toMatchObject({ events: [{ eventName: 'open', count: 2 }] })
      } finally {
        await app.close()
      }
    }
  })
})

// The other engine's questions hold no thread of this process.
onEngine('duckdb', 'a report', (engine) => {
  let store: FreshStore | undefined
  afterEach(() => store?.drop())

  test('that is slow keeps nobody from being recorded, however many of them there are', { timeout: 120_000 }, async () => {
    store = await engine.fresh()
    const start = () => startServer({ ...(store as FreshStore), env: { RATE_LIMIT_ANALYTICS: '1000', REPORT_TIMEOUT_MS: '60000' } })
    const ask = async (url: string, path: string, body: object): Promise<{ status: number; body: unknown }> => {
      const response = await fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json', 'x-api-key': TEST_KEY }, body: JSON.stringify(body) })
      return { status: response.status, body: await response.json() }
    }
    const first = await start()
    const { projectKey } = (await ask(first.url, '/v1/projects', { name: 'Given' })).body as { projectKey: string }
    await first.end('SIGTERM')
    await fill(store, projectKey, Date.now())

    const server = await start()
    try {
      let answered = 0
      // Each question is another one, so that none shares another's answer.
      const slow = Array.from({ length: 8 }, async (_, at) => {
        const { status } = await ask(server.url, '/v1/reports/paths', { projectKey, ...BY_THEN, from: iso(Date.now() - 86_400_000 * (at + 1)) })
        answered++
        return status
      })
      let recorded = 0
      while (answered === 0) {
        const { status } = await ask(server.url, '/v1/events/batch', { projectKey, events: [{ eventName: 'open', timestamp: iso(Date.now()), anonymousId: 'ann' }] })
        expect(status).toBe(200)
        if (answered === 0) recorded++
      }
      expect(await Promise.all(slow)).toEqual(slow.map(() => 200))
      expect(recorded).toBeGreaterThan(9)
    } finally {
      await server.end('SIGTERM')
    }
  })
})
