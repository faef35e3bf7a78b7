import { Fault, type FieldError } from '../core/errors.ts'
import { newTrackingId } from '../core/ids.ts'
import { parseTime } from '../core/time.ts'
import type { Sql } from '../store/sql.ts'
import type { LinkDirectory } from './directory.ts'
import { type Link, checkDestination, redirectUrl } from './link.ts'
import { type LinkChange, insertLinks, linkById, linksByIds, updateLink } from './store.ts'

/** How many links are made at once, at most; they have one version. */
export const BULK_LINKS = 1_000

/** What a new link is made of, as the request says it; times are ISO 8601. */
export interface NewLink {
  original_url: string
  tracking_id?: string | null
  link_function?: string | null
  link_type?: string | null
  job_id?: string | null
  application_id?: string | null
  description?: string | null
  campaign?: string | null
  partner?: string | null
  expires_at?: string | null
  metadata?: object | null
}

/** What of a link shall change, as the request says it. */
export interface ChangedLink {
  original_url?: string
  is_active?: boolean
  description?: string | null
  expires_at?: string | null
}

/** What links are made with. */
export interface LinkWorld {
  sql: Sql
  directory: LinkDirectory
  /** Base of the addresses to hand out, without a slash at the end. */
  baseUrl: () => string
  now: () => number
}

/** Makes links. For each, in order: the link, or what is wrong with it. */
export async function createLinks(world: LinkWorld, wanted: readonly (NewLink | FieldError)[]): Promise<(Link | FieldError)[]> {
  const now = world.now()
  const made = wanted.map((item) => ('field' in item ? item : madeOf(item, world.baseUrl(), now)))
  const fresh = new Map<string, Omit<Link, 'version'>>()
  const results = made.map((item) => {
    if ('field' in item) return item
    if (fresh.has(item.tracking_id)) return taken()
    fresh.set(item.tracking_id, item)
    return item
  })
  if (fresh.size === 0) return results as FieldError[]
  const inserted = await insertLinks(world.sql, [...fresh.values()])
  const stored = new Map((await linksByIds(world.sql, [...inserted])).map((link) => [link.tracking_id, link]))
  for (const link of stored.values()) world.directory.put(link)
  return results.map((item) => ('field' in item ? item : (stored.get(item.tracking_id) ?? taken())))
}

/** Makes one link. Throws Fault 'invalid' naming the field, or 'conflict' for a taken id. */
export async function createLink(world: LinkWorld, wanted: NewLink): Promise<Link> {
  const [made] = await createLinks(world, [wanted])
  if (made && 'field' in made) throw new Fault(made.error === TAKEN ? 'conflict' : 'invalid', `${made.field} ${made.error}.`, { errors: [made] })
  return made as Link
}

/** Changes a link; what it leads to takes effect at once here and within a second on other nodes. Throws Fault 'not_found'. */
export async function changeLink(world: LinkWorld, trackingId: string, wanted: ChangedLink): Promise<Link> {
  if (wanted.original_url !== undefined) checkDestination(wanted.original_url)
  const { expires_at, ...rest } = wanted
  const change: LinkChange = { ...rest, ...(expires_at === undefined ? {} : { expires_at: expiry(expires_at) }) }
  const link = Object.keys(change).length === 0 ? await linkById(world.sql, trackingId) : await updateLink(world.sql, trackingId, change, world.now())
  if (!link) throw notFound()
  world.directory.put(link)
  return link
}

/** The link of an id. Throws Fault 'not_found'. */
export async function existingLink(world: LinkWorld, trackingId: string): Promise<Link> {
  const link = await linkById(world.sql, trackingId)
  if (!link) throw notFound()
  return link
}

function madeOf(wanted: NewLink, baseUrl: string, now: number): Omit<Link, 'version'> | FieldError {
  const trackingId = wanted.tracking_id ?? newTrackingId()
  const linkFunction = wanted.link_function ?? 'Website'
  try {
    checkDestination(wanted.original_url)
    return {
      tracking_id: trackingId,
      job_id: wanted.job_id ?? null,
      application_id: wanted.application_id ?? null,
      link_function: linkFunction,
      link_type: wanted.link_type ?? null,
      original_url: wanted.original_url,
      redirect_url: redirectUrl(baseUrl, linkFunction, trackingId),
      description: wanted.description ?? null,
      campaign: wanted.campaign ?? null,
      partner: wanted.partner ?? null,
      is_active: true,
      expires_at: expiry(wanted.expires_at ?? null),
      metadata: wanted.metadata ? JSON.stringify(wanted.metadata) : null,
      created_at: now,
      updated_at: now,
    }
  } catch (error) {
    if (error instanceof Fault && error.more.errors?.[0]) return error.more.errors[0]
    throw error
  }
}

function expiry(text: string | null): number | null {
  if (text === null) return null
  const time = parseTime(text)
  if (time !== null) return time
  throw new Fault('invalid', 'expires_at is no time.', { errors: [{ field: 'expires_at', error: 'must be an ISO 8601 time, such as 2026-11-22T14:30:00Z' }] })
}

const TAKEN = 'is taken'

function taken(): FieldError {
  return { field: 'tracking_id', error: TAKEN }
}

function notFound(): Fault {
  return new Fault('not_found', 'Tracking ID not found')
}
