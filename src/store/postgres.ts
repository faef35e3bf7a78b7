import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { Fault } from '../core/errors.ts'
import { postgresDialect } from './dialect.ts'
import type { Cell, ClaimedId, Engine, Transaction } from './engine.ts'
import { createLane } from './lane.ts'
import type { Row, Value } from './sql.ts'

const STREAM_ROWS = 10_000
/** A statement that has no answer for this long has lost its database, which may be gone without a word. */
const SILENCE_MS = 30_000
const CONFLICT_TRIES = 5
/** Planner statistics are fresh again after this many loaded rows, then at each doubling; autovacuum is too late for a first load. */
const ANALYZE_FROM = 5_000

/** Both engines give numbers for bigints and sums, and text for JSON. */
const types = new pg.TypeOverrides()
for (const oid of [pg.types.builtins.INT8, pg.types.builtins.NUMERIC]) types.setTypeParser(oid, Number)
for (const oid of [pg.types.builtins.JSON, pg.types.builtins.JSONB]) types.setTypeParser(oid, (text) => text)

/** What one sort or grouping of a report may hold in memory; the server's default of 4 MB writes a million events to its disk. */
const REPORT_MEMORY_MB = 32

/** Opens PostgreSQL at a URL. Throws Fault 'unavailable' with a sentence when it does not answer. */
export async function openPostgres(url: string): Promise<Engine> {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    types,
    connectionTimeoutMillis: 5_000,
    query_timeout: SILENCE_MS,
    application_name: 'waymark',
    keepAlive: true,
  })
  // A lost idle connection is no news by itself: whoever needs one next finds out.
  pool.on('error', () => undefined)
  const events = createLane()
  let loaded = 0
  let analyzeAt = ANALYZE_FROM

  const engine: Engine = {
    name: 'postgres',
    shared: true,
    dialect: postgresDialect,
    rows: (text, values, options) => withClient(pool, (client) => bounded(client, options?.timeoutMs, () => query(client, text, values, options?.timeoutMs))),
    async *stream(text, values) {
      const client = await connected(pool)
      try {
        await client.query('begin read only')
        await query(client, `declare answer no scroll cursor for ${text}`, values)
        for (;;) {
          const rows = await query<Row>(client, `fetch ${STREAM_ROWS} from answer`)
          if (rows.length === 0) break
          yield rows
        }
        await client.query('commit')
      } finally {
        client.release(true)
      }
    },
    transaction(lane, work) {
      const once = () => retried(() => withClient(pool, (client) => transact(client, work, (rows) => (loaded += rows))))
      return lane === 'events' ? events(once) : once()
    },
    known: (ids, since) => withClient(pool, (client) => known(client, ids, since)),
    async idle() {
      if (loaded < analyzeAt) return
      analyzeAt = loaded * 2
      await withClient(pool, (client) => query(client, 'analyze events'))
    },
    close: () => pool.end(),
  }
  await engine.rows('select 1').catch((error: unknown) => {
    void pool.end()
    throw error
  })
  return engine
}

async function withClient<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await connected(pool)
  let broken = false
  try {
    return await work(client)
  } catch (error) {
    broken = isAway(error)
    throw translated(error)
  } finally {
    client.release(broken)
  }
}

async function connected(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    const client = await pool.connect()
    if (client.listenerCount('error') === 0) client.on('error', () => undefined)
    return client
  } catch (error) {
    throw new Fault('unavailable', 'The database does not answer.', { retryAfterSeconds: 2, errors: [{ field: 'DATABASE_URL', error: messageOf(error) }] })
  }
}

async function query<T>(client: pg.ClientBase, text: string, values: readonly Value[] = [], timeoutMs = 0): Promise<T[]> {
  const patience = { query_timeout: Math.max(SILENCE_MS, timeoutMs * 2) }
  const result = await client.query({ text, values: values as unknown[], ...patience })
  return result.rows as T[]
}

