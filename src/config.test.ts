import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConfigError, readConfig, readEdgeConfig } from './config.ts'

const SECRET = 'a secret of at least thirty-two bytes'

describe('the settings', () => {
  let DATA_DIR: string
  beforeAll(async () => {
    DATA_DIR = await mkdtemp(join(tmpdir(), 'waymark-test-'))
  })
  afterAll(() => rm(DATA_DIR, { recursive: true }))

  const read = (env: Record<string, string>) => readConfig({ DATA_DIR, JWT_SECRET: SECRET, TRACKING_TOKEN_SECRET: SECRET, ...env })
  /** The lines with which a start is refused. */
  const refused = (env: Record<string, string>): string[] => {
    try {
      read(env)
    } catch (error) {
      if (error instanceof ConfigError) return error.message.split('\n')
      throw error
    }
    return []
  }

  test('have defaults that work on a machine of one’s own', () => {
    expect(readConfig({ DATA_DIR })).toEqual({
      production: false,
      host: '127.0.0.1',
      port: 8080,
      publicUrl: null,
      baseRedirectUrl: null,
      notFoundUrl: null,
      honorDnt: false,
      eventRetentionMs: null,
      anonymizeAfterMs: 90 * 86_400_000,
      unknownLinks: 'store',
      dataDir: DATA_DIR,
      store: { dataDir: DATA_DIR, databaseUrl: null, replicas: { urls: [], maxLagMs: 5_000 }, memoryMb: 384, threads: 2 },
      ingest: { journalFolder: join(DATA_DIR, 'journal'), journalMaxBytes: 1024 ** 3, windowMs: 7 * 86_400_000, ack: 'journal', recordWaitMs: 50, ipStorage: 'hash' },
      reportTimeoutMs: 10_000,
      reportCacheMs: 0,
      webhookApiKey: null,
      adminEmail: null,
      adminPasswordHash: null,
      jwtSecret: expect.stringMatching(/^[A-Za-z0-9+/]{64}$/),
      tokenMs: 86_400_000,
      sessionMs: 86_400_000,
      allowedOrigin: expect.any(Function),
      trusted: expect.any(Function),
      countryHeader: null,
      countryDb: null,
      lookupLimit: 6_000,
      captureLimit: 100,
      adminLimit: 50,
      redis: { redisUrl: null, redisWaitMs: 50 },
      eventsLimit: 600,
      analyticsLimit: 30,
      mail: null,
      email: {
        secret: expect.stringMatching(/^[A-Za-z0-9+/]{64}$/),
        tokenMs: 90 * 86_400_000,
        listed: expect.any(Function),
        confirms: false,
        opensLimit: 10_000,
        clicksLimit: 5_000,
        perMinute: 6_000,
        retentionMs: 90 * 86_400_000,
      },
      webhookAllowPrivate: false,
      logLevel: 'info',
    })
  })

  test('that are empty or blank are unset', () => {
    const unset = read({ PORT: '', ENV: ' ', WEBHOOK_API_KEY: '', DATABASE_URL: '\t' })
    expect(unset).toMatchObject({ port: 8080, production: false, webhookApiKey: null, store: { databaseUrl: null } })
    expect(read({ PORT: ' 9090 ' }).port).toBe(9090)
  })

  test('make a secret once, which the owner alone can read', async () => {
    const { jwtSecret } = readConfig({ DATA_DIR })
    expect(readConfig({ DATA_DIR }).jwtSecret).toBe(jwtSecret)
    expect((await readFile(join(DATA_DIR, 'jwt-secret'), 'utf8')).trim()).toBe(jwtSecret)
    expect((await stat(join(DATA_DIR, 'jwt-secret'))).mode & 0o777).toBe(0o600)
    expect(read({}).jwtSecret).toBe(SECRET)
  })

  test('listen on every address in production, and acknowledge by the store with PostgreSQL', () => {
    expect(read({ ENV: 'production' })).toMatchObject({ production: true, host: '0.0.0.0' })
    expect(read({ ENV: 'production', HOST: '::1' }).host).toBe('::1')
    expect(read({ DATABASE_URL: 'postgres://localhost/waymark' }).ingest.ack).toBe('store')
    expect(read({ DATABASE_URL: 'postgresql://localhost/waymark', ACK: 'journal' }).ingest.ack).toBe('journal')
    expect(read({ ACK: 'store' }).ingest.ack).toBe('store')
  })

  test.each([
    ['https://go.example.com/', 'https://go.example.com'],
    ['https://go.example.com//', 'https://go.example.com'],
    ['HTTPS://Go.Example.com:443/to/', 'https://go.example.com/to'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
  ])('the base of links %s is %s', (given, base) => {
    expect(read({ BASE_REDIRECT_URL: given, PUBLIC_URL: given })).toMatchObject({ baseRedirectUrl: base, publicUrl: base })
  })

  test.each([
    ['https://steveglen.com/404', 'https://steveglen.com/404'],
    ['https://steveglen.com/404/?from=link#top', 'https://steveglen.com/404/?from=link#top'],
    // Sent in a header, which takes no such letters.
    ['https://example.com/nie-ma-ścieżki', 'https://example.com/nie-ma-%C5%9Bcie%C5%BCki'],
  ])('NOT_FOUND_URL %s is sent as %s', (given, sent) => {
    expect(read({ NOT_FOUND_URL: given }).notFoundUrl).toBe(sent)
  })

  test('TRUST_PROXY is a list of addresses and ranges', () => {
    const { trusted } = read({ TRUST_PROXY: ' 127.0.0.1 , 10.0.0.0/8,, ::1 ' })
    expect(['127.0.0.1', '10.9.8.7', '::1', '127.0.0.2', '11.0.0.1', 'x'].map(trusted)).toEqual([true, true, true, false, false, false])
  })

  test('ALLOWED_ORIGINS is a list of origins, a page on one’s own machine unless told', () => {
    const asked = ['http://localhost:3000', 'https://wihy.ai', 'https://app.wihy.ai', 'https://wihy.ai.evil.com']
    expect(asked.map(read({}).allowedOrigin)).toEqual([true, false, false, false])
    expect(asked.map(read({ ALLOWED_ORIGINS: 'https://wihy.ai, https://*.wihy.ai' }).allowedOrigin)).toEqual([false, true, true, false])
  })

  test.each<[name: string, value: string, expected: string]>([
    ['PORT', '65536', 'must be a whole number from 0 to 65535'],
    ['PORT', '80.5', 'must be a whole number'],
    ['PORT', '-1', 'must be a whole number'],
    ['PORT', '0x50', 'must be a whole number'],
    ['PORT', '1e3', 'must be a whole number'],
    ['REDIS_URL', 'localhost:6379', 'must be a URL that begins with redis:// or rediss://'],
    ['REDIS_URL', 'redis://:no:url:1x', 'must be a URL that begins with redis:// or rediss://'],
    ['REDIS_WAIT_MS', '0', 'must be a whole number from 1 to 10000'],
    ['ENV', 'staging', 'must be one of development, production'],
    ['ENV', 'Production', 'must be one of development, production'],
    ['ACK', 'both', 'must be one of journal, store'],
    ['LOG_LEVEL', 'loud', 'must be one of trace, debug, info, warn, error, silent'],
    ['IP_STORAGE', 'encrypted', 'must be one of hash, raw, none'],
    ['UNKNOWN_LINKS', 'drop', 'must be one of store, reject'],
    ['HONOR_DNT', 'yes', 'must be true or false'],
    ['PUBLIC_URL', 'waymark.example.com', 'must be an http or https URL'],
    ['PUBLIC_URL', 'https://ada:secret@example.com', 'must be an http or https URL'],
    ['BASE_REDIRECT_URL', 'javascript:alert(1)', 'must be an http or https URL'],
    ['BASE_REDIRECT_URL', 'https://go.example.com/?a=b', 'must be an http or https URL'],
    ['BASE_REDIRECT_URL', 'https://go.example.com/#a', 'must be an http or https URL'],
    ['NOT_FOUND_URL', '/404', 'must be an http or https URL'],
    ['DATABASE_URL', 'mysql://localhost/x', 'must be a URL that begins with postgres://'],
    ['DATABASE_URL', 'localhost', 'must be a URL that begins with postgres://'],
    ['DATABASE_URL', 'postgres://one:5432,two:x/waymark', 'must be a URL that begins with postgres://'],
    ['DATABASE_REPLICA_URLS', 'localhost', 'must be URLs that begin with postgres://, by comma'],
    ['DATABASE_REPLICA_URLS', 'postgres://localhost/waymark', 'must come with DATABASE_URL'],
    ['REPLICA_MAX_LAG_MS', '99', 'must be a whole number from 100'],
    ['EVENT_RETENTION_DAYS', '30', 'must be a whole number from 31'],
    ['DUCKDB_MEMORY_MB', '64', 'must be a whole number from 128'],
    ['DUCKDB_THREADS', '0', 'must be a whole number from 1'],
    ['JOURNAL_MAX_MB', '0', 'must be a whole number from 1'],
    ['DEDUPE_WINDOW_DAYS', '91', 'must be a whole number from 1 to 90'],
    ['RECORD_WAIT_MS', '10001', 'must be a whole number from 0 to 10000'],
    ['REPORT_TIMEOUT_MS', '99', 'must be a whole number from 100'],
    ...['0h', '24', '1.5h', '24H', '1w', '366d', '0s', '99999999d', '999999999s'].map((value): [string, string, string] => ['JWT_EXPIRY', value, 'must be a time from 1s to 365d']),
    ['SESSION_TIMEOUT_HOURS', '0', 'must be a whole number from 1'],
    ['RATE_LIMIT_LOOKUP', '0', 'must be a whole number from 1'],
    ['RATE_LIMIT_CAPTURE', '0', 'must be a whole number from 1'],
    ['ALLOWED_ORIGINS', '*', "'*' is no origin"],
    ['ALLOWED_ORIGINS', 'https://example.com,https://*.com', "'https://*.com' is no origin"],
    ['RATE_LIMIT_ANALYTICS', '0', 'must be a whole number from 1'],
    ['SMTP_URL', 'mail.example.com:587', 'must be a URL such as smtp://'],
    ['SMTP_URL', 'smtp://', 'must be a URL such as smtp://'],
    ['SMTP_URL', 'https://mail.example.com', 'must be a URL such as smtp://'],
    ['SMTP_URL', 'log:x', 'must be a URL such as smtp://'],
    ['EMAIL_FROM', 'Ada', 'must be an e-mail address, or Name <address>'],
    ['EMAIL_FROM', 'ada@example.com, bob@example.com', 'must be an e-mail address, or Name <address>'],
    ['EMAIL_FROM', 'Ada <ada@example.com>\r\nBcc: bob@example.com', 'must be an e-mail address, or Name <address>'],
    ['EMAIL_FROM', 'Ada\u0007 <ada@example.com>', 'must be an e-mail address, or Name <address>'],
    ['TRUST_PROXY', '10.0.0.0/33', "'10.0.0.0/33' is no IP address or CIDR range"],
    ['JWT_SECRET', 'short', 'must be 32 bytes or more'],
    ['TRACKING_TOKEN_SECRET', 'short', 'must be set to 32 bytes or more.'],
    ['EMAIL_REDIRECT_ALLOWED_DOMAINS', 'example.com,https://example.com', "'https://example.com' is no host"],
    ['UNSUBSCRIBE_MODE', 'never', 'must be one of one-click, confirm'],
    ['EMAIL_TOKEN_TTL_DAYS', '0', 'must be a whole number from 1'],
    ['EMAIL_RETENTION_DAYS', 'x', 'must be a whole number from 1'],
    ['EMAIL_RATE_LIMIT_OPENS', '0', 'must be a whole number from 1'],
    ['COUNTRY_DB', '/nowhere/countries.mmdb', 'must be a file that can be read'],
    ['DATA_DIR', '/dev/null/data', 'must be a folder that can be written'],
  ])('%s=%s is refused by its name, alone', (name, value, expected) => {
    expect(refused({ [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name}\\b`))])
    expect(refused({ [name]: value })[0]).toContain(expected)
  })

  test('that are wrong are all named at once', () => {
    expect(refused({ PORT: 'x', ENV: 'x', TRUST_PROXY: 'x' }).map((line) => line.split(/[ :]/)[0])).toEqual(['PORT', 'ENV', 'TRUST_PROXY'])
  })

  test('mails need a server and whom they come from; into files they come from anybody', () => {
    const folder = join(DATA_DIR, 'mail')
    expect(refused({ SMTP_URL: 'smtps://user:secret@mail.example.com' })).toEqual(['EMAIL_FROM must be set when SMTP_URL is: the address that mails come from.'])
    expect(read({ SMTP_URL: 'smtps://user:secret@mail.example.com', EMAIL_FROM: 'Ünï & Co. <hello@example.com>' }).mail).toEqual({ url: 'smtps://user:secret@mail.example.com', from: 'Ünï & Co. <hello@example.com>', folder })
    expect(read({ SMTP_URL: 'log:' }).mail).toEqual({ url: 'log:', from: 'waymark@localhost', folder })
    expect(read({ SMTP_URL: 'log:', EMAIL_FROM: 'ada@example.com' }).mail?.from).toBe('ada@example.com')
    expect(read({ EMAIL_FROM: 'ada@example.com' }).mail).toBe(null)
    expect(refused({ SMTP_URL: 'user:secret@mail.example.com' }).join()).not.toContain('secret')
  })

  test.each([[{ ADMIN_EMAIL: 'ada@example.com' }], [{ ADMIN_PASSWORD_HASH: '$2b$12$' }]])('%j stands for half an admin', (env) => {
    expect(refused(env as Record<string, string>)).toEqual([expect.stringMatching(/ADMIN_EMAIL.*ADMIN_PASSWORD_HASH/)])
  })

  describe('in production', () => {
    test.each([
      [{ JWT_SECRET: '' }, ['JWT_SECRET']],
      [{ TRACKING_TOKEN_SECRET: '' }, ['TRACKING_TOKEN_SECRET']],
      [{ JWT_SECRET: 'x'.repeat(31) }, ['JWT_SECRET']],
      [{ WEBHOOK_API_KEY: 'your_secure_key_here' }, ['WEBHOOK_API_KEY']],
      [{ JWT_SECRET: 'x', WEBHOOK_API_KEY: 'x' }, ['JWT_SECRET', 'WEBHOOK_API_KEY']],
    ])('%j is refused', (env, names) => {
      expect(refused({ ENV: 'production', ...env }).map((line) => line.split(' ')[0])).toEqual(names)
    })

    test('secrets of 32 bytes are taken, and no secret is ever in the sentence', () => {
      expect(refused({ ENV: 'production', WEBHOOK_API_KEY: 'ü'.repeat(16) })).toEqual([])
      expect(refused({ ENV: 'production', JWT_SECRET: 'mine', WEBHOOK_API_KEY: 'yours' }).join()).not.toMatch(/mine|yours/)
    })
  })

  test('a made secret that a crash cut off is made anew', async () => {
    const file = join(DATA_DIR, 'jwt-secret')
    for (const cut of ['', 'abc']) {
      await writeFile(file, cut)
      const { jwtSecret } = readConfig({ DATA_DIR })
      expect(jwtSecret).toMatch(/^[A-Za-z0-9+/]{64}$/)
      expect((await readFile(file, 'utf8')).trim()).toBe(jwtSecret)
    }
  })

  test('the edge needs its origin and a key, and no secret of sessions, in production too', () => {
    expect(readEdgeConfig({ DATA_DIR, ENV: 'production', ORIGIN_URL: 'https://waymark.example.com/', WEBHOOK_API_KEY: 'key' })).toEqual({
      host: '0.0.0.0',
      port: 8080,
      originUrl: 'https://waymark.example.com',
      key: 'key',
      folder: join(DATA_DIR, 'edge'),
      journalMaxBytes: 1024 ** 3,
      recordWaitMs: 50,
      notFoundUrl: null,
      honorDnt: false,
      trusted: expect.any(Function),
      batchEvents: 100,
      batchWaitMs: 60_000,
      syncEveryMs: 1_000,
      logLevel: 'info',
    })
    expect(() => readEdgeConfig({ DATA_DIR })).toThrow('ORIGIN_URL and WEBHOOK_API_KEY must be set')
    expect(() => readEdgeConfig({ DATA_DIR, ORIGIN_URL: 'https://x.example' })).toThrow('WEBHOOK_API_KEY must be set')
    expect(() => readEdgeConfig({ DATA_DIR, ORIGIN_URL: 'x', WEBHOOK_API_KEY: 'k', EDGE_BATCH_WAIT: '60', EDGE_BATCH_EVENTS: '501', TRUST_PROXY: 'x' })).toThrow(/ORIGIN_URL must be.*\nEDGE_BATCH_EVENTS must.*\nEDGE_BATCH_WAIT must/)
  })
})
