import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY_MS, iso } from '../../src/core/time.ts'
import { CHROME, type Counts, START, type TestApp, testApp } from '../support/app.ts'
import { onEveryEngine } from '../support/engines.ts'

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0'
const NONE: Counts = { clicks: 0, human_clicks: 0, machine_clicks: 0, unique_visitors: 0 }
const counts = (clicks: number, unique_visitors = 0, machine_clicks = 0): Counts => ({ clicks, human_clicks: clicks - machine_clicks, machine_clicks, unique_visitors })

onEveryEngine('the numbers of a link', (engine) => {
  let app: TestApp
  let links = 0
  beforeAll(async () => {
    app = await testApp(engine)
  })
  afterAll(() => app.close())

  const given = async (clicks: Record<string, unknown>[] = []) => {
    const { tracking_id } = await app.given.link({ tracking_id: `numbers-${++links}` })
    if (clicks.length > 0) await app.given.clicks(clicks.map((click) => ({ tracking_id, ...click })))
    return tracking_id
  }

  test('of a link that nobody clicked are nothing', async () => {
    const id = await given()
    expect(await app.stats(id)).toEqual({ tracking_id: id, ...NONE, by_day: [], by_click_source: [], by_referrer: [], recent: [] })
  })

  test('tell people from machines, and visitors from clicks', async () => {
    const id = await given([
      { ip_address: '203.0.113.1', user_agent: CHROME },
      { ip_address: '203.0.113.1', user_agent: CHROME },
      { ip_address: '203.0.113.1', user_agent: FIREFOX },
      { ip_address: '203.0.113.2', user_agent: CHROME },
      { ip_address: '::ffff:203.0.113.2', user_agent: CHROME },
      { session_id: 'session', ip_address: '203.0.113.9' },
      { session_id: 'session', ip_address: '203.0.113.10' },
      { ip_address: '203.0.113.3', user_agent: 'Googlebot/2.1' },
      { user_agent: 'curl/8.0' },
      // Nothing is known of who this was, and a missing agent in a batch says nothing.
      {},
    ])
    expect(await app.stats(id)).toMatchObject(counts(10, 5, 2))
  })

  test('join clicks that came before the link was made', async () => {
    expect(await app.given.clicks([{ tracking_id: 'early' }, { tracking_id: 'early' }])).toMatchObject({ unmatched: 2 })
    await app.given.link({ tracking_id: 'early' })
    expect(await app.given.clicks([{ tracking_id: 'early' }])).toMatchObject({ unmatched: 0 })
    expect(await app.stats('early')).toMatchObject({ clicks: 3 })
  })

  test('by day fill the gaps, across the ends of months, of years and of February', async () => {
    const id = await given(['2023-12-31T23:59:59.999Z', '2024-01-01T00:00:00Z', '2024-02-28T12:00:00Z', '2024-03-01T00:30:00+01:00'].map((clicked_at) => ({ clicked_at })))
    const { by_day } = await app.stats(id)
    expect(by_day.filter(({ clicks }) => clicks > 0).map(({ date }) => date)).toEqual(['2023-12-31', '2024-01-01', '2024-02-28', '2024-02-29'])
    expect(by_day.map(({ date }) => date)).toEqual(Array.from({ length: 61 }, (_, day) => iso(Date.UTC(2023, 11, 31) + day * DAY_MS).slice(0, 10)))
    expect(by_day[2]).toEqual({ date: '2024-01-02', ...NONE })
  })

  test('know clicks of every age', async () => {
    const days = ['0001-01-01', '1582-10-10', '1969-12-31', '1970-01-01', '2000-02-29']
    const id = await given(days.map((date) => ({ clicked_at: `${date}T23:30:00Z` })))
    const { clicks, by_day } = await app.stats(id)
    expect([clicks, by_day.map(({ date }) => date)]).toEqual([5, days])
    expect((await app.stats(id, '?from=1969-12-31T12:00:00Z&to=1970-01-02')).by_day).toEqual([
      { date: '1969-12-31', ...counts(1) },
      { date: '1970-01-01', ...counts(1) },
      { date: '1970-01-02', ...NONE },
    ])
  })

  describe('in a range', () => {
    let id: string
    beforeAll(async () => {
      id = await given(['2026-11-01T00:00:00Z', '2026-11-02T12:00:00Z', '2026-11-03T23:59:59.999Z', '2026-11-04T00:00:00Z'].map((clicked_at) => ({ clicked_at, click_source: clicked_at.slice(0, 10) })))
    })

    test.each([
      ['', 4, 4],
      ['?from=2026-11-01', 4, 4],
      ['?from=2026-11-01T00:00:00.001Z', 3, 4],
      ['?to=2026-11-04T00:00:00Z', 3, 3],
      // A day as the end is that whole day.
      ['?to=2026-11-03', 3, 3],
      ['?from=2026-11-02&to=2026-11-03', 2, 2],
      ['?from=2026-11-03T00:00:00%2B02:00&to=2026-11-04T02:00:00%2B02:00', 1, 2],
      ['?from=2026-11-02T13:00:00Z&to=2026-11-03T12:00:00Z', 0, 2],
      ['?from=2026-10-30&to=2026-11-05', 4, 7],
    ])('%s: all parts are of that range', async (query, clicks, days) => {
      const stats = await app.stats(id, query)
      const sum = (parts: Counts[]) => parts.reduce((total, part) => total + part.clicks, 0)
      expect([stats.clicks, sum(stats.by_day), sum(stats.by_click_source), sum(stats.by_referrer), stats.recent.length]).toEqual([clicks, clicks, clicks, clicks, clicks])
      expect(stats.by_day).toHaveLength(days)
    })

    test.each([
      ['?from=yesterday', 'from'],
      ['?to=2026-02-30', 'to'],
      ['?from=', 'from'],
      ['?from=2026-11-02&to=2026-11-01', 'from'],
      ['?from=2026-11-02T00:00:00Z&to=2026-11-02T00:00:00Z', 'from'],
      ["?from=2026-11-02'--", 'from'],
      // More days than an answer may have.
      ['?from=1900-01-01&to=2100-01-01', 'from'],
    ])('%s is 400', async (query, field) => {
      const { status, body } = await app.get(`/api/link-tracking/links/${id}/stats${query}`)
      expect([status, body]).toMatchObject([400, { success: false, errors: [{ field }] }])
    })
  })

  test('list the hundred largest and the last fifty, in a fixed order', async () => {
    const clicks = Array.from({ length: 120 }, (_, at) =>
      Array.from({ length: at < 5 ? 3 : 1 }, (_unused, again) => ({ click_source: `s${String(at).padStart(3, '0')}`, referrer_url: `https://r${at}.example/`, clicked_at: iso(START - at * 1_000 - again) })),
    ).flat()
    const id = await given(clicks)
    const { clicks: total, by_click_source, by_referrer, recent } = await app.stats(id)
    expect([total, by_click_source.length, by_referrer.length]).toEqual([130, 100, 100])
    const names = Array.from({ length: 100 }, (_, at) => `s${String(at).padStart(3, '0')}`)
    expect(by_click_source).toEqual(names.map((click_source, at) => ({ click_source, ...counts(at < 5 ? 3 : 1) })))
    const latest = clicks.map(({ clicked_at }) => clicked_at).sort().reverse().slice(0, 50)
    expect(recent.map(({ clicked_at }) => clicked_at)).toEqual(latest)
    expect(await app.stats(id)).toEqual(await app.stats(id))
  })

  test('hold what was acknowledged before they were asked for, every time', async () => {
    const id = await given()
    for (let clicks = 1; clicks <= 40; clicks++) {
      if (clicks % 2 === 0) await app.click(`/link?uuid=${id}`)
      else await app.given.clicks([id])
      const [total, { by_day }] = [(await app.stats(id)).clicks, await app.stats(id)]
      expect([total, by_day[0]?.clicks]).toEqual([clicks, clicks])
    }
  })

  test('read the visitor’s address and country from the proxies that are trusted, and from no other', async () => {
    const behind = await testApp(engine, { env: { TRUST_PROXY: '127.0.0.1, 10.0.0.0/8', COUNTRY_HEADER: 'CF-IPCountry', IP_STORAGE: 'raw' } })
    const { tracking_id: id } = await behind.given.link()
    for (const forwarded of ['203.0.113.1', '198.51.100.7, 203.0.113.1', 'spoofed, 203.0.113.1, 10.1.2.3', '[2001:db8::1]:443']) {
      await behind.click(`/link?uuid=${id}`, { 'x-forwarded-for': forwarded, 'cf-ipcountry': 'de' })
    }
    expect(await behind.stats(id)).toMatchObject({ ...counts(4, 2), recent: Array(4).fill(expect.objectContaining({ country: 'DE' })) })
    await behind.close()
  })
})
