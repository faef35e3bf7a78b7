import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CHROME, type TestApp, testApp } from '../support/app.ts'
import { waymark } from '../support/commands.ts'
import { type FreshStore, onEveryEngine } from '../support/engines.ts'
import { bytesWith } from '../support/people.ts'
import { numbers, used } from '../support/used.ts'

onEveryEngine('the command line', (engine) => {
  let store: FreshStore
  let other: FreshStore
  beforeEach(async () => {
    ;[store, other] = await Promise.all([engine.fresh(), engine.fresh()])
  })
  afterEach(() => Promise.all([store.drop(), other.drop()]))

  describe.each(['csv', 'ndjson', 'parquet'])('export and import as %s', (format) => {
    test('give the same numbers in a fresh store, and a second import stores nothing', { timeout: 60_000 }, async () => {
      const first = await testApp(engine, { store })
      const { links, project } = await used(first)
      const before = await numbers(first, links, project)
      await first.stop()

      const folder = join(store.dataDir, 'out')
      expect(await waymark(store, ['export', folder, '--format', format])).toEqual({ code: 0, out: `20 events, 3 links and 1 projects are in ${folder}.\n`, err: '' })
      expect(await waymark(other, ['import', folder])).toEqual({ code: 0, out: '24 stored, 0 were here already, 0 refused.\n', err: '' })
      expect(await waymark(other, ['import', folder])).toEqual({ code: 0, out: '0 stored, 24 were here already, 0 refused.\n', err: '' })

      const second = await testApp(engine, { store: other })
      expect(await numbers(second, links, project)).toEqual(before)
      const views = async (app: TestApp) => (await app.get('/api/link-tracking/links')).body
      const restarted = await testApp(engine, { store })
      expect(await views(second)).toEqual(await views(restarted))
      await Promise.all([second.stop(), restarted.stop()])
    })
  })

  test('export can be narrowed by time, family, project and person', { timeout: 60_000 }, async () => {
    const app = await testApp(engine, { store })
    const { project } = await used(app)
    const count = async (...options: string[]): Promise<string> => (await waymark(store, ['export', join(store.dataDir, 'out'), ...options])).out.split(' events')[0] as string
    // Beside a running server too.
    expect(await count()).toBe('20')
    await app.stop()
    expect(await count('--family', 'links')).toBe('9')
    expect(await count('--family', 'tracking')).toBe('6')
    expect(await count('--project', project)).toBe('5')
    expect(await count('--from', '2026-11-20', '--to', '2026-11-21')).toBe('7')
    // With what the user did before their name was known.
    expect(await count('--person', 'u')).toBe('3')
    expect(await waymark(store, ['export', join(store.dataDir, 'out'), '--from', 'never'])).toMatchObject({ code: 2, err: '--from must be an ISO 8601 day or time, such as 2026-11-22 or 2026-11-22T14:30:00Z.\n' })
  })

  test('import takes what mongoexport and the tables of old hold, names what is bad by its line, and stores nothing twice', { timeout: 60_000 }, async () => {
    const folder = join(store.dataDir, 'in')
    await mkdir(folder)
    const lines = (records: unknown[]) => records.map((record) => (typeof record === 'string' ? record : JSON.stringify(record))).join('\n')
    await writeFile(join(folder, 'projects.json'), lines([{ _id: { $oid: '65a000000000000000000001' }, name: 'Demo App', projectKey: 'a1b2c3d4e5f6', createdAt: { $date: '2025-01-06T10:00:00Z' }, isActive: true }]))
    await writeFile(
      join(folder, 'events.json'),
      lines([
        { _id: { $oid: '677ba0000000000000000001' }, projectKey: 'a1b2c3d4e5f6', eventName: 'app_open', timestamp: { $date: '2025-01-06T10:00:00Z' }, anonymousId: 'anon-1', receivedAt: { $date: { $numberLong: '1736157601000' } } },
        { _id: { $oid: '677ba0000000000000000002' }, projectKey: 'a1b2c3d4e5f6', eventName: 'purchase_success', timestamp: { $date: '2025-01-06T10:05:00.500Z' }, anonymousId: 'anon-1', userId: 'user-123', properties: { amount: { $numberInt: '9' } } },
        '{"_id": broken',
        { _id: { $oid: '677ba0000000000000000003' }, projectKey: 'ffffffffffff', eventName: 'x', anonymousId: 'y' },
        { nothing: 'known' },
      ]),
    )
    await writeFile(join(folder, 'link_tracking.csv'), 'tracking_id,job_id,link_function,original_url,is_active\nabc,,LinkedIn,https://linkedin.com/in/x,t\n')
    await writeFile(
      join(folder, 'link_clicks.csv'),
      'click_id,tracking_id,clicked_at,ip_address,user_agent,referrer_url,session_id,click_source,metadata\n' +
        `770e8400-e29b-41d4-a716-446655440002,abc,2025-10-22 14:30:15,203.0.113.42,"${CHROME}",https://indeed.com/job/12345,,linkedin,"{""a"": 1}"\n` +
        `770e8400-e29b-41d4-a716-446655440003,abc,2025-10-22 14:31:15.123456+02,not-an-address,,,,linkedin,\n`,
    )
    await writeFile(
      join(folder, 'tracking_events.csv'),
      'id,referrer,campaign,landing_page,original_source,destination_url,event_type,timestamp,user_agent,ip_address,session_id\n' +
        `880e8400-e29b-41d4-a716-446655440002,partner_john,nov,/about,facebook,https://kickstarter.com/x,outbound,2025-11-01 10:00:00+00,${CHROME.replaceAll(',', '')},203.0.113.9,s1\n`,
    )
    const paths = ['projects.json', 'events.json', 'link_tracking.csv', 'link_clicks.csv', 'tracking_events.csv'].map((name) => join(folder, name))
    const errors = [
      `${paths[1]}:3: is no JSON`,
      `${paths[1]}:5: is nothing that can be imported`,
      `${paths[1]}:4: projectKey must be the key of a project that is here`,
      `${paths[3]}:3: ip_address must be an IPv4 or IPv6 address`,
      'Some records were refused; the others are stored.',
    ]
    for (const out of ['6 stored, 0 were here already, 4 refused.\n', '0 stored, 6 were here already, 4 refused.\n']) {
      const ran = await waymark(store, ['import', ...paths])
      expect([ran.code, ran.out]).toEqual([3, out])
      for (const error of errors) expect(ran.err).toContain(error)
    }
    const app = await testApp(engine, { store })
    expect(await app.stats('abc')).toMatchObject({ clicks: 1, human_clicks: 1, by_day: [{ date: '2025-10-22' }], by_referrer: [{ referrer: 'indeed.com' }] })
    expect((await app.get('/v1/reports/overview?projectKey=a1b2c3d4e5f6', { as: 'viewer' })).body).toMatchObject({ totalEvents: 2, uniqueUsers: 1 })
    expect((await app.get('/api/tracking/referrer/partner_john', { as: 'viewer' })).body).toMatchObject({ totalClicks: 1, events: [{ timestamp: '2025-11-01T10:00:00.000Z', eventType: 'outbound' }] })
    await app.stop()
  })

  test('a backup, and what is restored of it, holds no byte of who was erased', { timeout: 60_000 }, async () => {
    const app = await testApp(engine, { store })
    const lead = async (name: string) => ((await app.post('/api/v1/leads', { email: `${name}@example.com`, first_name: `${name}-name`, fields: { city: `${name}-city` } })).body as { id: number }).id
    const [gone] = [await lead('needle-gone'), await lead('needle-kept')]
    await app.post('/api/tracking-ingest/batch', { events: [{ tracking_id: '', metadata: { mail: 'needle-gone@example.com' } }] })
    expect((await app.ask('DELETE', `/api/v1/leads/${gone}`, { headers: await app.as('key') })).body).toMatchObject({ erased: { leads: 1, dead_letters: 1 } })
    await app.stop()

    const folder = join(store.dataDir, 'saved')
    expect(await waymark(store, ['backup', folder])).toMatchObject({ code: 0 })
    expect(await waymark(other, ['restore', folder])).toMatchObject({ code: 0 })
    expect([await bytesWith(folder, ['needle-gone']), await bytesWith(other.dataDir, ['needle-gone'])]).toEqual([{}, {}])
    // The bytes of the other engine's files are its server's.
    if (engine.name === 'duckdb') expect(await bytesWith(other.dataDir, ['needle-kept'])).toMatchObject({ 'waymark.duckdb': expect.any(Number) })
  })

  test('backup and restore bring everything back, accounts and keys too', { timeout: 60_000 }, async () => {
    const app = await testApp(engine, { store })
    const { links, project } = await used(app)
    const { body } = await app.post('/api/keys', { name: 'edge' }, { as: 'admin' })
    const created = await app.post('/api/tracking/partner/create', { trackingId: 'john', partnerName: 'John' }, { as: 'admin' })
    const token = (created.body as { accessToken?: string; token?: string }).accessToken ?? (created.body as { token?: string }).token
    await app.given.clicks([{ tracking_id: 'one', event_id: 'before' }]).then(() => app.post('/api/tracking-ingest/batch', { events: [{ tracking_id: '' }, { tracking_id: 'one', event_id: 'before' }] }))
    const before = await numbers(app, links, project)
    await app.stop()

    const folder = join(store.dataDir, 'saved')
    expect(await waymark(store, ['backup', folder])).toMatchObject({ code: 0, err: '' })
    expect(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'))).toMatchObject({ engine: engine.name, tables: { events: { rows: 21 }, link_tracking: { rows: 3 }, partner_access: { rows: 1 }, dead_letters: { rows: 1 } } })
    expect(await waymark(store, ['backup', folder])).toMatchObject({ code: 2, err: `${folder} is not empty.\n` })
    expect(await waymark(store, ['restore', folder])).toMatchObject({ code: 1, err: expect.stringContaining('This store has been used') })
    expect(await waymark(other, ['restore', folder])).toMatchObject({ code: 0, err: '' })

    const back = await testApp(engine, { store: other })
    expect((await back.stats('one')).clicks).toBe(3)
    expect(await numbers(back, links, project)).toEqual(before)
    expect((await back.ask('POST', '/api/tracking-ingest/test', { headers: { 'x-api-key': (body as { key: string }).key } })).status).toBe(200)
    expect((await back.ask('GET', `/api/tracking/engagement/john?token=${token}`)).body).toMatchObject({ access: 'private', totalClicks: 9 })
    expect((await back.get('/api/dead-letters', { as: 'admin' })).body).toMatchObject({ dead_letters: [{ reason: 'invalid' }] })
    // What was sent before the backup is still known, and new links have versions behind the old ones.
    expect(await back.given.clicks([{ tracking_id: 'one', event_id: 'before' }])).toMatchObject({ duplicates: 1 })
    await back.given.link({ tracking_id: 'later' })
    expect(((await back.get('/api/link-tracking/sync')).body as { links: { tracking_id: string }[] }).links.at(-1)).toMatchObject({ tracking_id: 'later' })
    await back.stop()
  })

  test('links, keys and people are made, and a server’s own are asked for over HTTP', { timeout: 60_000 }, async () => {
    const link = await waymark(store, ['link', 'create', 'https://example.com/x', '--function', 'GitHub', '--id', 'mine'])
    expect(link).toEqual({ code: 0, out: 'http://127.0.0.1:8080/github?uuid=mine\n', err: '' })
    expect(await waymark(store, ['link', 'create', 'ftp://example.com'])).toMatchObject({ code: 1, err: expect.stringMatching(/^400: original_url must be/) })
    const key = (await waymark(store, ['key', 'create', 'edge'])).out.trim()
    const gone = (await waymark(store, ['key', 'create', 'gone'])).out.trim()
    expect(await waymark(store, ['key', 'revoke', 'gone'])).toEqual({ code: 0, out: 'gone counts no more.\n', err: '' })
    const password = (await waymark(store, ['user', 'create', 'eve@example.com', '--role', 'admin'])).out.trim()
    expect(await waymark(store, ['user', 'password', 'eve@example.com', '--password-stdin'], 'a password of hers\n')).toMatchObject({ code: 0, out: 'eve@example.com has a new password.\n' })
    expect(await waymark(store, ['user', 'password', 'nobody@example.com'])).toEqual({ code: 1, out: '', err: 'There is no user nobody@example.com.\n' })
    expect(await waymark(store, ['migrate'])).toEqual({ code: 0, out: 'The schema is up to date.\n', err: '' })

    const spoken = async (...args: string[]): Promise<unknown> => JSON.parse((await waymark(store, [...args, '--json'])).out)
    expect(await spoken('key', 'create', 'spoken')).toMatchObject({ name: 'spoken', key: expect.stringMatching(/^wmk_/) })
    expect(await spoken('user', 'create', 'ed@example.com')).toMatchObject({ user: { email: 'ed@example.com', role: 'viewer' }, password: expect.stringMatching(/^[\w-]{24}$/) })
    expect(await spoken('migrate')).toEqual({ taken: [] })
    expect(await spoken('doctor')).toContainEqual(expect.objectContaining({ what: 'store', state: 'well' }))

    const app = await testApp(engine, { store })
    const login = async (secret: string) => (await app.ask('POST', '/api/auth/login', { body: { email: 'eve@example.com', password: secret } })).status
    expect([await login(password), await login('a password of hers')]).toEqual([401, 200])
    const keyed = async (secret: string) => (await app.ask('POST', '/api/tracking-ingest/test', { headers: { 'x-api-key': secret } })).status
    expect([await keyed(key), await keyed(gone)]).toEqual([200, 401])

    const there = ['--url', app.url, '--key', key]
    expect(await waymark(store, ['link', 'disable', 'mine', ...there])).toEqual({ code: 0, out: 'mine is off.\n', err: '' })
    expect((await waymark(store, ['link', 'list', ...there])).out).toMatch(/^tracking_id .*\n.*\nmine +GitHub +false +https:\/\/example.com\/x /)
    await app.given.clicks([{ tracking_id: 'mine', clicked_at: '2026-11-20T10:00:00Z' }])
    expect((await waymark(store, ['report', 'link', 'mine', '--csv', '--from', '2026-11-20', '--to', '2026-11-20', ...there])).out).toBe('date,clicks,human_clicks,machine_clicks,unique_visitors\r\n2026-11-20,1,1,0,0\r\n')
    expect(JSON.parse((await waymark(store, ['report', 'link', 'mine', '--json', ...there])).out)).toMatchObject({ tracking_id: 'mine', clicks: 1 })
    expect((await waymark(store, ['report', 'link', 'mine', ...there])).out).toMatch(/^tracking_id +mine\nclicks +1\n/)
    if (engine.name === 'duckdb') {
      expect(await waymark(store, ['link', 'list'])).toMatchObject({ code: 1, err: expect.stringMatching(/^A server runs on this data folder.*--url/) })
    } else {
      // Beside a running server: the database is there for all.
      expect((await waymark(other, ['link', 'list'])).code).toBe(0)
    }
    await app.stop()
  })

  test('seed tells a story of half a year, once', { timeout: 60_000 }, async () => {
    const ran = await waymark(store, ['seed'])
    expect(ran).toEqual({ code: 0, out: expect.stringMatching(/^\d{5} events are there; the project's key is 7a11ea0d0001\.\n$/), err: '' })
    expect(await waymark(store, ['seed'])).toMatchObject({ code: 1, err: expect.stringContaining('for a fresh one') })
    const weeks = JSON.parse((await waymark(store, ['report', 'events-timeseries', '7a11ea0d0001', '--interval', 'week', '--json'])).out) as { series: { count: number }[] }
    expect(weeks.series.length).toBeGreaterThan(24)
    const funnel = JSON.parse((await waymark(store, ['report', 'funnel', '7a11ea0d0001', '--steps', 'app_open', 'login_success', 'purchase_success', '--json'])).out) as { steps: { users: number }[] }
    const [all = 0, known = 0, paying = 0] = funnel.steps.map(({ users }) => users)
    expect([all > known, known > paying, paying > 10]).toEqual([true, true, true])
    expect((await waymark(store, ['report', 'campaign', 'spring_launch'])).out).toMatch(/^campaign +spring_launch\nevents +\d+\n/)
    const app = await testApp(engine, { store, clock: { at: Date.now() } })
    const told = async (query: string) => ((await app.get(`/api/v1/leads?limit=1&counts=true${query}`)).body as { counts: { leads: number } }).counts.leads
    const [leads, opened, gone] = [await told(''), await told('&email_opened=true'), await told('&email_unsubscribed=true')]
    expect([leads > 300, opened > 200, opened < leads, gone > 0]).toEqual([true, true, true, true])
    await app.close()
  })

  test('doctor finds what is well', { timeout: 60_000 }, async () => {
    const { code, out } = await waymark(store, ['doctor'])
    expect([code, out.split('\n').filter((line) => line.startsWith('✓')).map((line) => line.slice(2, 11).trim())]).toEqual([0, ['Node', 'settings', 'disk', 'store', 'clock']])
  })

  test('what cannot be asked for is said with 2', async () => {
    expect(await waymark(store, ['frobnicate'])).toMatchObject({ code: 2, err: expect.stringMatching(/^error: unknown command 'frobnicate'/) })
    expect(await waymark(store, ['report', 'nothing'])).toMatchObject({ code: 2, err: expect.stringMatching(/^There is no report nothing; there are overview, /) })
    expect(await waymark(store, ['import', 'nowhere.csv'])).toMatchObject({ code: 2, err: 'There is no file or folder nowhere.csv.\n' })
    expect(await waymark(store, ['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('Usage: waymark') })
  })
})

test('every command shows examples with its help, and has --json where it says what it has done', async () => {
  const nowhere: FreshStore = { dataDir: '', databaseUrl: null, drop: async () => undefined }
  const helped: string[] = []
  const help = async (words: string[]): Promise<void> => {
    const { code, out } = await waymark(nowhere, [...words, '--help'])
    expect([words, code]).toEqual([words, 0])
    const [, below] = out.split('\nCommands:\n')
    for (const [, name = ''] of (below ?? '').matchAll(/^ {2}([\w-]+)/gm)) if (name !== 'help') await help([...words, name])
    if (below !== undefined) return
    helped.push(words.join(' '))
    expect(out).toMatch(/\nExamples?:\n  .*waymark /)
    if (!['serve', 'edge'].includes(words.join(' '))) expect([words, out]).toEqual([words, expect.stringContaining('--json')])
  }
  await help([])
  expect(helped).toEqual(['serve', 'edge', 'migrate', 'link create', 'link list', 'link disable', 'key create', 'key revoke', 'user create', 'user password', 'report', 'export', 'import', 'backup', 'restore', 'migrate-store', 'doctor', 'seed'])
})
