import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from '../support/app.ts'
import { onEveryEngine } from '../support/engines.ts'

onEveryEngine('a developer who asks how a report is made', (engine) => {
  let app: TestApp
  let projectKey: string
  beforeAll(async () => {
    app = await testApp(engine)
    projectKey = ((await app.post('/v1/projects', { name: 'Given' })).body as { projectKey: string }).projectKey
    const at = (second: number) => `2026-11-22T10:00:0${second}Z`
    const events = ['app_open', 'search', 'buy'].map((eventName, second) => ({ eventName, timestamp: at(second), anonymousId: 'a', ...(second === 2 ? { userId: 'u' } : {}) }))
    await app.post('/v1/events/batch', { projectKey, events })
  })
  afterAll(() => app.close())

  const PLAN = /\d rows?|rows=\d/
  const question = (report: string, body?: object) => (body === undefined ? `/v1/reports/${report}explain&projectKey=${projectKey}` : `/v1/reports/${report}?explain`)
  const ask = (report: string, body?: object, who: 'admin' | 'viewer' | 'nobody' = 'admin') =>
    body === undefined ? app.get(question(report), { as: who }) : app.post(question(report, body), { projectKey, ...body }, { as: who })

  test.each<[report: string, body: object | undefined, statements: RegExp[]]>([
    ['overview?', undefined, [/as users/, /as event_names/]],
    ['top-events?', undefined, [/select name as event/]],
    ['events-timeseries?', undefined, [/as time/]],
    ['events-timeseries?timezone=Europe/Berlin&', undefined, [/min\(ts\)/, /as time/]],
    ['funnel', { steps: ['app_open', 'buy'] }, [/step_2/]],
    ['conversion?eventName=buy&', undefined, [/as users/, /as users/]],
    ['retention?interval=day&', undefined, [/cohort/]],
    ['paths', { eventName: 'app_open' }, [/way_3/]],
    ['query', { metrics: ['events'], by: ['country'] }, [/select country/]],
  ])('sees the statements, parameters and plans of %s', async (report, body, wanted) => {
    const answer = await ask(report, body)
    const { statements } = answer.body as { statements: unknown[] }
    expect([answer.status, statements]).toEqual([200, wanted.map((sql) => ({ sql: expect.stringMatching(sql), parameters: expect.arrayContaining([projectKey]), plan: expect.stringMatching(PLAN) }))])
  })

  test('must be an admin', async () => {
    expect([(await ask('overview?', undefined, 'viewer')).status, (await ask('overview?', undefined, 'nobody')).status, (await ask('paths', { eventName: 'buy' }, 'nobody')).status]).toEqual([403, 401, 401])
  })

  test('gets the numbers without it, and as CSV', async () => {
    expect((await app.get(`/v1/reports/top-events?projectKey=${projectKey}`, { as: 'admin' })).body).toEqual({
      projectKey,
      events: ['app_open', 'buy', 'search'].map((eventName) => ({ eventName, count: 1, uniqueUsers: 1 })),
    })
    expect((await app.get(`/v1/reports/top-events?projectKey=${projectKey}`, { as: 'admin', headers: { accept: 'text/csv' } })).body).toBe('eventName,count,uniqueUsers\r\napp_open,1,1\r\nbuy,1,1\r\nsearch,1,1\r\n')
  })
})
