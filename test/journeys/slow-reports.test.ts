import { expect, test } from 'vitest'
import { iso } from '../../src/core/time.ts'
import { type TestApp, testApp } from '../support/app.ts'
import { onEveryEngine } from '../support/engines.ts'
import { engineOn } from '../support/store.ts'

const MANY = 1_000_000
const BY_THEN = { eventName: 'step_1', direction: 'after', steps: 5 }

async function project(app: TestApp): Promise<string> {
  return ((await app.post('/v1/projects', { name: 'Given' })).body as { projectKey: string }).projectKey
}

onEveryEngine('a report', (engine) => {
  test('that takes too long is cancelled in the store and answered with advice, and the next is answered', { timeout: 120_000 }, async () => {
    const app = await testApp(engine, { env: { REPORT_TIMEOUT_MS: '100' } })
    try {
      const projectKey = await project(app)
      await app.restart(async () => {
        const store = await engineOn(app.store)
        await store.transaction('events', (tx) =>
          tx.rows(
            `insert into events (id, project, source, name, ts, received_at, person, machine)
             select 'e' || n, $1, 'product', 'step_' || (n % 7), $2::bigint + n, $2::bigint, 'a:' || (n % 1000), false from generate_series(1, ${MANY}) made (n)`,
            [projectKey, app.clock.at - MANY],
          ),
        )
        await store.close()
      })
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
