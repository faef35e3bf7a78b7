import type { Row, Sql, Statement, Value } from '../store/sql.ts'
import type { Link } from './link.ts'

const COLUMNS = [
  'tracking_id', 'job_id', 'application_id', 'link_function', 'link_type', 'original_url', 'redirect_url', 'description',
  'campaign', 'partner', 'is_active', 'expires_at', 'metadata', 'created_at', 'updated_at',
] as const satisfies readonly (keyof Link)[]
/** What is no text. */
const TYPES: Partial<Record<(typeof COLUMNS)[number], string>> = { is_active: 'boolean', expires_at: 'bigint', metadata: 'json', created_at: 'bigint', updated_at: 'bigint' }
const LINK = [...COLUMNS, 'version'].join(', ')
const ROWS_A_STATEMENT = 100

/**
 * The next number in the order of all changes to links. The row stays locked until the transaction ends, so a change
 * with a higher number is always committed later, and whoever reads in this order misses none.
 */
const NEXT_VERSION: Statement = { text: `update counters set value = value + 1 where name = 'links'` }
const VERSION = `(select value from counters where name = 'links')`

/** Stores new links, all at once, and gives the tracking ids that were taken in; the others existed. */
export async function insertLinks(sql: Sql, links: readonly Omit<Link, 'version'>[]): Promise<Set<string>> {
  const statements: Statement[] = [NEXT_VERSION]
  for (let from = 0; from < links.length; from += ROWS_A_STATEMENT) {
    const values: Value[] = []
    const rows = links.slice(from, from + ROWS_A_STATEMENT).map((link) => `(${COLUMNS.map((name) => `$${values.push(link[name])}::${TYPES[name] ?? 'text'}`).join(', ')})`)
    // Joined to the counter: a look-up in each row would take the embedded engine a megabyte each.
    statements.push({
      text: `insert into link_tracking (${LINK}, created_version) select made.*, counters.value, counters.value
             from counters, (values ${rows.join(', ')}) made where counters.name = 'links' on conflict (tracking_id) do nothing returning tracking_id`,
      values,
    })
  }
  const [, ...inserted] = await sql.write(statements)
  return new Set(inserted.flat().map((row) => row.tracking_id as string))
}

/** A link by its id, or null. */
export async function linkById(sql: Sql, trackingId: string): Promise<Link | null> {
  const [link] = await linksByIds(sql, [trackingId])
  return link ?? null
}

/** The links of these ids that exist. */
export function linksByIds(sql: Sql, trackingIds: readonly string[]): Promise<Link[]> {
  return sql.rows<Link>(`select ${LINK} from link_tracking where tracking_id = any($1::text[])`, [trackingIds])
}

/** Links by newest first, after the cursor; `q` is looked for in id, destination and description. */
export function listLinks(
  sql: Sql,
  filter: { q: string | null; isActive: boolean | null; limit: number; after: { createdAt: number; trackingId: string } | null },
): Promise<Link[]> {
  return sql.rows<Link>(
    `select ${LINK} from link_tracking
     where ($1::text is null or strpos(lower(tracking_id), lower($1::text)) > 0 or strpos(lower(original_url), lower($1::text)) > 0
         or strpos(lower(coalesce(description, '')), lower($1::text)) > 0)
       and ($2::boolean is null or is_active = $2::boolean)
       and ($3::bigint is null or created_at < $3::bigint or (created_at = $3::bigint and tracking_id < $4::text))
     order by created_at desc, tracking_id desc
     limit $5`,
    [filter.q, filter.isActive, filter.after?.createdAt ?? null, filter.after?.trackingId ?? null, filter.limit],
  )
}

/** What of a link may change. */
export type LinkChange = Partial<Pick<Link, 'original_url' | 'is_active' | 'description' | 'expires_at'>>

/** Changes a link and gives it as it is now, or null when there is none. */
export async function updateLink(sql: Sql, trackingId: string, change: LinkChange, now: number): Promise<Link | null> {
  const values: Value[] = [trackingId, now]
  const sets = Object.entries(change).map(([column, value]) => `${column} = $${values.push(value as Value)}`)
  const [, rows] = await sql.write([
    NEXT_VERSION,
    {
      text: `update link_tracking set ${[...sets, 'updated_at = $2', `version = ${VERSION}`].join(', ')} where tracking_id = $1 returning ${LINK}`,
      values,
    },
  ])
  return (rows?.[0] as (Row & Link) | undefined) ?? null
}

/** Links created or changed after a version, in the order of the changes; within one version by id, after `trackingId`. */
export function changedLinks(sql: Sql, after: { version: number; trackingId: string }, limit: number): Promise<Link[]> {
  return sql.rows<Link>(
    // Said so that an index leads to them: a node asks four times a second.
    `select ${LINK} from link_tracking where version >= $1 and (version > $1 or tracking_id > $2) order by version, tracking_id limit $3`,
    [after.version, after.trackingId, limit],
  )
}

/** Links whose last change is one of those after a version and up to another, in their order; `is_new` says that they were made in that span. */
export function linksBetween(sql: Sql, after: number, through: number, limit: number): Promise<(Link & { is_new: boolean; is_changed: boolean })[]> {
  return sql.rows(
    `select ${LINK}, coalesce(created_version > $1, false) as is_new, coalesce(version > created_version, true) as is_changed
     from link_tracking where version > $1 and version <= $2 order by version, tracking_id limit $3`,
    [after, through, limit],
  )
}
