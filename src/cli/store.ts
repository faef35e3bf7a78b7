import { EVENT_COLUMN_NAMES } from '../store/events.ts'
import type { Row, Sql, Value } from '../store/sql.ts'

/** What these questions need of a store. */
type Asked = Pick<Sql, 'rows'>

/** Which events are exported. Times are UTC ms; null means any. */
export interface EventFilter {
  from: number | null
  to: number | null
  source: string | null
  project: string | null
  /** A user's, an anonymous or a session's id. */
  person: string | null
}

const FILTER = `($1::bigint is null or coalesce(ts, received_at) >= $1::bigint) and ($2::bigint is null or coalesce(ts, received_at) < $2::bigint)
  and ($3::text is null or source = $3::text) and ($4::text is null or project = $4::text)
  and ($5::text is null or user_id = $5::text or anonymous_id = $5::text or session_id = $5::text
    or person in (select alias from person_aliases where person = 'u:' || $5::text))`

/** How many events there are. */
export async function countEvents(sql: Asked, filter: EventFilter): Promise<number> {
  const [row] = await sql.rows<{ count: number }>(`select count(*) as count from events where ${FILTER}`, valuesOf(filter))
  return Number(row?.count ?? 0)
}

/** Where a page of events ended: its last event's number, and for those from before there were numbers when it came and its id. */
export interface Place {
  seq: number
  receivedAt: number
  id: string
}

/** Before all events. */
export const BEGINNING: Place = { seq: 0, receivedAt: Number.MIN_SAFE_INTEGER, id: '' }

/** Events in the order in which they came into the store, after one; first those from before it numbered them. */
export async function eventsAfter(sql: Asked, filter: EventFilter, { seq, receivedAt, id }: Place, limit: number): Promise<{ rows: Row[]; end: Place | null }> {
  const columns = EVENT_COLUMN_NAMES.join(', ')
  if (seq === 0) {
    const rows = await sql.rows(
      `select ${columns} from events where ${FILTER} and seq is null and received_at >= $6 and (received_at > $6 or id > $7) order by received_at, id limit $8`,
      [...valuesOf(filter), receivedAt, id, limit],
    )
    const last = rows.at(-1)
    if (last) return { rows, end: { seq, receivedAt: last.received_at as number, id: last.id as string } }
  }
  const rows = await sql.rows<Row & { seq: number }>(`select ${columns}, seq from events where ${FILTER} and seq > $6 order by seq limit $7`, [...valuesOf(filter), seq, limit])
  const last = rows.at(-1)
  return { rows, end: last ? { seq: last.seq, receivedAt: 0, id: '' } : null }
}

function valuesOf({ from, to, source, project, person }: EventFilter): Value[] {
  return [from, to, source, project, person]
}

/** Which of these ids the store has, among the events received from one moment to another. */
export async function storedIds(sql: Asked, ids: readonly string[], from: number, to: number): Promise<Set<string>> {
  const rows = await sql.rows<{ id: string }>('select id from events where received_at >= $2 and received_at <= $3 and id = any($1::text[])', [ids, from, to])
  return new Set(rows.map(({ id }) => id))
}

/** All links or all projects, the oldest first. */
export function allLinks(sql: Asked): Promise<Row[]> {
  return sql.rows(
    `select tracking_id, original_url, redirect_url, link_function, link_type, job_id, application_id, description, campaign, partner, is_active,
       expires_at, metadata, created_at, updated_at from link_tracking order by created_at, tracking_id`,
  )
}

/** All projects, the oldest first, in the words of the API. */
export function allProjects(sql: Asked): Promise<Row[]> {
  return sql.rows('select project_key as "projectKey", name, created_at as "createdAt", is_active as "isActive" from projects order by created_at, project_key')
}

/** What the store's own clock says, UTC ms. */
export async function storeClock(sql: Asked): Promise<number> {
  const [row] = await sql.rows<{ now: number }>('select cast(extract(epoch from now()) * 1000 as bigint) as now')
  return Number(row?.now)
}
