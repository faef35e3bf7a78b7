import type { Redis } from 'ioredis'
import { sha256 } from '../core/ids.ts'
import { MINUTE_MS } from '../core/time.ts'
import { LIMIT_SCRIPT } from './limit-script.ts'
import { type LimitResult, type Limiter, type LimiterOf, createLimiter } from './limits.ts'
import type { Metrics } from './metrics.ts'
import { type RedisConnection, openRedis, within } from './redis.ts'

const PREFIX = 'waymark:limit:'

/** The limits of this server, shared with others where there is a Redis. */
export interface Limits {
  of: LimiterOf
  close(): void
}

/** What limits stand on. */
export interface LimitsWorld {
  /** Null: every server counts for itself, and nothing is connected. */
  redisUrl: string | null
  /** How long a request waits for Redis, in ms. */
  redisWaitMs: number
  metrics: Metrics
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void }
  /** A clock in ms for all of it; unset, Redis' own where it is asked and a monotonic one of this process elsewhere. */
  now?: () => number
}

/**
 * Opens the limits. With Redis every server counts in the same place, by one script and one round trip a request, and
 * keeps count of what it let in beside: from the moment Redis fails or takes too long, that count decides, until Redis
 * answers again. No request fails for it.
 */
export async function openLimits({ redisUrl, redisWaitMs, metrics, log, now }: LimitsWorld): Promise<Limits> {
  const own: LimiterOf = (name, limit, windowMs = MINUTE_MS) => createLimiter({ name, limit, windowMs, now: now ?? (() => performance.now()) })
  if (redisUrl === null) return { of: own, close: () => undefined }

  const connection = await openRedis({
    url: redisUrl,
    scripts: { countLimit: { lua: LIMIT_SCRIPT, numberOfKeys: 1 } },
    // Writes, as requests do: a replica and a full memory answer reads alone.
    trial: (client) => within(ask(client, `${PREFIX}trial`, 1_000_000, 1_000, 1, ''), redisWaitMs),
    changed(reason) {
      if (reason === null) log.info({}, 'Redis is there: rate limits are shared')
      else log.warn({ reason }, 'Redis is away: each server counts its rate limits for itself')
    },
  })
  metrics.gauge('waymark_redis_up', '1 while rate limits are shared through Redis', () => (connection.client ? 1 : 0))
  return {
    of: (name, limit, windowMs = MINUTE_MS) => shared(connection, own(name, limit, windowMs), { name, limit, windowMs, waitMs: redisWaitMs, now }),
    close: () => connection.close(),
  }
}

type Shared = { name: string; limit: number; windowMs: number; waitMs: number; now: (() => number) | undefined }

function shared(connection: RedisConnection, own: Limiter, { name, limit, windowMs, waitMs, now }: Shared): Limiter {
  /** Redis' answer, or null where there is none; then Redis counts as away. */
  const answer = async (client: Redis, key: string, count: number): Promise<Answer | null> => {
    try {
      // Hashed, so that neither addresses nor e-mail addresses stand in Redis, and keys are short.
      const place = `${PREFIX}${name}:${sha256(key).slice(0, 32)}`
      return await within(ask(client, place, limit, windowMs, count, now ? Math.floor(now()) : ''), waitMs)
    } catch (error) {
      connection.lost(client, error)
      return null
    }
  }

  const take = async (client: Redis, key: string, count: number): Promise<LimitResult> => {
    const answered = await answer(client, key, count)
    if (answered === null) return own.take(key, count)
    const [allowed, used, freeInMs] = answered
    // What is let in is counted here as well, so that an outage does not begin with a fresh quota.
    if (allowed === 1) void own.take(key, count)
    return { allowed: allowed === 1, remaining: Math.max(0, limit - used), resetSeconds: Math.ceil(freeInMs / 1000) }
  }

  return {
    headers: own.headers,
    refusal: own.refusal,
    take(key, count = 1) {
      const { client } = connection
      return client ? take(client, key, count) : own.take(key, count)
    },
    giveBack(key, count = 1) {
      own.giveBack(key, count)
      const { client } = connection
      if (client && count > 0) void answer(client, key, -count)
    },
  }
}

/** Allowed (1 or 0), how many are counted, ms until more is free. */
type Answer = [allowed: number, used: number, freeInMs: number]

function ask(client: Redis, place: string, limit: number, windowMs: number, count: number, at: number | ''): Promise<Answer> {
  return (client as unknown as { countLimit(...args: (string | number)[]): Promise<Answer> }).countLimit(place, limit, windowMs, count, at)
}
