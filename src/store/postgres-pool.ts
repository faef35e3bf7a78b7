import pg from 'pg'
import { Fault } from '../core/errors.ts'
import { databaseUrls } from '../core/urls.ts'
import type { Value } from './sql.ts'

/** A statement that has no answer for this long has lost its database, which may be gone without a word. */
export const SILENCE_MS = 30_000
const CONNECT_MS = 5_000

/** Both engines give numbers for bigints and sums, and text for JSON. */
const types = new pg.TypeOverrides()
for (const oid of [pg.types.builtins.INT8, pg.types.builtins.NUMERIC]) types.setTypeParser(oid, Number)
for (const oid of [pg.types.builtins.JSON, pg.types.builtins.JSONB]) types.setTypeParser(oid, (text) => text)

/**
 * - What one sort or grouping may hold in memory: with the server's default of 4 MB a million events are written to its disk.
 * - Compiling a long funnel takes longer than answering it: over a million events 861 ms with it, 629 without.
 * - Of a funnel's later steps the planner expects next to nobody, and would look through all events for each who is there: 12 s of 13
 *   over 200,000 events.
 */
const FOR_REPORTS = "set work_mem = '32MB'; set jit = off; set enable_nestloop = off"

/** Connections to one database, made when they are wanted. */
export interface ClientPool {
  /** Works with a connection; one that turns out to be lost is not lent again. Throws Fault 'unavailable' when there is none to be had. */
  use<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T>
  connect(): Promise<pg.PoolClient>
  close(): Promise<void>
}

/**
 * A pool for a URL. Where that names several hosts, the one that takes writes is looked for whenever a connection is made, and
 * stayed with until it fails: so a standby that was promoted takes the place of the primary.
 *
 * @param connectMs how long one host may take to be connected to
 */
export function createPool(url: string, { max, connectMs = CONNECT_MS }: { max: number; connectMs?: number }): ClientPool {
  const urls = databaseUrls(url)
  let at = 0
  class Client extends pg.Client {
    constructor(config?: pg.ClientConfig) {
      super({ ...config, connectionString: urls[at] as string })
    }
  }
  const pool = new pg.Pool({
    Client,
    max,
    types,
    connectionTimeoutMillis: connectMs,
    query_timeout: SILENCE_MS,
    // A node that hangs inside a transaction would hold up the loaders of all others.
    idle_in_transaction_session_timeout: SILENCE_MS,
    application_name: 'waymark',
    keepAlive: true,
    ...(urls.length > 1 ? { onConnect: checkWritable } : {}),
  })
  // A lost idle connection is no news by itself: whoever needs one next finds out.
  pool.on('error', () => undefined)

  async function connect(): Promise<pg.PoolClient> {
    for (let tries = 1; ; tries++) {
      const tried = at
      try {
        const client = await pool.connect()
        if (client.listenerCount('error') === 0) client.on('error', () => undefined)
        return client
      } catch (error) {
        // Others may have found out the same meanwhile, and moved on.
        if (at === tried) at = (at + 1) % urls.length
        if (tries < urls.length) continue
        throw new Fault('unavailable', 'The database does not answer.', { retryAfterSeconds: 2, errors: [{ field: 'DATABASE_URL', error: messageOf(error) }] })
      }
    }
  }

  return {
    connect,
    async use(work) {
      const client = await connect()
      let broken = false
      try {
        return await work(client)
      } catch (error) {
        broken = isAway(error)
        throw translated(error)
      } finally {
        client.release(broken)
      }
    },
    close: () => pool.end(),
  }
}

async function checkWritable(client: pg.ClientBase): Promise<void> {
  const [row] = await query<{ standby: boolean }>(client, 'select pg_is_in_recovery() as standby')
  if (row?.standby) throw Object.assign(new Error('it is a standby, and takes no writes'), { code: '25006' })
}

/** Asks one statement; one that has no answer after `patienceMs` counts as lost with its connection. */
export async function query<T>(client: pg.ClientBase, text: string, values: readonly Value[] = [], patienceMs = SILENCE_MS): Promise<T[]> {
  const question: pg.QueryConfig & { query_timeout: number } = { text, values: values as unknown[], query_timeout: patienceMs }
  const result = await client.query(question)
  return result.rows as T[]
}

/** Asks a report, which the database ends after `timeoutMs`. */
export async function report<T>(client: pg.ClientBase, text: string, values: readonly Value[] | undefined, timeoutMs: number, patienceMs: number): Promise<T[]> {
  await client.query(`set statement_timeout = ${Math.max(1, Math.floor(timeoutMs))}; ${FOR_REPORTS}`)
  try {
    return await query<T>(client, text, values, patienceMs)
  } finally {
    await client.query('set statement_timeout = 0; reset work_mem; reset jit; reset enable_nestloop').catch(() => undefined)
  }
}

function translated(error: unknown): unknown {
  if (error instanceof Fault) return error
  if (isAway(error)) return new Fault('unavailable', 'The database does not answer.', { retryAfterSeconds: 2 })
  if (codeOf(error) === '57014') return new Fault('unavailable', 'The question took too long. Ask for a shorter range.', { retryAfterSeconds: 1 })
  if (codeOf(error) === '23505') return new Fault('conflict', 'There is one of that name already.')
  return error
}

/** Connection lost, refused, being shut down, read-only after a failover, or out of resources: worth another try later. */
function isAway(error: unknown): boolean {
  const code = codeOf(error)
  return (
    /^(08|53|57P|58)/.test(code) ||
    ['25006', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EHOSTUNREACH'].includes(code) ||
    (error instanceof Error && /Connection terminated|Client has encountered a connection error|timeout exceeded|Query read timeout/i.test(error.message))
  )
}

/** The SQLSTATE or system code of an error, '' where it has none. */
export function codeOf(error: unknown): string {
  return error !== null && typeof error === 'object' && 'code' in error ? String(error.code) : ''
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || codeOf(error) : String(error)
}
