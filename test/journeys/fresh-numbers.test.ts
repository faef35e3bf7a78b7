import { afterEach, beforeEach, expect, test } from 'vitest'
import { type TestApp, testApp } from '../support/app.ts'
import { onEngine, onEveryEngine } from '../support/engines.ts'

let app: TestApp
let projectKey: string

const prepare = async (opened: TestApp): Promise<void> => {
  app = opened
  projectKey = ((await app.post('/v1/projects', { name: 'Shop' }, { as: 'admin' })).body as { projectKey: string }).projectKey
}
const happens = async (userId: string, at: TestApp = app): Promise<void> => {
  const event = { eventName: 'opened', userId, timestamp: new Date(app.clock.at).toISOString(), properties: { plan: 'team' } }
  expect((await at.post('/v1/events/batch', { projectKey, events: [event] })).status).toBe(200)
}
const opened = async (at: TestApp = app, more = ''): Promise<unknown> => {
  const { status, body } = await at.get(`/v1/reports/overview?projectKey=${projectKey}&filter[plan]=team${more}`, { as: 'admin' })
  expect(status).toBe(200)
  return (body as { totalEvents: number }).totalEvents
}

onEveryEngine('numbers that were asked for before', (engine) => {
  beforeEach(async () => prepare(await testApp(engine)))
  afterEach(() => app.close())

  test('hold what was acknowledged since, however many ask', async () => {
    for (let at = 1; at <= 5; at++) {
      await happens(`u${at}`)
      expect(await Promise.all(Array.from({ length: 10 }, () => opened()))).toEqual(Array(10).fill(at))
    }
  })

  test('hold nothing more of who was erased since', async () => {
    await happens('ada')
    await happens('bob')
    expect(await opened()).toBe(2)
    expect((await app.ask('DELETE', '/api/privacy/person?userId=ada', { headers: await app.as('admin') })).status).toBe(200)
    expect(await opened()).toBe(1)
  })
})

onEveryEngine('numbers that may be a minute old', (engine) => {
  beforeEach(async () => prepare(await testApp(engine, { env: { REPORT_CACHE_MS: '60000' } })))
  afterEach(() => app.close())

  test('are those of before, and with fresh=true hold all that was acknowledged', async () => {
    await happens('ada')
    expect(await opened()).toBe(1)
    await happens('bob')
    expect([await opened(), await opened(app, '&fresh=true'), await opened()]).toEqual([1, 2, 2])
  })
})

onEngine('postgres', 'numbers that were asked for before, of two servers on one database', (engine) => {
  beforeEach(async () => prepare(await testApp(engine)))
  afterEach(() => app.close())

  test('hold what the other one has stored since', async () => {
    const other = await app.neighbour()
    try {
      await happens('ada')
      expect(await Promise.all([opened(), opened(other)])).toEqual([1, 1])
      await happens('bob', other)
      expect(await Promise.all([opened(), opened(other)])).toEqual([2, 2])
      expect((await app.ask('DELETE', '/api/privacy/person?userId=ada', { headers: await app.as('admin') })).status).toBe(200)
      expect(await Promise.all([opened(), opened(other)])).toEqual([1, 1])
    } finally {
      await other.close()
    }
  })
})
