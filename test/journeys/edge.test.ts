import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CHROME, START, type TestApp, testApp } from '../support/app.ts'
import { ask, until } from '../support/ask.ts'
import { waymark } from '../support/commands.ts'
import { type TestEdge, fastClock, testEdge } from '../support/edge.ts'
import { onEveryEngine } from '../support/engines.ts'
import { stickDisk } from '../support/stuck-disk.ts'
import { type Weather, startWeather } from '../support/weather.ts'

/** An hour of the edge takes six seconds. */
const FASTER = 600
const HOUR_MS = 3_600_000

onEveryEngine('the edge', (engine) => {
  let app: TestApp
  let weather: Weather
  let edge: TestEdge
  let clock: ReturnType<typeof fastClock>

  beforeEach(async () => {
    clock = fastClock(START, FASTER)
    app = await testApp(engine)
    weather = await startWeather(() => app.url, clock.now)
    for (const id of ['one', 'two']) await app.given.link({ tracking_id: id, original_url: `https://example.com/${id}`, campaign: 'spring' })
    await app.given.link({ tracking_id: 'off' })
    await app.patch('/api/link-tracking/links/off', { is_active: false })
    await app.given.link({ tracking_id: 'past', expires_at: '2020-01-01T00:00:00Z' })
  })
  afterEach(async () => {
    await edge.close()
    await weather.close()
    await app.close()
  })

  const start = async (env: Record<string, string> = {}): Promise<void> => {
    edge = await testEdge(weather.url, { env, clock, originWaitMs: 2_000 })
  }
  /** So many clicks, each told apart by its referrer. All must be redirected. */
  const clicks = async (name: string, count: number, id = 'one'): Promise<string[]> => {
    const names = Array.from({ length: count }, (_, at) => `https://from.example/${name}/${at}`)
    const answers = await Promise.all(names.map((referer) => edge.click(`/website?uuid=${id}`, { referer })))
    expect(answers.filter(({ status }) => status !== 302)).toEqual([])
    return names
  }
  const drained = (): Promise<unknown> => until('the origin has all clicks', async () => (await edge.metric('waymark_edge_waiting_bytes')) === 0, 60_000)
  /** Every click that the store has, by the referrer that tells it apart. */
  const stored = async (): Promise<string[]> => {
    await app.stop()
    const folder = join(app.store.dataDir, 'out')
    await waymark(app.store, ['export', folder, '--family', 'links'])
    const lines = (await readFile(join(folder, 'events.ndjson'), 'utf8')).trim().split('\n')
    return lines.filter(Boolean).map((line) => (JSON.parse(line) as { referrer_url: string }).referrer_url)
  }

  test('answers as the server does', async () => {
    await start()
    const paths = ['/linkedin?uuid=one', '/calendly?uuid=two', '/portfolio?uuid=one', '/github?uuid=one', '/website?uuid=one', '/link?uuid=one', '/track/one', '/link?uuid=nobody', '/link?uuid=off', '/link?uuid=past', '/link?uuid=a%20b', '/link', '/track/..%2f']
    for (const path of paths) {
      for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS']) {
        const [here, there] = await Promise.all([edge.edge.url, app.url].map((url) => ask(url, method, path, { headers: { 'user-agent': CHROME } })))
        const told = (answer: typeof here) => {
          const { date: _, ...headers } = answer?.headers ?? {}
          return { path, method, status: answer?.status, headers, body: answer?.body }
        }
        expect(told(here)).toEqual(told(there))
      }
    }
    expect((await ask(edge.edge.url, 'GET', '/api/link-tracking/links')).status).toBe(404)
  })

  test('reports what it saw: place, agent, referrer, prefetches, and nothing of HEAD', async () => {
    await start({ TRUST_PROXY: '127.0.0.1' })
    await edge.click('/linkedin?uuid=one', { referer: 'https://indeed.com/job/12345', 'x-forwarded-for': '203.0.113.42', host: 'go.example.com' })
    await edge.click('/linkedin?uuid=one', { 'sec-purpose': 'prefetch', 'x-forwarded-for': '203.0.113.43' })
    await edge.click('/linkedin?uuid=one', { 'user-agent': 'curl/8.5.0', 'x-forwarded-for': '203.0.113.44' })
    await ask(edge.edge.url, 'HEAD', '/linkedin?uuid=one')
    // A minute of the edge's time is up soon.
    await drained()
    const stats = await app.stats('one')
    expect(stats).toMatchObject({ clicks: 3, human_clicks: 1, machine_clicks: 2, unique_visitors: 3, by_click_source: [{ click_source: 'linkedin', clicks: 3 }] })
    expect(stats.recent).toContainEqual(expect.objectContaining({ referrer_url: 'https://indeed.com/job/12345', browser: 'Chrome', machine: false }))
    expect(stats.recent.filter(({ machine_reason }) => machine_reason !== null)).toHaveLength(2)
  })

  test('follows links that are made, changed and switched off, and looks up one that it has not heard of', async () => {
    await start({ EDGE_SYNC_EVERY: '365d' })
    expect((await edge.click('/link?uuid=late')).status).toBe(404)
    await app.given.link({ tracking_id: 'later', original_url: 'https://example.com/later' })
    expect((await edge.click('/link?uuid=later')).headers.location).toBe('https://example.com/later')
    await edge.close()
    await start({ EDGE_SYNC_EVERY: '60s' })
    await app.patch('/api/link-tracking/links/one', { original_url: 'https://example.com/new' })
    await until('the change is here', async () => (await edge.click('/link?uuid=one')).headers.location === 'https://example.com/new')
    await app.patch('/api/link-tracking/links/one', { is_active: false })
    await until('it is off', async () => (await edge.click('/link?uuid=one')).status === 410)
  })

  test('looks up what it has not heard of once in a while, also where there is no such link', async () => {
    await start({ EDGE_SYNC_EVERY: '365d' })
    await app.given.link({ tracking_id: 'later', original_url: 'https://example.com/later' })
    for (let at = 0; at < 20; at++) {
      expect((await edge.click('/link?uuid=later')).status).toBe(302)
      expect((await edge.click('/link?uuid=nobody')).status).toBe(404)
    }
    // What was learned is believed for ten seconds: on a busy machine these clicks may take longer than that.
    for (const id of ['later', 'nobody']) expect(weather.looked.filter((one) => one === id).length).toBeLessThan(5)
  })

  test('sends a batch when a hundred clicks wait, and up to 500 at once after an outage', { timeout: 60_000 }, async () => {
    // A minute of this one's time never passes.
    clock = fastClock(START, 0.01)
    await start()
    await clicks('few', 99)
    expect(weather.tried).toEqual([])
    await clicks('full', 1)
    await drained()
    expect(weather.tried.map(({ events }) => events)).toEqual([100])
    await edge.close()
    clock = fastClock(START, FASTER)
    await start()
    weather.scene = 'down'
    await clicks('away', 620)
    weather.scene = 'fair'
    await drained()
    expect(Math.max(...weather.tried.map(({ events }) => events))).toBe(500)
  })

  test('redirects with the origin away, also after a restart, and says so', async () => {
    await start()
    weather.scene = 'down'
    await edge.restart()
    const names = await clicks('away', 20)
    expect((await edge.click('/link?uuid=unheard')).status).toBe(503)
    expect((await ask(edge.edge.url, 'GET', '/health')).body).toMatchObject({ status: 'ok', origin: 'away', links: 4 })
    weather.scene = 'fair'
    await drained()
    expect((await stored()).sort()).toEqual(names.sort())
  })

  // R17.
  test('loses and doubles nothing in an hour of outages of every kind, and comes back with patience', { timeout: 120_000 }, async () => {
    await start({ EDGE_BATCH_EVENTS: '50' })
    const names: string[] = await clicks('before', 120)
    for (const scene of ['down', 'half-closed', 'fails', 'limits', 'half', 'someone else'] as const) {
      weather.scene = scene
      weather.retryAfter = scene === 'limits' ? 300 : null
      // An hour of the one that matters most, ten minutes of each other.
      const end = clock.now() + (scene === 'down' ? HOUR_MS : HOUR_MS / 6)
      for (let at = 0; clock.now() < end; at++) {
        names.push(...(await clicks(`${scene}-${at}`, 5)))
        await clock.pause(30_000, new AbortController().signal)
      }
    }
    weather.scene = 'fair'
    weather.retryAfter = null
    await drained()
    const pauses = (scene: string) => weather.tried.flatMap(({ at }, i, all) => (all[i - 1]?.scene === scene && all[i]?.scene === scene ? [at - (all[i - 1] as { at: number }).at] : []))
    const down = pauses('down')
    console.log(`${engine.name}: ${names.length} clicks; tries in the hour: ${down.length}; pauses of 429: ${pauses('limits').map((ms) => Math.round(ms / 1000)).join(', ')} s`)
    expect(down.length).toBeLessThan(150)
    expect(Math.max(...down)).toBeGreaterThan(30_000)
    // No two edges come back in one moment: the pauses are uneven.
    expect(new Set(down.slice(-10).map((ms) => Math.round(ms / 1000))).size).toBeGreaterThan(3)
    expect(Math.min(...pauses('limits'))).toBeGreaterThanOrEqual(300_000)
    expect(await edge.metric('waymark_edge_events_total{outcome="duplicate"}')).toBeGreaterThan(0)
    expect((await stored()).sort()).toEqual(names.sort())
  })

  test('keeps within its journal’s bound: the oldest clicks are kept, newer ones are counted, all are redirected', { timeout: 60_000 }, async () => {
    await start({ JOURNAL_MAX_MB: '1' })
    weather.scene = 'down'
    for (let at = 0; (await edge.metric('waymark_edge_clicks_total{outcome="journal_full"}')) === 0; at++) await clicks(`full-${at}`, 300)
    const [recorded, full] = await Promise.all(['recorded', 'journal_full'].map((outcome) => edge.metric(`waymark_edge_clicks_total{outcome="${outcome}"}`)))
    expect(await edge.metric('waymark_edge_waiting_bytes')).toBeLessThanOrEqual(1024 * 1024 + 1_000)
    weather.scene = 'fair'
    await drained()
    const kept = await stored()
    expect([kept.length, new Set(kept).size, full as number > 0]).toEqual([recorded, recorded, true])
  })

  test('buries what the origin will never take, one by one, where import can read it', { timeout: 60_000 }, async () => {
    await start({ EDGE_BATCH_EVENTS: '5' })
    weather.scene = 'too large'
    const names = await clicks('heavy', 5)
    await drained()
    const file = join(edge.folder, 'dead-letters.ndjson')
    const lines = (await readFile(file, 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as { referrer_url: string; refused: object })
    expect(lines.map(({ referrer_url }) => referrer_url).sort()).toEqual(names.sort())
    expect(lines[0]?.refused).toMatchObject({ field: 'event', error: 'the origin answers 413' })
    expect(await edge.metric('waymark_edge_events_total{outcome="refused"}')).toBe(5)
    await app.stop()
    expect((await waymark(app.store, ['import', file])).out).toBe('5 stored, 0 were here already, 0 refused.\n')
  })

  test('sends what waits when it is ended', async () => {
    await start()
    const names = await clicks('last', 30)
    await edge.restart()
    expect((await stored()).sort()).toEqual(names.sort())
  })

  test('ends at once while the origin leaves its questions unanswered', { timeout: 20_000 }, async () => {
    edge = await testEdge(weather.url, { env: { EDGE_SYNC_EVERY: '60s' }, clock, originWaitMs: 60_000 })
    weather.scene = 'silent'
    await until('it asks for changes', () => weather.unanswered > 0)
    await edge.edge.close()
  })

  test('sends what waits when it is ended, also a click whose visitor did not wait for the flush', async () => {
    clock = fastClock(START, 0.01)
    await start({ RECORD_WAIT_MS: '0' })
    const stuck = await stickDisk(edge.folder)
    const names = await clicks('hurried', 3)
    const closed = edge.edge.close()
    await until('it takes no more visitors', () => edge.click('/website?uuid=one').then(() => false, () => true))
    await Promise.all([stuck.release(), closed])
    expect((await stored()).toSorted()).toEqual(names)
  })
})
