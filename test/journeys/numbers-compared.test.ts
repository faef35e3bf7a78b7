import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from '../support/app.ts'
import { onEveryEngine } from '../support/engines.ts'
import { givenLead, tokenOf } from '../support/mails.ts'

const NONE = { events: 0, humanEvents: 0, machineEvents: 0 }

onEveryEngine('numbers beside those of the period before', (engine) => {
  let app: TestApp
  let projectKey: string
  beforeAll(async () => {
    app = await testApp(engine)
    await app.given.link({ tracking_id: 'known' })
    const click = (clicked_at: string, session_id: string, more: object = {}) => ({ tracking_id: 'known', clicked_at, session_id, ...more })
    await app.given.clicks([
      click('2026-11-22T09:00:00Z', 'a'),
      click('2026-11-22T10:00:00Z', 'b'),
      click('2026-11-22T10:00:00Z', 'b', { user_agent: 'Googlebot/2.1 (+http://www.google.com/bot.html)' }),
      click('2026-11-21T10:00:00Z', 'a'),
      // Later than it is now, a day later: not yet to be compared with.
      click('2026-11-21T20:00:00Z', 'a'),
      { ...click('2026-11-22T11:00:00Z', 'a'), tracking_id: 'other' },
    ])
    await app.post('/api/tracking/capture', { referrer: 'r', campaign: 'c', landingPage: '/', timestamp: '2026-11-22T12:00:00Z' }, { as: 'nobody' })
    projectKey = ((await app.post('/v1/projects', { name: 'P' }, { as: 'admin' })).body as { projectKey: string }).projectKey
    const events = ['2026-11-22T13:00:00Z', '2026-11-21T13:00:00Z', '2026-11-21T23:00:00Z'].map((timestamp) => ({ eventName: 'open', userId: 'u', timestamp }))
    await app.post('/v1/events/batch', { projectKey, events }, { as: 'nobody' })
  })
  afterAll(() => app.close())

  const numbers = async (query: string) => (await app.get(`/api/numbers?${query}`, { as: 'viewer' })).body

  test('one link’s day', async () => {
    const day = (date: string, events: number, human: number) => ({ timestamp: `${date}T00:00:00.000Z`, events, humanEvents: human, machineEvents: events - human })
    expect(await numbers('from=2026-11-22&to=2026-11-22&source=link&trackingId=known')).toEqual({
      from: '2026-11-22T00:00:00.000Z',
      to: '2026-11-23T00:00:00.000Z',
      timezone: 'UTC',
      interval: 'day',
      sources: [
        {
          source: 'link',
          total: { events: 3, humanEvents: 2, machineEvents: 1, visitors: expect.any(Number) },
          series: [day('2026-11-22', 3, 2)],
          before: {
            from: '2026-11-21T00:00:00.000Z',
            to: '2026-11-22T00:00:00.000Z',
            // Until 14:30, as much as has passed of today.
            total: { events: 1, humanEvents: 1, machineEvents: 0, visitors: 1 },
            series: [day('2026-11-21', 2, 2)],
          },
          top: [{ name: 'known', events: 3, humanEvents: 2, machineEvents: 1 }],
        },
      ],
    })
  })

  test('all sources, by hour, in a zone', async () => {
    const { sources } = (await numbers('from=2026-11-22&to=2026-11-22&interval=hour&timezone=Europe/Berlin')) as { sources: { source: string; total: { events: number }; series: { timestamp: string; events: number }[]; top: { name: string }[] }[] }
    expect(sources.map(({ source, total, series, top }) => [source, total.events, series.length, series[0]?.timestamp, top.map(({ name }) => name)])).toEqual([
      ['link', 4, 24, '2026-11-21T23:00:00.000Z', ['known', 'other']],
      ['web', 1, 24, '2026-11-21T23:00:00.000Z', ['c']],
      // The event at 23:00 UTC is one of this day in Berlin.
      ['product', 2, 24, '2026-11-21T23:00:00.000Z', ['open']],
      ['email', 0, 24, '2026-11-21T23:00:00.000Z', []],
    ])
  })

  test('a period in which nothing was', async () => {
    const { sources } = (await numbers('from=2020-01-01&to=2020-01-02&source=web&campaign=none')) as { sources: object[] }
    expect(sources).toEqual([
      {
        source: 'web',
        total: { ...NONE, visitors: 0 },
        series: ['2020-01-01', '2020-01-02'].map((date) => ({ timestamp: `${date}T00:00:00.000Z`, ...NONE })),
        before: { from: '2019-12-30T00:00:00.000Z', to: '2020-01-01T00:00:00.000Z', total: { ...NONE, visitors: 0 }, series: ['2019-12-30', '2019-12-31'].map((date) => ({ timestamp: `${date}T00:00:00.000Z`, ...NONE })) },
        top: [],
      },
    ])
  })

  test.each([
    ['from=2026-11-22', 'to'],
    ['to=2026-11-22', 'from'],
    ['from=2026-11-22&to=2026-11-21', 'from'],
    ['from=2026-11-22&to=2026-11-22&timezone=Nowhere', 'timezone'],
    ['from=2026-11-22&to=2026-11-22&source=mail', 'source.0'],
    ['from=2026-11-22&to=2026-11-22&campaign=%00', 'campaign'],
    ['from=2006-11-22&to=2026-11-22&interval=hour', 'interval'],
  ])('%s names %s', async (query, field) => {
    const { status, body } = await app.get(`/api/numbers?${query}`, { as: 'viewer' })
    expect([status, (body as { details: { field: string }[] }).details.map((one) => one.field)]).toEqual([400, [field]])
  })

  test('product numbers are for admins in production', async () => {
    const live = await testApp(engine, { env: { ENV: 'production' } })
    const ask = async (as: 'viewer' | 'admin', source = '') => {
      const { status, body } = await live.get(`/api/numbers?from=2026-11-22&to=2026-11-22${source}`, { as })
      return [status, (body as { sources?: { source: string }[] }).sources?.map((one) => one.source)]
    }
    expect([await ask('admin'), await ask('viewer'), await ask('viewer', '&source=product')]).toEqual([
      [200, ['link', 'web', 'product', 'email']],
      [200, ['link', 'web', 'email']],
      [403, undefined],
    ])
    await live.close()
  })

  test('a product’s reports have the period before beside them where it is asked for', async () => {
    const scope = `projectKey=${projectKey}&from=2026-11-22&to=2026-11-22&compare=true`
    const { body: overview } = await app.get(`/v1/reports/overview?${scope}`)
    const own = { projectKey, totalEvents: 1, uniqueUsers: 1, uniqueEventNames: 1 }
    expect(overview).toEqual({
      ...own,
      from: '2026-11-22T00:00:00.000Z',
      to: '2026-11-23T00:00:00.000Z',
      before: { ...own, from: '2026-11-21T00:00:00.000Z', to: '2026-11-21T14:30:00.000Z' },
    })
    const { body: withTop } = await app.get(`/v1/reports/overview?${scope}&top=5`)
    expect(withTop).toEqual({ ...(overview as object), top: [{ eventName: 'open', count: 1, uniqueUsers: 1 }] })
    const { body: series } = await app.get(`/v1/reports/events-timeseries?${scope}`)
    expect(series).toEqual({ projectKey, interval: 'day', series: [{ timestamp: '2026-11-22T00:00:00.000Z', count: 1, uniqueUsers: 1 }], before: [{ timestamp: '2026-11-21T00:00:00.000Z', count: 2, uniqueUsers: 1 }] })
    expect((await app.get(`/v1/reports/overview?projectKey=${projectKey}&compare=true`)).body).toEqual({ error: 'compare needs from and to.' })
  })

  test('so have the numbers of mails', async () => {
    await app.post('/api/v1/campaigns', { name: 'Autumn' })
    const now = app.clock.at
    // What came yesterday later in the day than it is now is not held against today.
    for (const [at, opens] of [[now, 1], [now - 25 * 3_600_000, 2], [now - 20 * 3_600_000, 1]] as const) {
      app.clock.at = at
      for (let lead = 0; lead < opens; lead++) {
        const { id } = await givenLead(app, { email: `${at}-${lead}@example.com` })
        await app.click(`/api/v1/tracking/open/${tokenOf(app, id)}`)
      }
    }
    app.clock.at = now
    const { body } = await app.get('/api/v1/campaigns/analytics?campaign_id=1&from=2026-11-22&to=2026-11-22&compare=true')
    expect(body).toMatchObject({ opens: { total: 1, unique: 1, machine: 0 }, before: { sent: 0, opens: { total: 2, unique: 2, machine: 0 }, clicks: { total: 0, unique: 0, machine: 0 } } })
    const open = await app.get('/api/v1/campaigns/analytics?compare=true')
    expect([open.status, open.body]).toEqual([400, { detail: 'compare: needs from and to' }])
  })

  test('a list of links has the clicks of each where they are asked for', async () => {
    const { body } = await app.get('/api/link-tracking/links?counts=true')
    expect((body as { links: object[] }).links).toEqual([expect.objectContaining({ tracking_id: 'known', clicks: 5, human_clicks: 4, machine_clicks: 1 })])
  })

  test('captures can be narrowed to one campaign', async () => {
    const of = async (campaign: string) => ((await app.get(`/api/tracking/stats?campaign=${campaign}`, { as: 'viewer' })).body as { totalEvents: number }).totalEvents
    expect([await of('c'), await of('none')]).toEqual([1, 0])
  })
})
