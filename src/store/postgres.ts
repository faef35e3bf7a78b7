import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { postgresDialect } from './dialect.ts'
import type { Cell, ClaimedId, Engine, Transaction } from './engine.ts'
import { createLane } from './lane.ts'
import { SILENCE_MS, codeOf, createPool, query, report } from './postgres-pool.ts'
import { type ReplicaSettings, openReplicas } from './replicas.ts'
import type { Asking, Row, Value } from './sql.ts'

const STREAM_ROWS = 10_000
const CONFLICT_TRIES = 5
/** Planner statistics are fresh again after this many loaded rows, then at each doubling; autovacuum is too late for a first load. */
const ANALYZE_FROM = 5_000
/** Has every block range of the events that an index by ranges knows nothing of summarized; until then it is read by whoever asks for a range of numbers. */
const SUMMARIZE = `select brin_summarize_new_values(pg_class.oid)
  from pg_class join pg_am on pg_am.oid = relam join pg_index on indexrelid = pg_class.oid join pg_inherits on inhrelid = indrelid
  where inhparent = 'events'::regclass and amname = 'brin'`
/** Connections to the primary. Reports have their own, so that nothing waits behind them. */
const CONNECTIONS = 6
const REPORT_CONNECTIONS = 4
/** How long a replica may keep the answer to a report that it should have ended. */
const REPLICA_LATE_MS = 1_000

/** Opens PostgreSQL at a URL, and its replicas. Throws Fault 'unavailable' with a sentence when the primary does not answer. */
export async function openPostgres(url: string, replicaSettings: ReplicaSettings): Promise<Engine> {
  const pool = createPool(url, { max: CONNECTIONS })
  const reports = createPool(url, { max: REPORT_CONNECTIONS })
  const replicas = openReplicas(pool, replicaSettings)
  const events = createLane()
  let loaded = 0
  let analyzeAt = ANALYZE_FROM

  const engine: Engine = {
    name: 'postgres',
    shared: true,
    dialect: postgresDialect,
    async rows<T>(text: string, values?: readonly Value[], { timeoutMs, holds }: Asking = {}) {
      if (timeoutMs === undefined) return pool.use((client) => query<T>(client, text, values))
      const read = holds === undefined ? null : await replicas.ask(holds, (client) => report<T>(client, text, values, timeoutMs, timeoutMs + REPLICA_LATE_MS))
      return read ?? reports.use((client) => report<T>(client, text, values, timeoutMs, Math.max(SILENCE_MS, timeoutMs * 2)))
    },
    async *stream(text, values) {
      const client = await pool.connect()
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
      const once = () => retried(() => pool.use((client) => transact(client, work, (rows) => (loaded += rows))))
      return lane === 'events' ? events(once) : once()
    },
    known: (ids, since) => pool.use((client) => known(client, ids, since)),
    async idle() {
      if (loaded < analyzeAt) return true
      analyzeAt = loaded * 2
      await pool.use(async (client) => {
        await query(client, 'analyze events, person_aliases')
        await query(client, SUMMARIZE)
      })
      return true
    },
    replicas: () => replicas.states(),
    async close() {
      await Promise.all([pool.close(), reports.close(), replicas.close()])
    },
  }
  await engine.rows('select 1').catch((error: unknown) => {
    void engine.close()
    throw error
  })
  return engine
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
