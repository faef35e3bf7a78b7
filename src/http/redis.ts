import type { Redis, RedisOptions } from 'ioredis'

const CONNECT_MS = 1_000
const RETRY_FIRST_MS = 100
const RETRY_MAX_MS = 5_000
/** A connection that lasted as long makes the pauses short again; one that comes and goes does not. */
const STEADY_MS = 10_000

/** What a connection is opened with. */
export interface RedisSettings {
  /** `redis://` or `rediss://`, with user, password and database where there are any. */
  url: string
  /** Commands of our own, by name: one script each. */
  scripts: RedisOptions['scripts']
  /** Asks Redis what later requests will ask; a connection counts from when that was answered. Fails where it is not, or too late. */
  trial: (client: Redis) => Promise<unknown>
  /** Told when Redis is there (null), and why when it is not: at each change, once. */
  changed: (reason: string | null) => void
}

/** A connection that is made again whenever it is lost. */
export interface RedisConnection {
  /** The client to ask, null while there is none. */
  readonly client: Redis | null
  /** Gives a client up that failed to answer, and looks for another. */
  lost(client: Redis, error: unknown): void
  close(): void
}

/** Ends after the first attempt to connect, which takes a second at most, whatever came of it. The client is loaded only now. */
export async function openRedis({ url, scripts, trial, changed }: RedisSettings): Promise<RedisConnection> {
  const { Redis } = await import('ioredis')
  let client: Redis | null = null
  let told: boolean | null = null
  let pause = RETRY_FIRST_MS
  let since = 0
  let closed = false
  let retry: NodeJS.Timeout | undefined

  const tell = (reason: string | null): void => {
    if (told === (reason === null) || closed) return
    told = reason === null
    changed(reason)
  }

  async function connect(): Promise<void> {
    const next = new Redis(url, {
      ...(scripts ? { scripts } : {}),
      lazyConnect: true,
      connectTimeout: CONNECT_MS,
      // One attempt a client: what fails is counted here at once, and never sent again behind our back.
      retryStrategy: () => null,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
    })
    // The call that fails says only that the connection is closed; why it is, is said here.
    let cause: unknown = null
    next.on('error', (error) => (cause = error))
    try {
      await within(next.connect(), CONNECT_MS)
      await trial(next)
      if (closed) return next.disconnect()
      next.once('end', () => lost(next, cause ?? new Error('the connection ended')))
      client = next
      since = performance.now()
      tell(null)
    } catch (error) {
      next.disconnect()
      later(cause ?? error)
    }
  }

  function later(error: unknown): void {
    if (closed) return
    tell(error instanceof Error ? error.message : String(error))
    retry = setTimeout(() => void connect(), pause)
    pause = Math.min(pause * 2, RETRY_MAX_MS)
  }

  function lost(which: Redis, error: unknown): void {
    if (which !== client) return
    client = null
    which.disconnect()
    if (performance.now() - since >= STEADY_MS) pause = RETRY_FIRST_MS
    later(error)
  }

  await connect()
  return {
    get client() {
      return client
    },
    lost,
    close() {
      closed = true
      clearTimeout(retry)
      client?.disconnect()
      client = null
    },
  }
}

/** An answer, or an error once it took longer. What has arrived while this process was busy is in time. */
export function within<T>(answer: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    // Timers come before what the sockets hold; setImmediate comes after it.
    const timer = setTimeout(() => setImmediate(() => reject(new Error(`no answer within ${ms} ms`))), ms)
    answer.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** Asks a Redis once what its clock says, UTC ms, or gives why it does not answer. */
export async function askRedis(url: string): Promise<{ now: number } | { reason: string }> {
  let answer: { now: number } | { reason: string } = { reason: 'no answer' }
  const connection = await openRedis({
    url,
    scripts: {},
    async trial(client) {
      const [seconds, microseconds] = await within(client.time(), CONNECT_MS)
      answer = { now: Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000) }
    },
    changed(reason) {
      if (reason !== null) answer = { reason }
    },
  })
  connection.close()
  return answer
}
