import { randomBytes } from 'node:crypto'
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Trusted, trustedProxies } from './capture/address.ts'
import { baseUrl, duration, flag, httpUrl, list, mailbox, oneOf, postgresUrl, readable, redisUrl, replicaUrls, smtpUrl, text, whole } from './config-readers.ts'
import { type ListedHost, listedHosts } from './core/hosts.ts'
import { DAY_MS, HOUR_MS } from './core/time.ts'
import { type AllowedOrigin, allowedOrigins } from './http/cors.ts'
import type { StorePlace } from './store/open.ts'

/** One setting: how its text is read, what it is when unset, and what it is for. */
interface Setting<T> {
  read: (text: string) => T
  default: T
  about: string
}

const setting = <T>(about: string, fallback: T, read: (text: string) => T): Setting<T> => ({ about, default: fallback, read })

/** Every setting there is, by the name of its environment variable. `.env.example` lists the same. */
export const SETTINGS = {
  HOST: setting<string | null>('Address to listen on; 127.0.0.1, or 0.0.0.0 in production', null, text),
  PORT: setting('Port to listen on', 8080, whole(0, 65_535)),
  ENV: setting<'development' | 'production'>('development or production', 'development', oneOf('development', 'production')),
  PUBLIC_URL: setting<string | null>('Address at which people reach this server; the listening address when unset', null, baseUrl),
  BASE_REDIRECT_URL: setting<string | null>('Domain that redirects tracked links; this server when unset', null, baseUrl),
  NOT_FOUND_URL: setting<string | null>('Where visitors of unknown and inactive links are sent; a small page when unset', null, httpUrl),
  UNKNOWN_LINKS: setting<'store' | 'reject'>('What a click of a link that does not exist yet becomes: store or reject', 'store', oneOf('store', 'reject')),
  DATA_DIR: setting('Folder of the embedded store, the journal and made secrets', './data', text),
  DATABASE_URL: setting<string | null>('PostgreSQL to use instead of the embedded store; of several hosts by comma the one that takes writes', null, postgresUrl),
  DATABASE_REPLICA_URLS: setting<string[]>('Streaming replicas of that PostgreSQL from which reports are read in turn, by comma', [], replicaUrls),
  REPLICA_MAX_LAG_MS: setting('How far behind a replica may be that is still asked', 5_000, whole(100, 3_600_000)),
  REDIS_URL: setting<string | null>('Redis through which all servers share their rate limits; each counts for itself when unset', null, redisUrl),
  REDIS_WAIT_MS: setting('How long a request waits for Redis before this server counts for itself', 50, whole(1, 10_000)),
  DUCKDB_MEMORY_MB: setting('Memory the embedded store may use', 384, whole(128, 1_048_576)),
  DUCKDB_THREADS: setting('Threads the embedded store may use for a question', 2, whole(1, 256)),
  ACK: setting<'journal' | 'store' | null>('When a write is answered: after the journal\'s flush (journal) or the store\'s commit (store); journal on the embedded store, store on PostgreSQL', null, oneOf('journal', 'store')),
  RECORD_WAIT_MS: setting('How long a redirect waits for its click to be flushed', 50, whole(0, 10_000)),
  JOURNAL_MAX_MB: setting('How much may wait for the store before writes are turned away with 503', 1_024, whole(1, 1_048_576)),
  DEDUPE_WINDOW_DAYS: setting('How long an event id is remembered', 7, whole(1, 90)),
  REPORT_TIMEOUT_MS: setting('How long a report may take', 10_000, whole(100, 600_000)),
  REPORT_CACHE_MS: setting('How old a report\'s numbers may be, so that the same question need not be answered again; 0: always fresh', 0, whole(0, 3_600_000)),
  WEBHOOK_API_KEY: setting<string | null>('Ingest key for machines; one is made at the first start when unset', null, text),
  ADMIN_EMAIL: setting<string | null>('E-mail address of the first admin', null, text),
  ADMIN_PASSWORD_HASH: setting<string | null>('bcrypt hash of the first admin\'s password', null, text),
  JWT_SECRET: setting<string | null>('Secret that signs sessions, 32 bytes or more; made once in development', null, text),
  JWT_EXPIRY: setting('How long a session\'s token counts before it must be renewed, such as 24h', 24 * HOUR_MS, duration),
  SESSION_TIMEOUT_HOURS: setting('How long a session lasts without use', 24, whole(1, 8_760)),
  ALLOWED_ORIGINS: setting<string[]>('Origins whose pages may read answers, by comma: https://example.com, or https://*.example.com for subdomains', ['http://localhost:3000'], list),
  TRUST_PROXY: setting<string[]>('Proxies whose X-Forwarded-For counts: addresses or CIDR ranges, by comma', [], list),
  COUNTRY_HEADER: setting<string | null>('Header in which a trusted proxy gives the visitor\'s country, such as cf-ipcountry', null, (value) => value.toLowerCase()),
  COUNTRY_DB: setting<string | null>('MMDB file that tells an address\'s country', null, readable),
  HONOR_DNT: setting('Whether a click or capture with DNT: 1 or Sec-GPC: 1 is left unrecorded', false, flag),
  IP_STORAGE: setting<'hash' | 'raw' | 'none'>('How addresses are kept: hash (with a daily random key), raw or none', 'hash', oneOf('hash', 'raw', 'none')),
  RATE_LIMIT_LOOKUP: setting('Look-ups a minute by address without a key', 6_000, whole(1, 1_000_000)),
  RATE_LIMIT_CAPTURE: setting('Captures a minute by address without a key', 100, whole(1, 1_000_000)),
  RATE_LIMIT_ADMIN: setting('Calls a minute by a signed-in person', 50, whole(1, 1_000_000)),
  RATE_LIMIT_ANALYTICS: setting('Questions for the numbers of a partner a minute by address', 30, whole(1, 1_000_000)),
  RATE_LIMIT_EVENTS: setting('Product batches a minute by address', 600, whole(1, 1_000_000)),
  SMTP_URL: setting<string | null>('Mail server, or log: for files in the data folder; no mails are sent when unset', null, smtpUrl),
  EMAIL_FROM: setting<string | null>('Whom mails come from: an address, or Name <address>', null, mailbox),
  TRACKING_TOKEN_SECRET: setting<string | null>('Secret that signs the tokens in mails, 32 bytes or more; made once in development', null, text),
  EMAIL_TOKEN_TTL_DAYS: setting('How long opens and clicks of a mail count', 90, whole(1, 36_500)),
  EMAIL_REDIRECT_ALLOWED_DOMAINS: setting<string[]>('Hosts that clicks in mails may be sent to without a signature, by comma: example.com, or *.example.com for those below', [], list),
  UNSUBSCRIBE_MODE: setting<'one-click' | 'confirm'>('Whether opening the unsubscribe address is enough (one-click), or its button must be pressed (confirm)', 'one-click', oneOf('one-click', 'confirm')),
  EMAIL_RATE_LIMIT_OPENS: setting('Opens of mails counted a minute in all', 10_000, whole(1, 10_000_000)),
  EMAIL_RATE_LIMIT_CLICKS: setting('Clicks in mails counted a minute in all', 5_000, whole(1, 10_000_000)),
  EMAIL_RETENTION_DAYS: setting('After how many days the events of mails are deleted', 90, whole(1, 36_500)),
  EMAIL_RATE_PER_MINUTE: setting('Mails of mailings a minute, of all servers together', 6_000, whole(1, 1_000_000)),
  WEBHOOK_ALLOW_PRIVATE: setting('Whether webhooks may lead to private and loopback addresses', false, flag),
  EVENT_RETENTION_DAYS: setting<number | null>('After how many days events are deleted, a whole month at a time; never when unset', null, whole(31, 36_500)),
  ANONYMIZE_AFTER_DAYS: setting('After how many days addresses, their hashes and user agents are removed from events', 90, whole(1, 36_500)),
  ORIGIN_URL: setting<string | null>('For the edge redirector: the Waymark server whose links it serves and to which it reports clicks', null, baseUrl),
  EDGE_BATCH_EVENTS: setting('So many clicks waiting at the edge are sent at once', 100, whole(1, 500)),
  EDGE_BATCH_WAIT: setting('How long a click waits at the edge for others to be sent with, such as 60s', 60_000, duration),
  EDGE_SYNC_EVERY: setting('How often the edge asks for changed links', 1_000, duration),
  LOG_LEVEL: setting<LogLevel>('trace, debug, info, warn, error or silent', 'info', oneOf('trace', 'debug', 'info', 'warn', 'error', 'silent')),
} as const

