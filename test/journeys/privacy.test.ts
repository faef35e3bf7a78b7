import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type TestApp, ADMIN, CHROME, START, testApp } from '../support/app.ts'
import { until } from '../support/ask.ts'
import { onEveryEngine } from '../support/engines.ts'
import { readStore } from '../support/store.ts'

const DAY = 86_400_000
const UUID = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/)
const NOTHING = { events: 0, mentions: 0, aliases: 0, dead_letters: 0, answers: 0, leads: 0 }

/** All rows of all tables in which people may stand, as one text. */
const everything = async (app: TestApp): Promise<string> => {
  const tables = ['events', 'event_ids', 'dead_letters', 'answers', 'person_aliases']
  await app.stop()
  const rows: unknown[] = []
  for (const table of tables) rows.push(await readStore(app.store, `select * from ${table}`))
  return JSON.stringify(rows)
}

onEveryEngine('a person', (engine) => {
  let app: TestApp
  let projectKey: string
  beforeEach(async () => {
    app = await testApp(engine)
    projectKey = await project('shop')
  })
  afterEach(() => app.close())

  const project = async (name: string) => ((await app.post('/v1/projects', { name }, { as: 'nobody' })).body as { projectKey: string }).projectKey
  const send = async (events: object[], headers: Record<string, string> = {}, key = projectKey) =>
    app.post('/v1/events/batch', { projectKey: key, events }, { as: 'nobody', headers: { 'user-agent': CHROME, ...headers } })
  const at = (minute: number) => new Date(START - 60 * 60_000 + minute * 60_000).toISOString()
  const person = async (method: 'GET' | 'DELETE', query: string) => {
    const { status, body } = await app.ask(method, `/api/privacy/person?${query}`, { headers: await app.as('admin') })
    return [status, body] as [number, Record<string, unknown>]
  }
  const query = async (metrics: string[], by: string[] = []) =>
    (await app.post('/v1/reports/query', { projectKey, metrics, ...(by.length > 0 ? { by } : {}) }, { as: 'nobody' })).body

  /** Ada by two browsers, one of which Bob has used too, Cy, and events that were refused. */
  const scene = async () => {
    await send([
      { eventName: 'view', timestamp: at(0), anonymousId: 'browser-of-ada', sessionId: 'session-ada-1', eventId: 'ada-view', properties: { mail: 'ada.lovelace@example.com' } },
      { eventName: 'login', timestamp: at(1), anonymousId: 'browser-of-ada', userId: 'ada.lovelace@example.com', sessionId: 'session-ada-1' },
      { eventName: 'buy', timestamp: at(2), userId: 'ada.lovelace@example.com', sessionId: 'session-ada-2' },
      { eventName: 'login', timestamp: at(3), anonymousId: 'phone-of-ada', userId: 'ada.lovelace@example.com' },
      { eventName: 'view', timestamp: at(4), anonymousId: 'browser-of-ada', userId: 'bob', sessionId: 'session-ada-1' },
      { eventName: 'view', timestamp: at(5), anonymousId: 'browser-of-cy', userId: 'cy', sessionId: 'session-cy' },
    ])
    await send([{ eventName: 'view', anonymousId: 'browser-of-ada', eventId: '' }, { eventName: 'view', anonymousId: 'browser-of-cy', eventId: '' }])
    await send([{ eventName: 'late', timestamp: at(6), userId: 'cy' }], { 'idempotency-key': 'retry-of-ada.lovelace@example.com' })
  }

  test('can be seen whole, by every name they go by', async () => {
    await scene()
    const [status, found] = await person('GET', 'userId=ada.lovelace%40example.com')
    const event = { id: UUID, project: projectKey, source: 'product', received_at: '2026-11-22T14:30:00.000Z', ip_hash: expect.stringMatching(/^[0-9a-f]{32}$/), user_agent: CHROME, browser: 'Chrome', os: 'Windows', device: 'desktop', machine: false }
    expect([status, found]).toEqual([
      200,
      {
        success: true,
        identities: [
          { project: projectKey, user_ids: ['ada.lovelace@example.com'], anonymous_ids: expect.arrayContaining(['browser-of-ada', 'phone-of-ada']), session_ids: expect.arrayContaining(['session-ada-1', 'session-ada-2']) },
        ],
        aliases: ['browser', 'phone'].map((what) => ({ project: projectKey, alias: `a:${what}-of-ada`, person: 'u:ada.lovelace@example.com', created_at: expect.any(String) })),
        leads: [],
        answers: [{ scope: 'public POST /v1/events/batch', key: 'retry-of-ada.lovelace@example.com', status: 200, answer: expect.any(String), created_at: '2026-11-22T14:30:00.000Z' }],
        events: [
          { ...event, name: 'view', ts: '2026-11-22T13:30:00.000Z', event_id: 'ada-view', anonymous_id: 'browser-of-ada', session_id: 'session-ada-1', person: 'a:browser-of-ada', properties: { mail: 'ada.lovelace@example.com' } },
          { ...event, name: 'login', ts: '2026-11-22T13:31:00.000Z', user_id: 'ada.lovelace@example.com', anonymous_id: 'browser-of-ada', session_id: 'session-ada-1', person: 'u:ada.lovelace@example.com' },
          { ...event, name: 'buy', ts: '2026-11-22T13:32:00.000Z', user_id: 'ada.lovelace@example.com', session_id: 'session-ada-2', person: 'u:ada.lovelace@example.com' },
          { ...event, name: 'login', ts: '2026-11-22T13:33:00.000Z', user_id: 'ada.lovelace@example.com', anonymous_id: 'phone-of-ada', person: 'u:ada.lovelace@example.com' },
        ],
        dead_letters: [
          {
            id: UUID,
            received_at: '2026-11-22T14:30:00.000Z',
            family: 'product',
            project: projectKey,
            reason: 'invalid',
            field: 'eventId',
            error: expect.any(String),
            original: '{"eventName":"view","anonymousId":"browser-of-ada","eventId":""}',
          },
        ],
        cursor: null,
      },
    ])
    // By mail whatever its case, and by a browser, the same person is found; another one's browser is not.
    for (const name of ['email=Ada.Lovelace%40Example.com', 'anonymousId=browser-of-ada', 'anonymousId=phone-of-ada']) {
      expect([name, (await person('GET', name))[1].events]).toEqual([name, found.events])
    }
    expect((await person('GET', 'userId=ada.lovelace%40example.com&projectKey=000000000000'))[1]).toMatchObject({ identities: [], events: [], dead_letters: [] })
  })

  test('is read page by page, each thing once', async () => {
    await scene()
    const [, whole] = (await person('GET', 'anonymousId=phone-of-ada')) as [number, { events: { id: string }[]; dead_letters: { id: string }[] }]
    const paged: string[] = []
    for (let cursor: unknown = ''; cursor !== null; ) {
      const [, page] = (await person('GET', `anonymousId=phone-of-ada&limit=2${cursor === '' ? '' : `&cursor=${String(cursor)}`}`)) as [number, { events: { id: string }[]; dead_letters: { id: string }[]; cursor: unknown }]
      paged.push(...[...page.events, ...page.dead_letters].map(({ id }) => id))
      cursor = page.cursor
    }
    expect(paged).toEqual([...whole.events, ...whole.dead_letters].map(({ id }) => id))
    expect(paged.length).toBe(5)
  })

  test('that is erased leaves no trace, and every number as it was', async () => {
    await scene()
    const numbers = async () => ({
      all: await query(['events', 'human_events', 'machine_events', 'users', 'sessions']),
      byEvent: await query(['events', 'users', 'sessions'], ['event']),
      byBrowser: await query(['events', 'users'], ['browser']),
      overview: (await app.get(`/v1/reports/overview?projectKey=${projectKey}`, { as: 'nobody' })).body,
      funnel: (await app.post('/v1/reports/funnel', { projectKey, steps: ['view', 'login', 'buy'] }, { as: 'nobody' })).body,
    })
    const before = await numbers()
    expect(await person('DELETE', 'anonymousId=phone-of-ada')).toEqual([200, { success: true, erased: { events: 4, mentions: 1, aliases: 2, dead_letters: 1, answers: 1, leads: 0 } }])
    expect(await numbers()).toEqual(before)
    // Once more there is nothing left to erase, and nothing to see.
    expect(await person('DELETE', 'anonymousId=phone-of-ada')).toEqual([200, { success: true, erased: NOTHING }])
    for (const name of ['userId=ada.lovelace%40example.com', 'anonymousId=browser-of-ada', 'sessionId=session-ada-1', 'email=ada.lovelace%40example.com']) {
      expect(await person('GET', name)).toEqual([200, { success: true, identities: [], aliases: [], answers: [], leads: [], events: [], dead_letters: [], cursor: null }])
    }
    // Others have lost nothing but what they shared.
    expect((await person('GET', 'userId=bob'))[1].events).toMatchObject([{ name: 'view', user_id: 'bob', user_agent: CHROME, session_id: expect.stringMatching(/^e:[0-9a-f]{32}$/) }])
    expect((await person('GET', 'userId=cy'))[1].events).toMatchObject([{ anonymous_id: 'browser-of-cy', session_id: 'session-cy' }, { name: 'late' }])
    const left = await everything(app)
    // None that an id in hexadecimal digits could hold by chance.
    for (const trace of ['of-ada', 'session-ada', 'ada-view', 'lovelace', 'Lovelace']) expect([trace, left.split(trace).length - 1]).toEqual([trace, 0])
    expect(left).toContain('browser-of-cy')
  })

  test('that comes back is somebody new, who is known again by their browser', async () => {
    await scene()
    await person('DELETE', 'userId=ada.lovelace%40example.com')
    const before = (await query(['users'])) as { rows: { users: number }[] }
    await send([{ eventName: 'view', timestamp: at(10), anonymousId: 'phone-of-ada' }, { eventName: 'login', timestamp: at(11), anonymousId: 'phone-of-ada', userId: 'ada.lovelace@example.com' }])
    const after = (await query(['users'])) as { rows: { users: number }[] }
    expect(after.rows[0]?.users).toBe((before.rows[0]?.users ?? 0) + 1)
  })

  test('of one project is not the one of the same name in another', async () => {
    const other = await project('school')
    await send([{ eventName: 'view', timestamp: at(0), userId: 'the-same-name' }])
    await send([{ eventName: 'view', timestamp: at(0), userId: 'the-same-name' }], {}, other)
    expect(await person('DELETE', `userId=the-same-name&projectKey=${other}`)).toEqual([200, { success: true, erased: { ...NOTHING, events: 1 } }])
    expect((await person('GET', 'userId=the-same-name'))[1]).toMatchObject({ identities: [{ project: projectKey }], events: [{ project: projectKey }] })
    expect(await person('DELETE', 'userId=the-same-name')).toEqual([200, { success: true, erased: { ...NOTHING, events: 1 } }])
  })

  test('is found by a session, in clicks too, unless several people used it', async () => {
    await scene()
    await app.given.link({ tracking_id: 'a-link' })
    await app.given.clicks([{ tracking_id: 'a-link', session_id: 'session-of-clicks', ip_address: '203.0.113.7', referrer_url: 'https://news.example/?me=dora' }, { tracking_id: 'a-link', session_id: 'session-of-clicks' }, 'a-link'])
    const before = await app.stats('a-link')
    expect(await person('DELETE', 'sessionId=session-of-clicks')).toEqual([200, { success: true, erased: { ...NOTHING, events: 2 } }])
    const after = await app.stats('a-link')
    expect({ ...after, recent: [] }).toEqual({ ...before, recent: [] })
    expect(JSON.stringify(after)).not.toMatch(/session-of-clicks|203\.0\.113|dora/)
    expect(await person('DELETE', 'sessionId=session-ada-1')).toEqual([409, { success: false, error: 'Several people used this session. Ask for each by userId or anonymousId.' }])
    expect(await person('DELETE', 'sessionId=session-cy')).toEqual([200, { success: true, erased: { events: 2, mentions: 0, aliases: 1, dead_letters: 1, answers: 0, leads: 0 } }])
  })

  test('with a short id does not take with them what only looks alike', async () => {
    await send([{ eventName: 'view', timestamp: at(0), userId: '7' }, { eventName: 'view', timestamp: at(0), userId: '77' }])
    await send([{ eventName: 'a', userId: 7 }, { eventName: 'b', userId: 77 }, { eventName: 'c', userId: '7', eventId: '' }, { eventName: '', userId: 'x7', properties: { n: 1.7 } }])
    expect(await person('DELETE', 'userId=7')).toEqual([200, { success: true, erased: { ...NOTHING, events: 1, dead_letters: 2 } }])
    expect((await person('GET', 'userId=77'))[1]).toMatchObject({ events: [{ user_id: '77' }], dead_letters: [{ original: '{"eventName":"b","userId":77}' }] })
  })

  test.each([
    ['', 'userId'],
    ['userId=', 'userId'],
    ['userId=a&anonymousId=b', 'anonymousId'],
    [`userId=${'x'.repeat(256)}`, 'userId'],
    ['userId=a&cursor=x', 'cursor'],
    ['userId=a&limit=0', 'limit'],
  ])('is not looked for by ?%s', async (asked, field) => {
    expect(await person('GET', asked)).toEqual([400, { success: false, error: expect.stringContaining(field), details: [{ field, error: expect.any(String) }] }])
  })

  test('is in no line of the log, whatever is asked of them', async () => {
    const log: string[] = []
    const logged = await testApp(engine, { log, env: { LOG_LEVEL: 'trace' } })
    const headers = await logged.as('admin')
    for (const method of ['GET', 'DELETE']) for (const asked of ['userId=nobody-else', 'userId=nobody-else&limit=x&sessionId=nobody-else']) await logged.ask(method, `/api/privacy/person?${asked}`, { headers })
    await logged.close()
    expect(log.length).toBeGreaterThan(0)
    expect(log.join('\n')).not.toContain('nobody-else')
  })
})

