import type { FastifyReply } from 'fastify'
import { Fault } from '../core/errors.ts'

/** A window is kept in runs of this part of it, whatever the limit: the memory of one key is bounded by it. */
export const RUNS = 16

/** What a limiter says of one request. */
export interface LimitResult {
  allowed: boolean
  /** How many more would be allowed at this moment. */
  remaining: number
  /** Whole seconds until more of the quota is free; for a refused request, until it would be allowed. */
  resetSeconds: number
}

/** A limit of so many requests in any window of time, counted by key. */
export interface Limiter {
  /** Counts `count` requests of `key` if they fit, all or none. A refused request is not counted; a count of 0 only looks. Never fails. */
  take(key: string, count?: number): LimitResult | Promise<LimitResult>
  /** Takes back what `take` counted a moment ago, for what turned out not to be subject to the limit. */
  giveBack(key: string, count?: number): void
  /** `RateLimit`, `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10) and, when refused, `Retry-After`, by their lower-case names. */
  headers(result: LimitResult): Record<string, string>
  /** The Fault 'limited' to throw for a refused request, with its headers. */
  refusal(result: LimitResult): Fault
}

/** A limiter that counts in the memory of this process, and answers at once. */
export interface MemoryLimiter extends Limiter {
  take(key: string, count?: number): LimitResult
  /** How many keys are held now. */
  readonly size: number
}

/** Makes a limiter: its name for the headers, requests allowed in a window, and the window's length in ms, a minute unless told. */
export type LimiterOf = (name: string, limit: number, windowMs?: number) => Limiter

/** Counts a request under a key and puts the limit's headers on its answer. Throws Fault 'limited' for one too many. */
export async function countRequest(limiter: Limiter, key: string, reply: FastifyReply): Promise<void> {
  const taken = await limiter.take(key)
  reply.headers(limiter.headers(taken))
  if (!taken.allowed) throw limiter.refusal(taken)
}

/**
 * A sliding-window limiter: **in no window of `windowMs`, wherever it begins, are more than `limit` allowed** for a key.
 *
 * Requests are kept in runs. A run takes what comes within a sixteenth of the window from its first request, and counts
 * whole until its last one is older than the window. So the limit cannot be passed at an edge, nor by a burst with a
 * steady flow after it (a weighted pair of buckets lets nearly twice the limit through then). The price is on the safe
 * side: a place comes free up to `windowMs / 16` later than its own request would have freed it, never earlier; a burst
 * is freed exactly after `windowMs`, and a steady flow gets at least 16/17 of the limit.
 *
 * Time and memory are bounded: 17 runs a key, `maxKeys` keys. Keys are held in two generations; what was not touched
 * during a whole one goes. When a crowd of new keys ends a generation before its time, keys that have used half their
 * limit are kept all the same (up to a quarter of `maxKeys`), so spraying keys does not free a busy one. The bound above
 * holds for every key that is held.
 *
 * @param options.name policy name for the headers: lower-case letters, digits and dashes
 * @param options.limit requests allowed in a window, a whole number from 1
 * @param options.windowMs length of the window in ms
 * @param options.now a clock in ms, best a monotonic one; where it steps back by more than a window, counting starts afresh
 */
export function createLimiter(options: {
  name: string
  limit: number
  windowMs: number
  now: () => number
  maxKeys?: number
}): MemoryLimiter {
  const { name, limit, windowMs, maxKeys = 50_000 } = options
  // Whole ms: a clock of fractions would make a minute of 60000.00000000001 ms, and 61 s of that.
  const now = (): number => Math.floor(options.now())
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(name)) throw new Error(`A limit's name is lower-case letters, digits and dashes, not ${name}`)
  for (const [option, value] of Object.entries({ limit, windowMs, maxKeys }))
    if (!Number.isSafeInteger(value) || value < 1) throw new Error(`The limit ${name} needs a whole number from 1 as ${option}`)
  const runMs = windowMs / RUNS
  const policy = `"${name}";q=${limit};w=${Math.ceil(windowMs / 1000)}`
  const usages = createGenerations(limit, windowMs, maxKeys)

  const limiter: MemoryLimiter = {
    take(key, count = 1) {
      const at = now()
      const usage = usages.find(key, at)
      expire(usage, at, windowMs)
      const allowed = usage.total + count <= limit
      if (allowed && count > 0) add(usage, at, count, runMs)
      const waitMs = allowed ? firstFree(usage, at, windowMs) : freeFor(count, limit, usage, at, windowMs)
      return { allowed, remaining: limit - usage.total, resetSeconds: Math.ceil(waitMs / 1000) }
    },
    giveBack(key, count = 1) {
      const at = now()
      const usage = usages.find(key, at)
      expire(usage, at, windowMs)
      remove(usage, count)
    },
    headers(result) {
      const headers: Record<string, string> = {
        'ratelimit-policy': policy,
        ratelimit: `"${name}";r=${result.remaining};t=${result.resetSeconds}`,
      }
      if (!result.allowed) headers['retry-after'] = String(result.resetSeconds)
      return headers
    },
    refusal(result) {
      return new Fault('limited', `Too many requests. Try again in ${result.resetSeconds} s.`, {
        retryAfterSeconds: result.resetSeconds,
        headers: limiter.headers(result),
      })
    },
    get size() {
      return usages.size
    },
  }
  return limiter
}