type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
type Flat = { [K in keyof typeof SETTINGS]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never }

/** The settings, checked together, in the groups in which the rooms need them. Sizes in bytes, times in ms. */
export type Config = ReturnType<typeof grouped>

/** A start that cannot be: each line names a variable and says what it should be. */
export class ConfigError extends Error {}

/** Reads the settings from the environment and, where there is one, `.env`; `place` stands before both. Throws ConfigError naming each wrong variable. */
export function readConfig(env: NodeJS.ProcessEnv = environment(), place?: StorePlace): Config {
  const placed = place && { ...(place.dataDir === null ? {} : { DATA_DIR: place.dataDir }), DATABASE_URL: place.databaseUrl ?? '' }
  return grouped(flatOf({ ...env, ...placed }, conflicts))
}

/** The settings of the edge redirector, which has no accounts and no store. Throws ConfigError naming each wrong variable. */
export function readEdgeConfig(env: NodeJS.ProcessEnv = environment()) {
  const flat = flatOf(env, edgeConflicts)
  const dataDir = usableFolder(flat.DATA_DIR)
  return {
    ...addressOf(flat),
    originUrl: flat.ORIGIN_URL as string,
    key: flat.WEBHOOK_API_KEY as string,
    folder: join(dataDir, 'edge'),
    journalMaxBytes: flat.JOURNAL_MAX_MB * 1024 * 1024,
    recordWaitMs: flat.RECORD_WAIT_MS,
    notFoundUrl: flat.NOT_FOUND_URL,
    honorDnt: flat.HONOR_DNT,
    trusted: trustedProxies(flat.TRUST_PROXY) as Trusted,
    batchEvents: flat.EDGE_BATCH_EVENTS,
    batchWaitMs: flat.EDGE_BATCH_WAIT,
    syncEveryMs: flat.EDGE_SYNC_EVERY,
    logLevel: flat.LOG_LEVEL,
  }
}

