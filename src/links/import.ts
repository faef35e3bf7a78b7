import type { FieldError } from '../core/errors.ts'
import { Fault } from '../core/errors.ts'
import { parseTime } from '../core/time.ts'
import type { Adopter, Reader } from '../ingest/index.ts'
import { type Static, checkOf, fields, maybe } from '../http/validate.ts'
import { Type } from '@sinclair/typebox'
import type { Sql } from '../store/sql.ts'
import { matchLinks, readBatch } from './batch.ts'
import type { LinkDirectory } from './directory.ts'
import { type Link, TRACKING_ID_PATTERN, checkDestination, redirectUrl } from './link.ts'
import { insertLinks, linksByIds } from './store.ts'

/** What imports are taken in with. */
export interface ImportWorld {
  sql: Sql
  directory: LinkDirectory
  baseUrl: () => string
  now: () => number
}

const TEXT = maybe(Type.String({ maxLength: 8_192 }))
/** A row of the table `link_tracking`, as its columns are called. */
const LinkRow = fields({
  tracking_id: Type.String({ pattern: TRACKING_ID_PATTERN }),
  original_url: Type.String(),
  redirect_url: TEXT,
  link_function: TEXT,
  link_type: TEXT,
  job_id: TEXT,
  application_id: TEXT,
  description: TEXT,
  campaign: TEXT,
  partner: TEXT,
  is_active: maybe(Type.Boolean()),
  expires_at: TEXT,
  metadata: maybe(Type.Object({}, { additionalProperties: true })),
  created_at: TEXT,
  updated_at: TEXT,
})
const check = checkOf(LinkRow)

/** Reads clicks that happened elsewhere; each is tied to its link where there is one. */
export function clickReader({ directory }: ImportWorld): Reader {
  return async (records, arrivedAt) => {
    const results: Awaited<ReturnType<Reader>> = []
    // One by one, because each came at a time of its own, which is when it happened unless it says otherwise.
    for (const [at, record] of records.entries()) {
      const { drafts, errors } = readBatch([record], arrivedAt[at] as number, () => undefined)
      results.push(drafts[0] ?? { field: errors[0]?.field ?? '', error: errors[0]?.error ?? '' })
    }
    const drafts = results.filter((result) => 'family' in result)
    matchLinks(drafts, await directory.lookAll(drafts.map((draft) => draft.trackingId as string)))
    return results
  }
}

/** Takes in links with their ids, times and state. One whose id is taken stays as it is here. */
export function linkAdopter(world: ImportWorld): Adopter {
  return async (records) => {
    const read = records.map((record) => linkOf(record, world))
    const links = new Map(read.flatMap((link) => ('tracking_id' in link ? [[link.tracking_id, link] as const] : [])))
    if (links.size === 0) return read as FieldError[]
    const inserted = await insertLinks(world.sql, [...links.values()])
    for (const link of await linksByIds(world.sql, [...inserted])) world.directory.put(link)
    return read.map((link) => ('tracking_id' in link ? inserted.delete(link.tracking_id) : link))
  }
}

function linkOf(record: Record<string, unknown>, world: ImportWorld): Omit<Link, 'version'> | FieldError {
  const issue = check(record)
  if (issue) return issue
  const row = record as Static<typeof LinkRow>
  try {
    checkDestination(row.original_url)
  } catch (error) {
    if (error instanceof Fault && error.more.errors?.[0]) return error.more.errors[0]
    throw error
  }
  for (const name of ['created_at', 'updated_at', 'expires_at'] as const) {
    if (row[name] && parseTime(row[name]) === null) return { field: name, error: 'must be an ISO 8601 time, such as 2026-11-22T14:30:00Z' }
  }
  const time = (text: string | null | undefined): number | null => (text ? parseTime(text) : null)
  const createdAt = time(row.created_at) ?? world.now()
  const linkFunction = row.link_function ?? 'Website'
  return {
    tracking_id: row.tracking_id,
    original_url: row.original_url,
    redirect_url: row.redirect_url ?? redirectUrl(world.baseUrl(), linkFunction, row.tracking_id),
    link_function: linkFunction,
    link_type: row.link_type ?? null,
    job_id: row.job_id ?? null,
    application_id: row.application_id ?? null,
    description: row.description ?? null,
    campaign: row.campaign ?? null,
    partner: row.partner ?? null,
    is_active: row.is_active ?? true,
    expires_at: time(row.expires_at),
    metadata: row.metadata ? JSON.stringify(row.metadata) : null,
    created_at: createdAt,
    updated_at: time(row.updated_at) ?? createdAt,
  }
}
