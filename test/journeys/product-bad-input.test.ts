import { afterAll, beforeAll, expect, test } from 'vitest'
import { wellFormed } from '../../src/core/text.ts'
import { iso } from '../../src/core/time.ts'
import { type TestApp, testApp } from '../support/app.ts'
import type { Answer } from '../support/ask.ts'
import { onEveryEngine } from '../support/engines.ts'

onEveryEngine('what no product may ask or send is refused', (engine) => {
  let app: TestApp
  beforeAll(async () => {
    app = await testApp(engine, { env: { RATE_LIMIT_EVENTS: '100000' } })
  })
  afterAll(() => app.close())

  const post = (path: string, body: object | string, headers: Record<string, string> = {}): Promise<Answer> =>
    app.ask('POST', path, { body, headers: { 'content-type': 'application/json', ...headers } })
  const get = (report: string, query: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> =>
    app.ask('GET', `/v1/reports/${report}?${new URLSearchParams(query)}`, { headers })
  const given = async (events: object[] = []): Promise<string> => {
    const { projectKey } = (await post('/v1/projects', { name: 'Given' })).body as { projectKey: string }
    if (events.length > 0) expect(await post('/v1/events/batch', { projectKey, events })).toMatchObject({ status: 200, body: { inserted: events.length } })
    return projectKey
  }
  const event = (eventName: string, more: object = {}): object => ({ eventName, timestamp: '2025-01-06T10:00:00Z', anonymousId: 'anon-1', ...more })

  test.each([['a1b2c3d4e5f6'], ['A1B2C3D4E5F6'], [''], ["' or 1=1 --"], ['x'.repeat(5_000)], ['\0']])('as unknown (%#)', async (projectKey) => {
    const error = `Project with key '${projectKey.slice(0, 100)}' not found`
    const answers = await Promise.all([
      post('/v1/events/batch', { projectKey, events: [event('x')] }),
      get('overview', { projectKey }),
      get('top-events', { projectKey }),
      get('events-timeseries', { projectKey }),
      get('conversion', { projectKey, eventName: 'x' }),
      get('retention', { projectKey }),
      post('/v1/reports/funnel', { projectKey, steps: ['a', 'b'] }),
      post('/v1/reports/paths', { projectKey, eventName: 'x' }),
      post('/v1/reports/query', { projectKey, metrics: ['events'] }),
    ])
    for (const { status, body } of answers) expect([status, body]).toEqual([403, { error }])
  })

  test('while it is switched off', async () => {
    const projectKey = await given([event('open')])
    expect((await app.patch(`/v1/projects/${projectKey}`, { isActive: false, name: 'Off' })).body).toMatchObject({ name: 'Off', isActive: false })
    const error = `Project with key '${projectKey}' not found`
    expect(await post('/v1/events/batch', { projectKey, events: [event('x')] })).toMatchObject({ status: 403, body: { error } })
    expect(await get('overview', { projectKey })).toMatchObject({ status: 403, body: { error } })
    expect(await post('/v1/reports/query', { projectKey, metrics: ['events'] })).toMatchObject({ status: 403, body: { error } })
    expect((await app.ask('GET', `/v1/projects?projectKey=${projectKey}`)).body).toMatchObject({ projects: [{ isActive: false }] })
    await app.patch(`/v1/projects/${projectKey}`, { isActive: true })
    expect((await get('overview', { projectKey })).body).toMatchObject({ totalEvents: 1 })
    expect((await app.patch('/v1/projects/a1b2c3d4e5f6', { isActive: true })).status).toBe(404)
  })

  test.each<[string, string, Record<string, string>]>([
    ['overview', 'from', { from: '2025-01-10', to: '2025-01-01' }],
    ['overview', 'from', { from: '2025-01-10T00:00:00Z', to: '2025-01-10T00:00:00Z' }],
    ['overview', 'from', { from: 'yesterday' }],
    ['overview', 'to', { to: '2025-02-30' }],
    ['overview', 'timezone', { timezone: 'Europe/Atlantis' }],
    ['overview', 'timezone', { timezone: '+02:00' }],
    ['overview', 'timezone', { timezone: 'x'.repeat(8_192) }],
    ['overview', 'filter', { 'filter[]': 'x' }],
    ['overview', 'filter', { [`filter[${'k'.repeat(300)}]`]: 'x' }],
    ['overview', 'filter', { 'filter[k]': 'v'.repeat(1_001) }],
    ['overview', 'filter', Object.fromEntries(Array.from({ length: 11 }, (_, at) => [`filter[k${at}]`, 'x']))],
    ['top-events', 'limit', { limit: '0' }],
    ['top-events', 'limit', { limit: '1000000000' }],
    ['top-events', 'limit', { limit: '-1' }],
    ['top-events', 'limit', { limit: '1.5' }],
    ['top-events', 'limit', { limit: '1e99' }],
    ['events-timeseries', 'interval', { interval: 'minute' }],
    ['events-timeseries', 'interval', { interval: '' }],
    ['events-timeseries', 'interval', { interval: 'hour', from: '2000-01-01', to: '2025-01-01' }],
    ['events-timeseries', 'eventName', { eventName: '' }],
    ['events-timeseries', 'eventName', { eventName: 'x'.repeat(8_192) }],
    ['events-timeseries', 'eventName', { eventName: 'a\0b' }],
    ['conversion', 'eventName', {}],
    ['conversion', 'eventName', { eventName: '\0' }],
    ['retention', 'interval', { interval: 'month' }],
    ['retention', 'periods', { periods: '91' }],
  ])('by %s, for its %s (%#)', async (report, field, query) => {
    const { status, body } = await get(report, { projectKey: await given(), ...query })
    expect([status, body]).toEqual([400, { error: expect.stringContaining(field) }])
  })

  test('by a time series of more buckets than fit, also where its events alone set the range', async () => {
    const projectKey = await given()
    for (let at = 0; at < 10_001; at += 1_000) {
      const events = Array.from({ length: Math.min(1_000, 10_001 - at) }, (_, hour) => event('tick', { timestamp: iso(Date.UTC(2020, 0, 1, at + hour)) }))
      expect(await post('/v1/events/batch', { projectKey, events })).toMatchObject({ status: 200 })
    }
    expect(await get('events-timeseries', { projectKey, interval: 'hour' })).toMatchObject({ status: 400, body: { error: expect.stringContaining('10000') } })
    const { body } = await get('events-timeseries', { projectKey, interval: 'hour', from: '2020-01-01T01:00:00Z' })
    expect((body as { series: { count: number }[] }).series.map(({ count }) => count)).toEqual(Array.from({ length: 10_000 }, () => 1))
  })

  test.each([
    ['steps', undefined],
    ['steps', []],
    ['steps', ['a']],
    ['steps', Array.from({ length: 21 }, () => 'a')],
    ['steps', ['a', 'x'.repeat(8_192)]],
    ['steps', ['a', '']],
    ['steps', ['a', 7]],
    ['steps', ['a', 'b\0']],
    ['steps', 'a,b'],
  ])('by a funnel, for its %s (%#)', async (field, steps) => {
    const { status, body } = await post('/v1/reports/funnel', { projectKey: await given(), steps })
    expect([status, body]).toEqual([400, { error: expect.stringContaining(field) }])
  })

  test('event by event, each by its index', async () => {
    const projectKey = await given()
    const { status, body } = await post('/v1/events/batch', {
      projectKey,
      events: [event('good'), { eventName: 'nobody' }, { ...event('x'), eventName: '' }, null, event('x'.repeat(8_192)), event('good', { eventId: 'a\nb' }), event('good', { properties: [] }), event('good', { properties: { big: 'x'.repeat(33_000) } }), event('good')],
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({ received: 9, inserted: 2, duplicates: 0 })
    expect((body as { errors: object[] }).errors).toEqual(
      [['anonymousId', 1], ['eventName', 2], ['event', 3], ['eventName', 4], ['eventId', 5], ['properties', 6], ['properties', 7]].map(([field, index]) => ({ index, field, error: expect.any(String) })),
    )
    expect(await post('/v1/events/batch', { projectKey, events: [{ eventName: 'nobody' }] })).toMatchObject({ status: 400, body: { error: expect.stringContaining('anonymousId'), inserted: 0 } })
    expect((await get('overview', { projectKey })).body).toMatchObject({ totalEvents: 2 })
  })

  test('with more than 1,000 events at once, or none', async () => {
    const projectKey = await given()
    const events = Array.from({ length: 1_001 }, () => event('x'))
    expect(await post('/v1/events/batch', { projectKey, events })).toMatchObject({ status: 413, body: { error: expect.stringContaining('1000') } })
    expect(await post('/v1/events/batch', { projectKey, events: [] })).toMatchObject({ status: 400 })
    expect(await post('/v1/events/batch', { projectKey })).toMatchObject({ status: 400 })
    expect((await post('/v1/events/batch', { projectKey, events: events.slice(1) })).body).toMatchObject({ received: 1_000, inserted: 1_000 })
    expect((await get('overview', { projectKey })).body).toMatchObject({ totalEvents: 1_000 })
  })

  test.each([['NUL', 'a\0b'], ['a lone surrogate', 'a\ud800b']])('nothing for %s: it is kept as U+FFFD', async (_, text) => {
    const projectKey = await given([{ eventName: text, timestamp: '2025-01-06T10:00:00Z', anonymousId: text, sessionId: text, properties: { [text]: text } }])
    expect((await get('top-events', { projectKey })).body).toMatchObject({ events: [{ eventName: 'a\ufffdb', count: 1 }] })
    expect((await get('overview', { projectKey, 'filter[a\ufffdb]': 'a\ufffdb' })).body).toMatchObject({ totalEvents: 1 })
    expect(await post('/v1/projects', { name: text })).toMatchObject({ status: 200, body: { name: 'a\ufffdb' } })
    expect((await app.ask('GET', `/v1/projects?projectKey=${encodeURIComponent(wellFormed(text))}`)).body).toEqual({ projects: [] })
    expect((await app.ask('GET', '/v1/projects?projectKey=%00')).body).toEqual({ projects: [] })
  })

  test.each([
    ['metrics', { metrics: ['id'] }],
    ['metrics', { metrics: [] }],
    ['metrics', { metrics: ['first_at'] }],
    ['by', { by: ['ts; drop table events'] }],
    ['by', { by: ['toString'] }],
    ['by', { by: ['property:'] }],
    ['by', { by: ['event', 'event'] }],
    ['by', { by: ['property:a', 'property:b'] }],
    ['where', { where: { project: 'another' } }],
    ['where', { where: { __proto__: null, 'name) or (1': 'x' } }],
    ['where', { where: { name: { $ne: '' } } }],
    ['where', { where: { machine: 'false' } }],
    ['where', { where: { name: [] } }],
    ['limit', { limit: 10_001 }],
    ['interval', { interval: 'minute' }],
  ])('by the open question, for its %s (%#)', async (field, wrong) => {
    const { status, body } = await post('/v1/reports/query', { projectKey: await given(), metrics: ['events'], ...wrong })
    expect([status, body]).toEqual([400, { error: expect.stringContaining(field) }])
  })
})
