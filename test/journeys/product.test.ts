import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY_MS, iso } from '../../src/core/time.ts'
import { START, type TestApp, testApp } from '../support/app.ts'
import type { Answer } from '../support/ask.ts'
import { onEveryEngine } from '../support/engines.ts'

const KEY = /^[0-9a-f]{12}$/
const RANGE = { from: '2025-01-01T00:00:00Z', to: '2025-01-10T00:00:00Z' }
const ISO_RANGE = { from: '2025-01-01T00:00:00.000Z', to: '2025-01-10T00:00:00.000Z' }

interface Project {
  name: string
  projectKey: string
  createdAt: string
  isActive: boolean
}

onEveryEngine('a product', (engine) => {
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
    const { projectKey } = (await post('/v1/projects', { name: 'Given' })).body as Project
    if (events.length > 0) expect(await post('/v1/events/batch', { projectKey, events })).toMatchObject({ status: 200, body: { inserted: events.length } })
    return projectKey
  }
  const event = (eventName: string, more: object = {}): object => ({ eventName, timestamp: '2025-01-06T10:00:00Z', anonymousId: 'anon-1', ...more })

  describe('by the quick start', () => {
    let projectKey: string

    test('is made', async () => {
      const { status, body } = await post('/v1/projects', '{"name": "Demo App"}')
      expect(status).toBe(200)
      expect(body).toEqual({ name: 'Demo App', projectKey: expect.stringMatching(KEY), createdAt: iso(START), isActive: true })
      projectKey = (body as Project).projectKey
      expect((await app.ask('GET', `/v1/projects?projectKey=${projectKey}`)).body).toEqual({ projects: [body] })
      expect(((await app.ask('GET', '/v1/projects')).body as { projects: Project[] }).projects).toContainEqual(body)
    })

    test('takes events as text, as pages send them without asking first', async () => {
      const batch = JSON.stringify({ projectKey: await given(), events: [event('seen', { eventId: 'seen-1' })] })
      expect(await post('/v1/events/batch', batch, { 'content-type': 'text/plain;charset=UTF-8' })).toMatchObject({ status: 200, body: { inserted: 1, duplicates: 0 } })
      expect(await post('/v1/events/batch', batch)).toMatchObject({ status: 200, body: { inserted: 0, duplicates: 1 } })
    })

    test('sends events', async () => {
      const body = `{
    "projectKey": "${projectKey}",
    "events": [
      {
        "eventName": "app_open",
        "timestamp": "2025-01-06T10:00:00Z",
        "anonymousId": "anon-1"
      },
      {
        "eventName": "purchase_success",
        "timestamp": "2025-01-06T10:05:00Z",
        "anonymousId": "anon-1",
        "userId": "user-123"
      }
    ]
  }`
      expect(await post('/v1/events/batch', body)).toMatchObject({ status: 200, body: { received: 2, inserted: 2, duplicates: 0, errors: [] } })
    })

    test('has an overview', async () => {
      const { status, body } = await get('overview', { projectKey })
      expect([status, body]).toEqual([200, { projectKey, from: null, to: null, totalEvents: 2, uniqueUsers: 1, uniqueEventNames: 2 }])
      expect((await get('overview', { projectKey, ...RANGE })).body).toEqual({ ...(body as object), ...ISO_RANGE })
    })

    test('has its top events', async () => {
      expect((await get('top-events', { projectKey, limit: '10' })).body).toEqual({
        projectKey,
        events: [
          { eventName: 'app_open', count: 1, uniqueUsers: 1 },
          { eventName: 'purchase_success', count: 1, uniqueUsers: 1 },
        ],
      })
    })

    test('has a time series, with days of nothing', async () => {
      expect((await get('events-timeseries', { projectKey, interval: 'day', ...RANGE })).body).toEqual({
        projectKey,
        interval: 'day',
        series: Array.from({ length: 9 }, (_, day) => ({ timestamp: iso(Date.UTC(2025, 0, 1 + day)), count: day === 5 ? 2 : 0, uniqueUsers: day === 5 ? 1 : 0 })),
      })
    })

    test('has a funnel', async () => {
      const steps = ['app_open', 'screen_view', 'login_success', 'purchase_success']
      expect((await post('/v1/reports/funnel', { projectKey, steps, ...RANGE })).body).toEqual({
        projectKey,
        steps: steps.map((eventName, at) => ({
          step: at + 1,
          eventName,
          users: at === 0 ? 1 : 0,
          conversionRate: at === 0 ? 100 : 0,
          stepConversionRate: at === 0 ? 100 : 0,
          dropOff: at === 1 ? 1 : 0,
          medianSeconds: null,
        })),
      })
      expect((await post('/v1/reports/funnel', { projectKey, steps: ['app_open', 'purchase_success'] })).body).toMatchObject({ steps: [{ users: 1 }, { users: 1, conversionRate: 100, medianSeconds: 300 }] })
      expect((await post('/v1/reports/funnel', { projectKey, steps: ['app_open', 'purchase_success'], windowSeconds: 299 })).body).toMatchObject({ steps: [{ users: 1 }, { users: 0, dropOff: 1 }] })
    })

    test('has a conversion', async () => {
      expect((await get('conversion', { projectKey, eventName: 'purchase_success', ...RANGE })).body).toEqual({
        projectKey,
        eventName: 'purchase_success',
        totalUsers: 1,
        convertedUsers: 1,
        conversionRate: 100,
      })
    })
  })

  describe('asks what no report foresaw', () => {
    test('by time and a property', async () => {
      const projectKey = await given([event('buy', { properties: { plan: 'pro' } }), event('buy', { properties: { plan: 'free' }, timestamp: '2025-01-06T23:30:00Z' }), event('view')])
      const query = { projectKey, metrics: ['events', 'users'], by: ['time', 'property:plan'], where: { name: 'buy', machine: false }, timezone: 'Europe/Berlin', interval: 'day' }
      const rows = [
        { time: '2025-01-05T23:00:00.000Z', property: 'pro', events: 1, users: 1 },
        { time: '2025-01-06T23:00:00.000Z', property: 'free', events: 1, users: 1 },
      ]
      expect(await post('/v1/reports/query', query)).toMatchObject({ status: 200, body: { projectKey, rows } })
      expect((await post('/v1/reports/query', { ...query, by: [] })).body).toEqual({ projectKey, rows: [{ events: 2, users: 1 }] })
      expect((await post('/v1/reports/query', { ...query, filter: { plan: 'pro' }, by: ['event'] })).body).toEqual({ projectKey, rows: [{ event: 'buy', events: 1, users: 1 }] })
    })
  })

  describe('counts', () => {
    test('a person once, also in events from before the name was known', async () => {
      const projectKey = await given([
        event('open', { timestamp: '2025-01-01T10:00:00Z' }),
        event('open', { timestamp: '2025-01-02T10:00:00Z', anonymousId: 'anon-2' }),
        event('open', { timestamp: '2025-01-02T11:00:00Z', anonymousId: 'anon-3' }),
      ])
      expect((await get('overview', { projectKey })).body).toMatchObject({ totalEvents: 3, uniqueUsers: 3 })
      await post('/v1/events/batch', { projectKey, events: [event('login', { userId: 'ada', timestamp: '2025-01-03T10:00:00Z' }), event('login', { userId: 'ada', anonymousId: 'anon-2' })] })
      // Whom an id was first seen with stays; a user who comes without one is the same person.
      await post('/v1/events/batch', { projectKey, events: [event('login', { userId: 'eve', anonymousId: 'anon-2' }), { eventName: 'login', userId: 'ada', timestamp: '2025-01-04T00:00:00Z' }] })
      expect((await get('overview', { projectKey })).body).toMatchObject({ totalEvents: 7, uniqueUsers: 3 })
      expect((await get('overview', { projectKey, to: '2025-01-03' })).body).toMatchObject({ totalEvents: 4, uniqueUsers: 2 })
      expect((await get('conversion', { projectKey, eventName: 'login' })).body).toMatchObject({ totalUsers: 3, convertedUsers: 2, conversionRate: 66.67 })
      expect((await post('/v1/reports/funnel', { projectKey, steps: ['open', 'login'] })).body).toMatchObject({ steps: [{ users: 2 }, { users: 1 }] })
      expect((await get('retention', { projectKey, interval: 'day', periods: '2' })).body).toMatchObject({ cohorts: [{ users: 1, periods: [{ users: 1 }, { users: 1 }, { users: 1 }] }, { users: 1 }, { users: 1 }] })
      // Another project's ids are other people.
      const other = await given([event('open'), event('open', { anonymousId: 'anon-2' })])
      expect((await get('overview', { projectKey: other })).body).toMatchObject({ uniqueUsers: 2 })
    })

    test('an event id once', async () => {
      const projectKey = await given([event('buy', { eventId: 'order-1' })])
      const again = { projectKey, events: [event('buy', { eventId: 'order-1' }), event('buy', { eventId: 'order-2' }), event('buy', { eventId: 'order-2' })] }
      expect((await post('/v1/events/batch', again)).body).toEqual({ received: 3, inserted: 1, duplicates: 2, errors: [] })
      expect((await post('/v1/events/batch', again)).body).toEqual({ received: 3, inserted: 0, duplicates: 3, errors: [] })
      expect((await get('overview', { projectKey })).body).toMatchObject({ totalEvents: 2 })
      expect((await post('/v1/events/batch', { ...again, projectKey: await given() })).body).toMatchObject({ inserted: 2, duplicates: 1 })
    })

    test('a request once, by its Idempotency-Key', async () => {
      const projectKey = await given()
      const headers = { 'idempotency-key': `batch-of-${projectKey}` }
      const first = await post('/v1/events/batch', { projectKey, events: [event('buy')] }, headers)
      expect((await post('/v1/events/batch', { projectKey, events: [event('buy')] }, headers)).body).toEqual(first.body)
      expect((await post('/v1/events/batch', { projectKey, events: [event('sell')] }, headers)).status).toBe(409)
      expect((await get('overview', { projectKey })).body).toMatchObject({ totalEvents: 1 })
    })

    test('no event without a time, and none in the future', async () => {
      const late = iso(START + 2 * DAY_MS)
      const projectKey = await given([event('a', { timestamp: null }), event('a', { timestamp: 'soon' }), event('a', { timestamp: 1_736_157_600 }), event('a', { timestamp: {} }), event('b', { timestamp: late })])
      expect((await get('overview', { projectKey })).body).toMatchObject({ totalEvents: 1, uniqueEventNames: 1 })
      expect((await get('events-timeseries', { projectKey, interval: 'hour' })).body).toMatchObject({ series: [{ timestamp: '2026-11-22T14:00:00.000Z', count: 1 }] })
      expect((await post('/v1/reports/query', { projectKey, metrics: ['events'], by: ['property:sent_time'] })).body).toMatchObject({ rows: [{ property: late, events: 1 }] })
    })

    test('properties by names and values of any letters', async () => {
      const properties = { 'a.b': 'dot', 'x"y': 'quote', "it's": "o'neil", '$.plan': 'dollar', '/plan': 'slash', '~1': 'tilde', größe: 'ü', ' ': 'blank', '%': '100%', deep: { plan: 'no' } }
      const projectKey = await given([event('buy', { properties }), event('buy', { properties: { plan: 'other', a: { b: 'dot' } } })])
      for (const [key, value] of Object.entries(properties).slice(0, -1)) {
        expect((await get('overview', { projectKey, [`filter[${key}]`]: value as string })).body).toMatchObject({ totalEvents: 1 })
        expect((await post('/v1/reports/funnel', { projectKey, steps: ['buy', 'buy'], filter: { [key]: value } })).body).toMatchObject({ steps: [{ users: 1 }, { users: 0 }] })
        expect((await post('/v1/reports/query', { projectKey, metrics: ['events'], by: [`property:${key}`] })).body).toMatchObject({ rows: [{ property: value, events: 1 }, { property: null, events: 1 }] })
      }
      expect((await get('overview', { projectKey, 'filter[__proto__]': 'x' })).body).toMatchObject({ totalEvents: 0 })
    })
  })

  describe('has every report as CSV', () => {
    const text = { accept: 'text/csv' }
    let projectKey: string
    beforeAll(async () => {
      projectKey = await given([event('=1+1'), event('+x', { anonymousId: 'b' }), event('a,"b"\r\nc', { anonymousId: 'b', timestamp: '2025-01-06T10:01:00Z', properties: { plan: '@sum' } })])
    })

    const csv = (answer: Answer): string[][] => {
      expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'text/csv; charset=utf-8', vary: expect.stringMatching(/accept/i) } })
      return parsed(answer.body as string)
    }

    test('of the named reports', async () => {
      expect(csv(await get('overview', { projectKey }, text))).toEqual([['totalEvents', 'uniqueUsers', 'uniqueEventNames'], ['3', '2', '3']])
      expect(csv(await get('top-events', { projectKey }, text))).toEqual([['eventName', 'count', 'uniqueUsers'], ["'+x", '1', '1'], ["'=1+1", '1', '1'], ['a,"b"\r\nc', '1', '1']])
      expect(csv(await get('events-timeseries', { projectKey }, text))).toEqual([['timestamp', 'count', 'uniqueUsers'], ['2025-01-06T00:00:00.000Z', '3', '2']])
      expect(csv(await get('conversion', { projectKey, eventName: '=1+1' }, text))).toEqual([['eventName', 'totalUsers', 'convertedUsers', 'conversionRate'], ["'=1+1", '2', '1', '50']])
      expect(csv(await get('retention', { projectKey, periods: '1' }, text))).toEqual([['cohort', 'period', 'users', 'rate'], ['2025-01-06T00:00:00.000Z', '0', '2', '100'], ['2025-01-06T00:00:00.000Z', '1', '0', '0']])
    })

    test('of the asked ones', async () => {
      expect(csv(await post('/v1/reports/funnel', { projectKey, steps: ['+x', 'a,"b"\r\nc'] }, text))).toEqual([
        ['step', 'eventName', 'users', 'conversionRate', 'stepConversionRate', 'dropOff', 'medianSeconds'],
        ['1', "'+x", '1', '100', '100', '0', ''],
        ['2', 'a,"b"\r\nc', '1', '100', '100', '0', '60'],
      ])
      expect(csv(await post('/v1/reports/paths', { projectKey, eventName: '+x', steps: 2 }, text))).toEqual([['step', 'eventName', 'count'], ['1', 'a,"b"\r\nc', '1'], ['2', '', '1']])
      expect(csv(await post('/v1/reports/query', { projectKey, metrics: ['events'], by: ['property:plan'] }, text))).toEqual([['property', 'events'], ['', '2'], ["'@sum", '1']])
    })
  })
})

/** The cells of CSV by RFC 4180. */
function parsed(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(quoted === undefined ? (plain as string) : quoted.replaceAll('""', '"'))
    if (end === ',') continue
    rows.push(row)
    row = []
  }
  return rows
}