onEveryEngine('anonymising', (engine) => {
  let app: TestApp
  const clock = { at: START }
  beforeAll(async () => {
    app = await testApp(engine, { clock, env: { IP_STORAGE: 'raw' } })
  })
  afterAll(() => app.close())

  /** Logs in anew: after 90 days no session is left. */
  const letters = async () => {
    const { token } = (await app.ask('POST', '/api/auth/login', { body: ADMIN })).body as { token: string }
    return ((await app.ask('GET', '/api/dead-letters', { headers: { authorization: `Bearer ${token}` } })).body as { dead_letters: object[] }).dead_letters.length
  }

  // R12: a client's clock decides nothing here.
  test('goes by the time of receipt, takes addresses and agents, and leaves every number', async () => {
    await app.given.link({ tracking_id: 'old' })
    const times = ['1970-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '2026-11-22T14:00:00Z', '2027-02-20T00:00:00Z']
    const click = (clicked_at: string, at: number) => ({ tracking_id: 'old', clicked_at, ip_address: `203.0.113.${at}`, user_agent: CHROME, session_id: null })
    await app.given.clicks(times.map(click))
    await app.post('/api/tracking-ingest/batch', { events: [{ tracking_id: 'a b', clicked_at: 'never', ip_address: '203.0.113.99', user_agent: CHROME }] })
    clock.at = START + 60 * DAY
    await app.given.clicks([{ tracking_id: 'old', clicked_at: '1970-01-01T00:00:00Z', ip_address: '203.0.113.200', user_agent: CHROME }])
    const numbers = async () => (await Promise.all(['?from=1970-01-01&to=1971-01-01', '?from=2026-01-01&to=2028-01-01'].map((range) => app.stats('old', range)))).map((stats) => ({ ...stats, recent: [] }))
    const before = await numbers()
    expect([before.map(({ clicks, unique_visitors }) => [clicks, unique_visitors]), await letters()]).toEqual([[[2, 2], [3, 3]], 1])
    clock.at = START + 90 * DAY + 3_600_000
    await until('the old ones are anonymised', async () => (await letters()) === 0)
    expect(await numbers()).toEqual(before)
    const rest = await everything(app)
    expect(rest.match(/203\.0\.113\.\d+/g)).toEqual(['203.0.113.200'])
    expect(rest.split('Mozilla').length - 1).toBe(1)
    expect(rest.match(/Chrome"/g)?.length).toBe(5)
  })
})