function flatOf(env: NodeJS.ProcessEnv, conflictsIn: (flat: Flat) => string[]): Flat {
  const problems: string[] = []
  const flat = Object.fromEntries(
    Object.entries(SETTINGS).map(([name, { read, default: fallback }]) => {
      const given = env[name]?.trim()
      if (given === undefined || given === '') return [name, fallback]
      try {
        return [name, read(given)]
      } catch (error) {
        problems.push(`${name} ${(error as Error).message}.`)
        return [name, fallback]
      }
    }),
  ) as unknown as Flat
  problems.push(...conflictsIn(flat))
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  return flat
}

function environment(): NodeJS.ProcessEnv {
  if (existsSync('.env')) process.loadEnvFile('.env')
  return process.env
}

const SECRET_BYTES = 32

function conflicts(flat: Flat): string[] {
  const problems: string[] = []
  if (flat.ENV === 'production' && (flat.JWT_SECRET === null || Buffer.byteLength(flat.JWT_SECRET) < SECRET_BYTES)) {
    problems.push(`JWT_SECRET must be set to ${SECRET_BYTES} bytes or more when ENV=production. Make one with: openssl rand -base64 48`)
  } else if (flat.JWT_SECRET !== null && Buffer.byteLength(flat.JWT_SECRET) < SECRET_BYTES) {
    problems.push(`JWT_SECRET must be ${SECRET_BYTES} bytes or more.`)
  }
  const tokenSecret = flat.TRACKING_TOKEN_SECRET
  if (tokenSecret === null ? flat.ENV === 'production' : Buffer.byteLength(tokenSecret) < SECRET_BYTES) {
    const made = flat.ENV === 'production' ? ' when ENV=production. Make one with: openssl rand -base64 48' : '.'
    problems.push(`TRACKING_TOKEN_SECRET must be set to ${SECRET_BYTES} bytes or more${made}`)
  }
  if (flat.ENV === 'production' && flat.WEBHOOK_API_KEY !== null && Buffer.byteLength(flat.WEBHOOK_API_KEY) < SECRET_BYTES) {
    problems.push(`WEBHOOK_API_KEY must be ${SECRET_BYTES} bytes or more when ENV=production.`)
  }
  if (flat.SMTP_URL !== null && flat.SMTP_URL !== 'log:' && flat.EMAIL_FROM === null) problems.push('EMAIL_FROM must be set when SMTP_URL is: the address that mails come from.')
  if ((flat.ADMIN_EMAIL === null) !== (flat.ADMIN_PASSWORD_HASH === null)) problems.push('ADMIN_EMAIL and ADMIN_PASSWORD_HASH must be set together.')
  if (flat.DATABASE_REPLICA_URLS.length > 0 && flat.DATABASE_URL === null) problems.push('DATABASE_REPLICA_URLS must come with DATABASE_URL, the database that they are replicas of.')
  problems.push(...proxyConflicts(flat))
  try {
    allowedOrigins(flat.ALLOWED_ORIGINS)
  } catch (error) {
    problems.push(`ALLOWED_ORIGINS: ${(error as Error).message}`)
  }
  try {
    listedHosts(flat.EMAIL_REDIRECT_ALLOWED_DOMAINS)
  } catch (error) {
    problems.push(`EMAIL_REDIRECT_ALLOWED_DOMAINS: ${(error as Error).message}`)
  }
  return problems
}

