import { Fault } from '../core/errors.ts'
import type { Target } from '../links/index.ts'
import { parseTime } from '../core/time.ts'
import { retryAfter } from './backoff.ts'

/** A visitor waits for this. */
const LOOK_MS = 2_000
export const PAGE = 1_000

/** What became of a batch. */
export type Sent =
  /** Each event was taken or refused for good; refused ones by their index. */
  | { kind: 'taken'; successful: number; duplicates: number; errors: { index: number; field: string; error: string }[] }
  /** Nobody knows, or the origin cannot now: the same again, after what it told to wait (ms). */
  | { kind: 'later'; why: string; told: number | null }
  /** The batch as a whole is not liked; its halves may be. */
  | { kind: 'unfit'; why: string }

/** A page of changed links. */
export interface Page {
  links: Target[]
  cursor: string
  last: boolean
}

/** The server whose edge this is. */
export interface Origin {
  /** A link by its id: null where there is none. Throws Fault 'unavailable' where the origin does not say. */
  look(id: string): Promise<Target | null>
  /** Links changed since a cursor, null for all; null where the origin does not know the cursor. Throws Error, also when the signal is given. */
  changes(cursor: string | null, signal: AbortSignal): Promise<Page | null>
  /** Sends events, each a JSON text. Never throws. */
  send(events: readonly string[]): Promise<Sent>
}

/** The origin at a URL. `waitMs`: how long a batch and a page may take. */
export function originAt(url: string, key: string, options: { waitMs: number; now: () => number }): Origin {
  const ask = (path: string, waitMs: number, { body, signal }: { body?: string; signal?: AbortSignal } = {}): Promise<Response> =>
    fetch(url + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'x-api-key': key, 'user-agent': 'waymark-edge', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body }),
      // Who sends us elsewhere is not the origin.
      redirect: 'manual',
      signal: AbortSignal.any([AbortSignal.timeout(waitMs), ...(signal ? [signal] : [])]),
    })
  return {
    async look(id) {
      const response = await ask(`/api/link-tracking/lookup/${id}`, LOOK_MS).catch((error: unknown) => {
        throw new Fault('unavailable', `The origin does not answer: ${reasonOf(error)}`)
      })
      const body = (await response.json().catch(() => null)) as LookUp | null
      if (response.status === 200 && typeof body?.destination_url === 'string') return targetOf({ ...body, is_active: true, expires_at: null })
      if (response.status === 410 && body?.error !== undefined) return targetOf({ tracking_id: id, destination_url: '', link_function: '', is_active: false, expires_at: null })
      // A wrong address answers 404 too: only the origin's own words count.
      if (response.status === 404 && body?.error === 'Tracking ID not found') return null
      throw new Fault('unavailable', `The origin answers ${response.status}.`)
    },
    async changes(cursor, signal) {
      const query = new URLSearchParams({ limit: String(PAGE), ...(cursor === null ? {} : { cursor }) })
      const response = await ask(`/api/link-tracking/sync?${query}`, options.waitMs, { signal })
      if (response.status === 400 && cursor !== null) return null
      if (response.status !== 200) throw new Error(`the origin answers ${response.status}`)
      const { links, cursor: next } = (await response.json()) as { links: Synced[]; cursor: string }
      return { links: links.map(targetOf), cursor: next, last: links.length < PAGE }
    },
    async send(events) {
      try {
        const response = await ask('/api/tracking-ingest/batch', options.waitMs, { body: `{"events":[${events.join(',')}]}` })
        const text = await response.text()
        return judged(response.status, text, events.length, retryAfter(response.headers.get('retry-after'), options.now()))
      } catch (error) {
        return { kind: 'later', why: reasonOf(error), told: null }
      }
    },
  }
}

interface LookUp {
  tracking_id: string
  destination_url: string
  link_function: string
  error?: string
}

type Synced = Omit<LookUp, 'error'> & { is_active: boolean; expires_at: string | null }

interface Results {
  total: number
  successful: number
  duplicates: number
  failed: number
  errors: { index: number; field: string; error: string }[]
}

/** What an answer to a batch means. Only an answer that speaks of every event sent ends their way; what else comes may be anybody's. */
function judged(status: number, text: string, sent: number, told: number | null): Sent {
  if (status === 200 || status === 207 || status === 400) {
    const results = resultsIn(text)
    if (results?.total === sent && results.successful + results.failed === sent) return { kind: 'taken', successful: results.successful, duplicates: results.duplicates, errors: results.errors }
    if (status === 400) return { kind: 'unfit', why: `the origin answers 400: ${text.slice(0, 200)}` }
    return { kind: 'later', why: `the origin answers ${status}, and not about these events`, told }
  }
  if (status === 413) return { kind: 'unfit', why: 'the origin answers 413' }
  return { kind: 'later', why: `the origin answers ${status}`, told }
}

function resultsIn(text: string): Results | null {
  try {
    return (JSON.parse(text) as { results?: Results }).results ?? null
  } catch {
    // Cut short, or no answer of ours.
    return null
  }
}

function targetOf(link: Synced): Target {
  return {
    trackingId: link.tracking_id,
    destination: link.destination_url,
    linkFunction: link.link_function,
    campaign: null,
    partner: null,
    active: link.is_active,
    expiresAt: link.expires_at === null ? null : parseTime(link.expires_at),
    version: 0,
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message || ('code' in cause ? String(cause.code) : cause.name) : String(cause)
}
