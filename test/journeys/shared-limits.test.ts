import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ADMIN, type TestApp, testApp } from '../support/app.ts'
import { until } from '../support/ask.ts'
import { onEngine, onEveryEngine } from '../support/engines.ts'
import { type TestRedis, onRedis, startRedis } from '../support/redis.ts'

const LOOKUP = '/api/link-tracking/lookup/unknown'

onRedis('two servers with one Redis', () => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.kill())

  onEngine('duckdb', 'counting', (engine) => {
    let servers: [TestApp, TestApp]
    beforeAll(async () => {
      const env = { REDIS_URL: redis.url, RATE_LIMIT_LOOKUP: '5', TRUST_PROXY: '127.0.0.1' }
      servers = [await testApp(engine, { env }), await testApp(engine, { env })]
    })
    afterAll(async () => {
      for (const server of servers) await server.close()
    })

    const lookup = (server: 0 | 1, address: string) => servers[server].ask('GET', LOOKUP, { headers: { 'x-forwarded-for': address } })

    test('N−1 and N look-ups of an address are answered, whichever server is asked, and N+1 is one too many', async () => {
      const answers = []
      for (const server of [0, 1, 0, 1, 1, 0, 1] as const) answers.push(await lookup(server, '203.0.113.7'))
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404, 429, 429])
      expect(answers.map(({ headers }) => /r=(\d)/.exec(String(headers.ratelimit))?.[1])).toEqual(['4', '3', '2', '1', '0', '0', '0'])
      expect(answers[5]?.headers).toMatchObject({ 'retry-after': expect.stringMatching(/^(60|5\d)$/), 'ratelimit-policy': '"lookup";q=5;w=60' })
      expect((await lookup(0, '203.0.113.8')).status).toBe(404)
    })

    test('the addresses of one IPv6 /64 count as one, the next /64 as another', async () => {
      const statuses = []
      for (const [at, host] of ['::1', '::2', ':ffff:ffff:ffff:ffff', '::3', '::4', '::5'].entries()) statuses.push((await lookup((at % 2) as 0 | 1, `2001:db8:1:1${host}`)).status)
      expect(statuses).toEqual([404, 404, 404, 404, 404, 429])
      expect((await lookup(1, '2001:db8:1:2::1')).status).toBe(404)
    })

    test('ten failed logins are ten over both', async () => {
      const attempt = async (server: 0 | 1) => (await servers[server].ask('POST', '/api/auth/login', { body: { email: 'Somebody@example.com', password: 'wrong' }, headers: { 'x-forwarded-for': '203.0.113.9' } })).status
      const statuses = []
      for (let i = 0; i < 11; i++) statuses.push(await attempt((i % 2) as 0 | 1))
      expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429])
    })

    test('a login that succeeds costs nothing, on either', async () => {
      for (let i = 0; i < 6; i++) for (const server of servers) expect((await server.ask('POST', '/api/auth/login', { body: ADMIN, headers: { 'x-forwarded-for': '203.0.113.10' } })).status).toBe(200)
    })
  })

  onEngine('postgres', 'people', (engine) => {
    test('a person’s calls count over both servers', async () => {
      const one = await testApp(engine, { env: { REDIS_URL: redis.url, RATE_LIMIT_ADMIN: '3' } })
      const other = await one.neighbour()
      const headers = await one.as('admin')
      const statuses = []
      for (const server of [one, other, one, other, one]) statuses.push((await server.ask('GET', '/api/keys', { headers })).status)
      expect(statuses).toEqual([200, 200, 200, 429, 429])
      await other.close()
      await one.close()
    })
  })
})

