import { afterAll, beforeAll, expect, test } from 'vitest'
import { ADMIN, type TestApp, testApp } from '../support/app.ts'
import { onEveryEngine } from '../support/engines.ts'
import { TEST_KEY } from '../support/process.ts'

onEveryEngine('whoever runs the server', (engine) => {
  let app: TestApp
  const log: string[] = []
  beforeAll(async () => {
    app = await testApp(engine, { log, env: { LOG_LEVEL: 'trace', TRUST_PROXY: '127.0.0.1' } })
  })
  afterAll(() => app.close())

  /** How much each sample rose while the work was done. */
  const risen = async (samples: string[], work: () => Promise<unknown>) => {
    const before = await Promise.all(samples.map((sample) => app.metric(sample)))
    await work()
    return Object.fromEntries(await Promise.all(samples.map(async (sample, at) => [sample, (await app.metric(sample)) - (before[at] ?? 0)])))
  }

  test('reads that it is up, and that the store commits', async () => {
    expect((await app.ask('GET', '/health')).body).toEqual({ status: 'ok', version: expect.stringMatching(/^\d+\.\d+\.\d+/), uptimeSeconds: expect.any(Number) })
    expect((await app.ask('GET', '/db/health')).body).toEqual({ status: 'ok', engine: engine.name, latencyMs: expect.any(Number) })
    expect((await app.ask('POST', '/db/test-insert')).body).toEqual({ success: true, id: expect.any(String) })
  })

  test('reads how many events came, were refused and came twice, by family and reason', async () => {
    const batch = (events: object[]) => app.post('/api/tracking-ingest/batch', { events })
    const { tracking_id: id } = await app.given.link()
    expect(
      await risen(
        [
          'waymark_events_total{family="links"}',
          'waymark_events_dropped_total{family="links",reason="invalid"}',
          'waymark_events_dropped_total{family="links",reason="duplicate"}',
          'waymark_journal_group_events_sum',
        ],
        async () => {
          await batch([{ tracking_id: id, event_id: 'once' }, { tracking_id: id }, { tracking_id: '' }, {}])
          await batch([{ tracking_id: id, event_id: 'once' }])
          await app.click(`/link?uuid=${id}`)
        },
      ),
    ).toEqual({
      'waymark_events_total{family="links"}': 3,
      'waymark_events_dropped_total{family="links",reason="invalid"}': 2,
      'waymark_events_dropped_total{family="links",reason="duplicate"}': 1,
      'waymark_journal_group_events_sum': 3,
    })
  })

  test('reads how long requests took, by route and status, whatever the addresses were', async () => {
    const count = (labels: string) => `waymark_http_request_seconds_count{${labels}}`
    const found = count('method="GET",route="/api/link-tracking/lookup/:tracking_id",status="404"')
    const nothing = count('method="GET",route="none",status="404"')
    const rise = await risen([found, nothing], async () => {
      for (const id of ['a', 'b', 'c']) await app.ask('GET', `/api/link-tracking/lookup/${id}`)
      for (const path of ['/x', '/y/z', '/%00']) await app.ask('GET', path)
    })
    expect(rise[found]).toBe(3)
    const text = String((await app.ask('GET', '/metrics')).body)
    expect(text).not.toMatch(/route="\/(x|y\/z)"/)
    for (const name of ['waymark_store_query_seconds', 'waymark_store_commit_seconds', 'waymark_journal_flush_seconds', 'waymark_journal_records', 'waymark_journal_bytes', 'waymark_loader_lag_seconds', 'waymark_store_away', 'waymark_journal_group_events', 'waymark_loader_delay_seconds', 'waymark_loader_duplicates_total', 'waymark_events_unrecorded_total', 'process_cpu_seconds_total', 'nodejs_eventloop_lag_p99_seconds']) {
      expect(text).toMatch(new RegExp(`^${name}(_bucket)?[ {]`, 'm'))
    }
  })

  test('reads who was turned away at the door', async () => {
    const outcome = (name: string) => `waymark_auth_total{outcome="${name}"}`
    expect(
      await risen(['login', 'login refused', 'key refused', 'session refused'].map(outcome), async () => {
        await app.ask('POST', '/api/auth/login', { body: ADMIN })
        await app.ask('POST', '/api/auth/login', { body: { ...ADMIN, password: 'wrong' } })
        await app.ask('POST', '/api/tracking-ingest/test', { headers: { 'x-api-key': 'wrong' } })
        await app.ask('GET', '/api/keys', { headers: { authorization: 'Bearer wrong' } })
      }),
    ).toEqual({ [outcome('login')]: 1, [outcome('login refused')]: 1, [outcome('key refused')]: 1, [outcome('session refused')]: 1 })
  })

  test('finds logins in the log, and what was not as expected as a warning: by its route and fields, not by what was sent', async () => {
    log.length = 0
    await app.ask('POST', '/api/auth/login', { body: ADMIN })
    await app.post('/api/link-tracking/links', { original_url: 'a-secret' })
    await app.post('/api/tracking-ingest/batch', '{"a": a-secret}', { headers: { 'content-type': 'application/json' } })
    const lines = log.map((line) => JSON.parse(line) as { level: number; route?: string; msg: string }).filter(({ msg }) => !msg.startsWith('events '))
    expect(lines.filter(({ level }) => level === 30)).toEqual([expect.objectContaining({ msg: 'login' })])
    expect(lines.filter(({ level }) => level === 40)).toEqual([
      expect.objectContaining({ route: '/api/link-tracking/links', code: 'invalid', fields: ['original_url'], msg: 'request not as expected' }),
      expect.objectContaining({ route: '/api/tracking-ingest/batch', code: 'invalid', fields: [], msg: 'request not as expected' }),
    ])
    expect(log.join('')).not.toContain('a-secret')
  })

  test('finds captures in the log: a line each at debug, and sums at info and warn', async () => {
    const quiet: string[] = []
    const own = await testApp(engine, { log: quiet, env: { LOG_LEVEL: 'debug' } })
    const { tracking_id: id } = await own.given.link()
    await own.given.clicks([id, id, { tracking_id: id, event_id: 'once' }])
    await own.given.clicks([{ tracking_id: id, event_id: 'once' }])
    await own.post('/api/tracking-ingest/batch', { events: [{ tracking_id: id }, {}] })
    await own.click(`/link?uuid=${id}`)
    await own.close()
    const lines = quiet.map((line) => JSON.parse(line) as Record<string, unknown>).map(({ level, msg, family, events }) => [level, { msg, family, events }])
    expect(lines.filter(([, rest]) => (rest as { msg: string }).msg === 'captured')).toEqual([3, 1, 1].map((events) => [20, { msg: 'captured', family: 'links', events }]))
    const told = lines.filter(([, rest]) => (rest as { msg: string }).msg.startsWith('events '))
    const sum = (word: string) => told.reduce((total, [, rest]) => total + ((rest as { events: { links?: Record<string, number> } }).events.links?.[word] ?? 0), 0)
    expect({ captured: sum('captured'), duplicate: sum('duplicate'), invalid: sum('invalid') }).toEqual({ captured: 5, duplicate: 1, invalid: 1 })
    expect(new Set(told.map(([level, rest]) => `${level} ${(rest as { msg: string }).msg}`))).toEqual(new Set(['30 events captured', '40 events refused']))
  })

  test('finds JSON lines in the log, and in none of them a secret, a token, an address or an e-mail address', async () => {
    const { authorization = '' } = await app.as('admin')
    const { key } = (await app.post('/api/keys', { name: 'a partner' }, { as: 'admin' })).body as { key: string }
    const told = ['203.0.113.77', 'somebody@example.com', 'a-session-id', 'a-secret-in-metadata']
    const headers = { 'x-forwarded-for': '203.0.113.77', referer: 'https://example.com/?email=somebody@example.com', cookie: 'session=a-session-id' }
    const { tracking_id: id } = await app.given.link({ original_url: 'https://example.com/?u=somebody@example.com' })
    await app.click(`/link?uuid=${id}`, headers)
    await app.click('/link?uuid=somebody@example.com', headers)
    await app.ask('GET', '/nothing?email=somebody@example.com', { headers })
    for (const body of [{ tracking_id: id, ip_address: '203.0.113.77', session_id: 'a-session-id', metadata: { a: 'a-secret-in-metadata' } }, { tracking_id: 'somebody@example.com', ip_address: '203.0.113.77, x' }]) {
      await app.post('/api/tracking-ingest/batch', { events: [body] }, { headers: { ...headers, 'idempotency-key': 'a-session-id' } })
    }
    await app.post('/api/tracking-ingest/batch', '{"email": "somebody@example.com", "a-secret-in-metadata"', { headers: { ...headers, 'content-type': 'application/json' } })
    await app.post('/api/link-tracking/links', { original_url: 'somebody@example.com' }, { headers })
    await app.ask('POST', '/api/auth/login', { headers, body: { email: 'somebody@example.com', password: 'a-secret-in-metadata' } })
    await app.ask('GET', '/api/auth/me', { headers: { ...headers, authorization: `${authorization}x` } })
    await app.ask('GET', '/api/keys', { headers: { ...headers, 'x-api-key': 'a-wrong-key-of-somebody' } })
    const { projectKey } = (await app.ask('POST', '/v1/projects', { body: { name: 'somebody@example.com' } })).body as { projectKey: string }
    const event = { eventName: 'seen', userId: 'somebody@example.com', properties: { secret: 'a-secret-in-metadata', ip: '203.0.113.77' } }
    await app.ask('POST', '/v1/events/batch', { headers, body: { projectKey, events: [event, { ...event, eventName: '' }] } })
    await app.ask('GET', `/v1/reports/overview?projectKey=${projectKey}&filter[secret]=a-secret-in-metadata&timezone=somebody@example.com`, { headers })
    await app.stats(id)
    // The sums that are told at the end, too.
    await app.stop()
    const text = log.join('')
    expect(text).toContain('events captured')
    for (const secret of [...told, 'a-wrong-key-of-somebody', 'a secret of at least thirty-two bytes', TEST_KEY, key, authorization.slice(7), ADMIN.email, ADMIN.password, '127.0.0.1, ']) expect([secret, text.includes(secret)]).toEqual([secret, false])
    for (const line of log) expect(JSON.parse(line)).toMatchObject({ level: expect.anything(), msg: expect.any(String) })
  })
})