function edgeConflicts(flat: Flat): string[] {
  const problems: string[] = []
  if (flat.ORIGIN_URL === null && flat.WEBHOOK_API_KEY === null) problems.push('ORIGIN_URL and WEBHOOK_API_KEY must be set: which server the edge is of, and the ingest key it shows there.')
  else if (flat.ORIGIN_URL === null) problems.push('ORIGIN_URL must be set: which server the edge is of.')
  else if (flat.WEBHOOK_API_KEY === null) problems.push('WEBHOOK_API_KEY must be set: the ingest key that the edge shows to ORIGIN_URL.')
  return [...problems, ...proxyConflicts(flat)]
}

function proxyConflicts(flat: Flat): string[] {
  try {
    trustedProxies(flat.TRUST_PROXY)
    return []
  } catch (error) {
    return [`TRUST_PROXY: ${(error as Error).message}`]
  }
}

function addressOf(flat: Flat) {
  return { host: flat.HOST ?? (flat.ENV === 'production' ? '0.0.0.0' : '127.0.0.1'), port: flat.PORT }
}

function grouped(flat: Flat) {
  const dataDir = usableFolder(flat.DATA_DIR)
  return {
    production: flat.ENV === 'production',
    ...addressOf(flat),
    publicUrl: flat.PUBLIC_URL,
    baseRedirectUrl: flat.BASE_REDIRECT_URL,
    notFoundUrl: flat.NOT_FOUND_URL,
    unknownLinks: flat.UNKNOWN_LINKS,
    dataDir,
    store: { dataDir, databaseUrl: flat.DATABASE_URL, replicas: { urls: flat.DATABASE_REPLICA_URLS, maxLagMs: flat.REPLICA_MAX_LAG_MS }, memoryMb: flat.DUCKDB_MEMORY_MB, threads: flat.DUCKDB_THREADS },
    ingest: {
      journalFolder: join(dataDir, 'journal'),
      journalMaxBytes: flat.JOURNAL_MAX_MB * 1024 * 1024,
      windowMs: flat.DEDUPE_WINDOW_DAYS * DAY_MS,
      ack: flat.ACK ?? (flat.DATABASE_URL === null ? ('journal' as const) : ('store' as const)),
      recordWaitMs: flat.RECORD_WAIT_MS,
      ipStorage: flat.IP_STORAGE,
    },
    redis: { redisUrl: flat.REDIS_URL, redisWaitMs: flat.REDIS_WAIT_MS },
    reportTimeoutMs: flat.REPORT_TIMEOUT_MS,
    reportCacheMs: flat.REPORT_CACHE_MS,
    webhookApiKey: flat.WEBHOOK_API_KEY,
    adminEmail: flat.ADMIN_EMAIL,
    adminPasswordHash: flat.ADMIN_PASSWORD_HASH,
    jwtSecret: flat.JWT_SECRET ?? madeSecret(dataDir, 'jwt-secret'),
    tokenMs: flat.JWT_EXPIRY,
    sessionMs: flat.SESSION_TIMEOUT_HOURS * HOUR_MS,
    allowedOrigin: allowedOrigins(flat.ALLOWED_ORIGINS) as AllowedOrigin,
    trusted: trustedProxies(flat.TRUST_PROXY) as Trusted,
    countryHeader: flat.COUNTRY_HEADER,
    countryDb: flat.COUNTRY_DB,
    honorDnt: flat.HONOR_DNT,
    eventRetentionMs: flat.EVENT_RETENTION_DAYS === null ? null : flat.EVENT_RETENTION_DAYS * DAY_MS,
    anonymizeAfterMs: flat.ANONYMIZE_AFTER_DAYS * DAY_MS,
    lookupLimit: flat.RATE_LIMIT_LOOKUP,
    captureLimit: flat.RATE_LIMIT_CAPTURE,
    adminLimit: flat.RATE_LIMIT_ADMIN,
    eventsLimit: flat.RATE_LIMIT_EVENTS,
    analyticsLimit: flat.RATE_LIMIT_ANALYTICS,
    mail: flat.SMTP_URL === null ? null : { url: flat.SMTP_URL, from: flat.EMAIL_FROM ?? 'waymark@localhost', folder: join(dataDir, 'mail') },
    email: {
      secret: flat.TRACKING_TOKEN_SECRET ?? madeSecret(dataDir, 'tracking-token-secret'),
      tokenMs: flat.EMAIL_TOKEN_TTL_DAYS * DAY_MS,
      listed: listedHosts(flat.EMAIL_REDIRECT_ALLOWED_DOMAINS) as ListedHost,
      confirms: flat.UNSUBSCRIBE_MODE === 'confirm',
      opensLimit: flat.EMAIL_RATE_LIMIT_OPENS,
      clicksLimit: flat.EMAIL_RATE_LIMIT_CLICKS,
      perMinute: flat.EMAIL_RATE_PER_MINUTE,
      retentionMs: flat.EMAIL_RETENTION_DAYS * DAY_MS,
    },
    webhookAllowPrivate: flat.WEBHOOK_ALLOW_PRIVATE,
    logLevel: flat.LOG_LEVEL,
  }
}

/** The data folder, made where missing. Throws ConfigError where it cannot be written. */
function usableFolder(given: string): string {
  const folder = resolve(given)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.W_OK | constants.X_OK)
    return folder
  } catch (error) {
    throw new ConfigError(`DATA_DIR must be a folder that can be written: ${(error as Error).message}.`)
  }
}

/** A secret made at the first start and kept where only the owner can read it. */
function madeSecret(dataDir: string, name: string): string {
  const file = join(dataDir, name)
  const made = existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
  if (Buffer.byteLength(made) >= SECRET_BYTES) return made
  // Written beside it and renamed: a start that is killed leaves the whole secret or none.
  const secret = randomBytes(48).toString('base64')
  writeFileSync(`${file}.new`, secret, { mode: 0o600, flush: true })
  renameSync(`${file}.new`, file)
  return secret
}