async function bounded<T>(client: pg.PoolClient, timeoutMs: number | undefined, work: () => Promise<T>): Promise<T> {
  if (timeoutMs === undefined) return work()
  await client.query(`set statement_timeout = ${Math.max(1, Math.floor(timeoutMs))}; set work_mem = '${REPORT_MEMORY_MB}MB'`)
  try {
    return await work()
  } finally {
    await client.query('set statement_timeout = 0; reset work_mem').catch(() => undefined)
  }
}

async function transact<T>(
  client: pg.PoolClient,
  work: (tx: Transaction) => Promise<T>,
  onAppended: (rows: number) => void,
): Promise<T> {
  await client.query('begin')
  try {
    const result = await work({
      rows: (text, values) => query(client, text, values),
      async append(table, columns, rows) {
        if (rows.length === 0) return
        await pipeline(Readable.from([copyText(rows)]), client.query(copyFrom(`copy ${table} (${columns.join(', ')}) from stdin`)))
        onAppended(rows.length)
      },
      claim: (ids, windowMs) => claim(client, ids, windowMs),
    })
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

/** Rows in the text format of COPY (PostgreSQL manual, "COPY", File Formats). */
function copyText(rows: readonly (readonly Cell[])[]): string {
  let text = ''
  for (const row of rows) {
    for (let i = 0; i < row.length; i++) text += (i === 0 ? '' : '\t') + copyCell(row[i] as Cell)
    text += '\n'
  }
  return text
}

function copyCell(cell: Cell): string {
  if (cell === null) return '\\N'
  if (typeof cell !== 'string') return String(cell)
  return /[\\\n\r\t]/.test(cell) ? cell.replace(/[\\\n\r\t]/g, (c) => ESCAPES[c] as string) : cell
}

const ESCAPES: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Other nodes may hold the same id at the same moment, so a unique key decides; one older than the window is taken over. */
async function claim(client: pg.ClientBase, ids: readonly ClaimedId[], windowMs: number): Promise<boolean[]> {
  if (ids.length === 0) return []
  const firstAt = new Map<string, number>()
  ids.forEach((id, at) => {
    if (!firstAt.has(keyOf(id.project, id.eventId))) firstAt.set(keyOf(id.project, id.eventId), at)
  })
  // Sorted, so that two nodes that claim the same ids lock them in the same order.
  const order = [...firstAt.keys()].sort().map((key) => firstAt.get(key) as number)
  const taken = await query<{ project: string; event_id: string }>(
    client,
    `insert into event_ids (project, event_id, received_at)
     select * from unnest($1::text[], $2::text[], $3::bigint[])
     on conflict (project, event_id) do update set received_at = excluded.received_at where event_ids.received_at < excluded.received_at - $4
     returning project, event_id`,
    [
      order.map((at) => (ids[at] as ClaimedId).project),
      order.map((at) => (ids[at] as ClaimedId).eventId),
      order.map((at) => (ids[at] as ClaimedId).receivedAt),
      windowMs,
    ],
  )
  const fresh = new Set(taken.map((row) => keyOf(row.project, row.event_id)))
  return ids.map((id, at) => fresh.has(keyOf(id.project, id.eventId)) && firstAt.get(keyOf(id.project, id.eventId)) === at)
}

async function known(client: pg.ClientBase, ids: readonly ClaimedId[], since: number): Promise<number[]> {
  const found = await query<{ at: number }>(
    client,
    `select (asked.at - 1)::int as at
     from unnest($1::text[], $2::text[]) with ordinality as asked (project, event_id, at)
     join event_ids using (project, event_id)
     where event_ids.received_at >= $3`,
    [ids.map((id) => id.project), ids.map((id) => id.eventId), since],
  )
  return found.map((row) => row.at)
}

function keyOf(project: string, eventId: string): string {
  return `${project}\n${eventId}`
}

/** Serialization failures and deadlocks (SQLSTATE 40001, 40P01) ask for another try. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (tries === CONFLICT_TRIES || !['40001', '40P01'].includes(codeOf(error))) throw error
    }
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

function codeOf(error: unknown): string {
  return error !== null && typeof error === 'object' && 'code' in error ? String(error.code) : ''
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || codeOf(error) : String(error)
}
