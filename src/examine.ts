import { statfs } from 'node:fs/promises'
import type { Finding, Opened } from './cli/index.ts'
import { storeClock } from './cli/index.ts'
import { type Config, readConfig } from './config.ts'
import { Fault } from './core/errors.ts'
import { iso } from './core/time.ts'
import { tryMailServer } from './email/index.ts'
import { FolderHeld } from './ingest/index.ts'
import { askRedis } from './http/redis.ts'

/** Two clocks further apart than this put events on the wrong side of midnight and end sessions early. */
const CLOCKS_MS = 5_000
const LEAST_FREE_MB = 500
const WAIT_MS = 3_000
/** Nobody runs this before it was written. */
const EARLIEST = Date.UTC(2026, 0, 1)

/** Looks at everything the server needs, one after the other. */
export async function* examine(open: () => Promise<Opened>, read: () => Config = readConfig): AsyncIterable<Finding> {
  yield { what: 'Node', state: 'well', found: process.version }
  let config: Config
  try {
    config = read()
  } catch (error) {
    yield unwell('settings', (error as Error).message, 'Correct these variables in the environment or in .env; .env.example explains each.')
    return
  }
  yield { what: 'settings', state: 'well', found: config.production ? 'for production' : 'for development (ENV=production for the real thing)' }
  yield await disk(config)
  yield* store(config, open)
  yield await mail(config)
  yield* redis(config)
}

async function disk({ dataDir }: Config): Promise<Finding> {
  const { bavail, bsize } = await statfs(dataDir)
  const free = Math.floor((bavail * bsize) / 1024 / 1024)
  const found = `${dataDir}, ${free} MB free`
  return free >= LEAST_FREE_MB ? { what: 'disk', state: 'well', found } : unwell('disk', found, 'Make room, or set DATA_DIR to another disk: with a full one nothing is acknowledged.')
}

async function* store(config: Config, open: () => Promise<Opened>): AsyncIterable<Finding> {
  const kind = config.store.databaseUrl === null ? 'embedded' : 'PostgreSQL'
  try {
    const opened = await open()
    try {
      const answer = await opened.ask('GET', '/db/health')
      const { latencyMs } = answer.body as { latencyMs?: number }
      yield answer.status === 200 ? { what: 'store', state: 'well', found: `${kind}, commits in ${latencyMs} ms` } : unwell('store', `${kind}, does not commit`, 'Look at its log and its disk.')
      yield clock('clock', await storeClock(opened.sql))
    } finally {
      await opened.close()
    }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    if (error instanceof FolderHeld) yield* running(config, kind)
    else yield unwell('store', [error.message, ...(error.more.errors ?? []).map((one) => one.error)].join(' '), config.store.databaseUrl === null ? 'Stop what has the file open, or set another DATA_DIR.' : 'Is DATABASE_URL right, and does the server run?')
  }
}

/** A server has the store: it is asked how it is. */
async function* running({ host, port }: Config, kind: string): AsyncIterable<Finding> {
  const url = `http://${host === '0.0.0.0' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host}:${port}`
  const answer = await fetch(`${url}/db/health`, { signal: AbortSignal.timeout(WAIT_MS) }).catch(() => null)
  yield answer?.ok
    ? { what: 'store', state: 'well', found: `${kind}, open in the server that runs at ${url}` }
    : unwell('store', `${kind}, open in another process, and ${url}/db/health ${answer === null ? 'does not answer' : `says ${answer.status}`}`, 'Look at the log of that process, or stop it.')
  yield clock('clock', null)
}

function clock(what: string, other: number | null): Finding {
  const now = Date.now()
  const apart = other === null ? 0 : now - other
  const found = `${iso(now)}${Math.abs(apart) > CLOCKS_MS ? `, ${Math.round(apart / 1000)} s from the other` : ''}`
  return now >= EARLIEST && Math.abs(apart) <= CLOCKS_MS ? { what, state: 'well', found } : unwell(what, found, 'Let both machines follow NTP: times of events, sessions and limits hang on it.')
}

async function mail({ mail: settings }: Config): Promise<Finding> {
  if (settings === null) return { what: 'mail', state: 'unused', found: 'SMTP_URL is not set: no mails are sent' }
  if (settings.url === 'log:') return { what: 'mail', state: 'well', found: `into files in ${settings.folder}` }
  const why = await tryMailServer(settings.url)
  return why === null ? { what: 'mail', state: 'well', found: 'the mail server takes connection and login' } : unwell('mail', why, 'Check host, port, user and password in SMTP_URL; smtps:// is for port 465, smtp:// for 587 and 25.')
}

async function* redis({ redis: { redisUrl } }: Config): AsyncIterable<Finding> {
  if (redisUrl === null) {
    yield { what: 'Redis', state: 'unused', found: 'REDIS_URL is not set: each server keeps limits of its own' }
    return
  }
  const answer = await askRedis(redisUrl)
  if ('reason' in answer) {
    yield unwell('Redis', answer.reason, 'Check REDIS_URL and whether Redis runs; until then each server counts limits for itself.')
    return
  }
  yield { what: 'Redis', state: 'well', found: 'answers' }
  yield clock('its clock', answer.now)
}

function unwell(what: string, found: string, advice: string): Finding {
  return { what, state: 'unwell', found, advice }
}