onRedis('while Redis comes and goes', () => {
  onEngine('duckdb', 'a server', (engine) => {
    let redis: TestRedis
    let app: TestApp
    const log: string[] = []
    beforeAll(async () => {
      redis = await startRedis()
      app = await testApp(engine, { log, env: { LOG_LEVEL: 'info', REDIS_URL: redis.url, REDIS_WAIT_MS: '250', RATE_LIMIT_LOOKUP: '1000000' } })
    })
    afterAll(async () => {
      redis.goOn()
      await app.close()
      await redis.kill()
    })
    beforeEach(() => isUp(1))

    const isUp = (value: 0 | 1) => until(`waymark_redis_up is ${value}`, async () => (await app.metric('waymark_redis_up')) === value, 20_000)
    /** Asks without a pause, four at a time, while something happens; gives what was answered, and in how many ms at most. */
    const asking = async (happens: () => Promise<unknown>) => {
      const statuses = new Set<number>()
      let slowest = 0
      let over = false
      const caller = async (): Promise<void> => {
        while (!over) {
          const start = performance.now()
          statuses.add((await app.ask('GET', LOOKUP)).status)
          slowest = Math.max(slowest, performance.now() - start)
        }
      }
      const callers = Array.from({ length: 4 }, caller)
      await happens()
      over = true
      await Promise.all(callers)
      return { statuses: [...statuses], slowest }
    }

    describe.each([
      ['killed', () => redis.kill(), () => redis.start()],
      ['halted', async () => redis.halt(), async () => redis.goOn()],
    ])('%s', (_, leave, comeBack) => {
      test('no request fails or waits long, and limits are shared again as soon as it is back', async () => {
        const { statuses, slowest } = await asking(async () => {
          await leave()
          await isUp(0)
          await comeBack()
          await isUp(1)
        })
        expect(statuses).toEqual([404])
        expect(slowest).toBeLessThan(5_000)
      })
    })

    test('each change is said once in the log', async () => {
      await redis.kill()
      await isUp(0)
      const lines = log.map((line) => JSON.parse(line) as { level: number; msg: string; reason?: string }).filter(({ msg }) => msg.startsWith('Redis'))
      expect(lines.length).toBeGreaterThanOrEqual(4)
      lines.forEach((line, at) => expect(line).toMatchObject(at % 2 === 0 ? { level: 30, msg: 'Redis is there: rate limits are shared' } : { level: 40, reason: expect.any(String) }))
      await redis.start()
    })

    test('a server keeps its own limits, from what it let in before', async () => {
      const limited = await testApp(engine, { env: { REDIS_URL: redis.url, REDIS_WAIT_MS: '250', RATE_LIMIT_LOOKUP: '4' } })
      const lookup = async () => (await limited.ask('GET', LOOKUP)).status
      expect([await lookup(), await lookup(), await lookup()]).toEqual([404, 404, 404])
      await redis.kill()
      expect([await lookup(), await lookup(), await lookup()]).toEqual([404, 429, 429])
      await redis.start()
      await limited.close()
    })
  })

  onEngine('duckdb', 'a start', (engine) => {
    test('needs no Redis', async () => {
      const log: string[] = []
      const app = await testApp(engine, { log, env: { LOG_LEVEL: 'warn', REDIS_URL: 'redis://user:a-password@127.0.0.1:1' } })
      expect((await app.ask('GET', LOOKUP)).status).toBe(404)
      expect(await app.metric('waymark_redis_up')).toBe(0)
      expect(log.map((line) => JSON.parse(line) as object)).toMatchObject([{ level: 40, reason: expect.stringContaining('ECONNREFUSED'), msg: expect.stringMatching(/^Redis is away/) }])
      expect(log.join('')).not.toContain('a-password')
      await app.close()
    })
  })
})

onEveryEngine('a signed-in person', (engine) => {
  test('is limited by user on every route that is not public, and an ingest key is not', async () => {
    const app = await testApp(engine, { env: { RATE_LIMIT_ADMIN: '3' } })
    const me = () => app.get('/api/auth/me', { as: 'admin' })
    const answers = [await me(), await app.get('/api/link-tracking/links', { as: 'admin' }), await app.get('/api/tracking-ingest/test', { as: 'admin' }), await app.post('/api/link-tracking/links', { original_url: 'https://example.com/' }, { as: 'admin' }), await me()]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 405, 201, 429])
    expect(answers[0]?.headers).toMatchObject({ 'ratelimit-policy': '"admin";q=3;w=60', ratelimit: expect.stringMatching(/^"admin";r=2;t=(60|5\d)$/) })
    expect(answers[4]).toMatchObject({
      headers: { 'ratelimit-policy': '"admin";q=3;w=60', ratelimit: expect.stringMatching(/^"admin";r=0;t=/), 'retry-after': expect.stringMatching(/^\d+$/) },
      body: { success: false, error: expect.stringMatching(/^Too many requests\. Try again in \d+ s\.$/) },
    })
    // Also what this person may not do anyway.
    expect((await app.post('/api/tracking-ingest/test', undefined, { as: 'admin' })).status).toBe(429)
    for (let i = 0; i < 6; i++) expect((await app.get('/api/link-tracking/links')).status).toBe(200)
    expect((await app.click('/link?uuid=unknown')).status).toBe(404)
    await app.close()
  })
})