/** What one key has used: runs as pairs of last time and count, oldest first. `firstAt` is when the newest began. */
interface Usage {
  total: number
  firstAt: number
  runs: number[]
}

/** Two maps that take turns: dropping a whole one costs nothing, where an ordered list would cost every request. */
function createGenerations(limit: number, windowMs: number, maxKeys: number) {
  const half = Math.max(1, Math.floor(maxKeys / 2))
  let young = new Map<string, Usage>()
  let old = new Map<string, Usage>()
  let bornAt = Number.NEGATIVE_INFINITY

  function turn(at: number): void {
    const leaving = old
    const early = Math.abs(at - bornAt) < windowMs
    old = young
    young = new Map()
    bornAt = at
    if (!early) return
    for (const [key, usage] of leaving) {
      if (young.size >= Math.floor(half / 2)) break
      expire(usage, at, windowMs)
      if (usage.total * 2 >= limit) young.set(key, usage)
    }
  }

  return {
    find(key: string, at: number): Usage {
      // What the old generation holds was last touched before the young one was born: a window later it is nothing.
      if (Math.abs(at - bornAt) >= windowMs) turn(at)
      const held = young.get(key)
      if (held) return held
      if (young.size >= half) turn(at)
      const usage = old.get(key) ?? { total: 0, firstAt: Number.NEGATIVE_INFINITY, runs: [] }
      old.delete(key)
      young.set(key, usage)
      return usage
    },
    get size() {
      return young.size + old.size
    },
  }
}

function expire(usage: Usage, at: number, windowMs: number): void {
  const { runs } = usage
  let gone = 0
  while (gone < runs.length && Math.abs(at - (runs[gone] as number)) >= windowMs) {
    usage.total -= runs[gone + 1] as number
    gone += 2
  }
  if (gone > 0) runs.splice(0, gone)
}

function add(usage: Usage, at: number, count: number, runMs: number): void {
  const { runs } = usage
  const newest = runs.length - 2
  usage.total += count
  if (newest < 0 || at - usage.firstAt >= runMs) {
    usage.firstAt = at
    runs.push(at, count)
    return
  }
  // A clock that steps back a little must not make what came before look older than it is.
  runs[newest] = Math.max(runs[newest] as number, at)
  runs[newest + 1] = (runs[newest + 1] as number) + count
}

/** Newest first: what is given back was taken a moment ago. */
function remove(usage: Usage, count: number): void {
  const { runs } = usage
  for (let left = count; left > 0 && runs.length > 0; ) {
    const given = Math.min(left, runs[runs.length - 1] as number)
    left -= given
    usage.total -= given
    runs[runs.length - 1] = (runs[runs.length - 1] as number) - given
    if (runs[runs.length - 1] !== 0) continue
    runs.splice(-2)
    // When the run before it began is not known any more, so it takes nothing more.
    usage.firstAt = Number.NEGATIVE_INFINITY
  }
}

/** How long until the oldest run frees its places, in ms. */
function firstFree(usage: Usage, at: number, windowMs: number): number {
  return usage.runs.length === 0 ? 0 : (usage.runs[0] as number) + windowMs - at
}

/** How long until `count` more would be allowed, in ms; a whole window for what never fits. */
function freeFor(count: number, limit: number, usage: Usage, at: number, windowMs: number): number {
  let total = usage.total
  for (let run = 0; run < usage.runs.length; run += 2) {
    total -= usage.runs[run + 1] as number
    if (total + count <= limit) return (usage.runs[run] as number) + windowMs - at
  }
  return windowMs
}
