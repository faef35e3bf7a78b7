import type { Answered, Ask, CliWorld } from './world.ts'
import { Refused } from './world.ts'

/** Whom a command asks: a server at a URL, with a key or a session's token, or the store of the settings. */
export interface Whom {
  url?: string
  key?: string
  token?: string
}

/** How long a server may take. */
const WAIT_MS = 60_000

/** Runs work that asks the API, of a running server where a URL is given, else of rooms opened for it. */
export async function asking<T>(world: CliWorld, whom: Whom, work: (ask: Ask) => Promise<T>): Promise<T> {
  if (whom.url !== undefined) return work(overHttp(whom.url, whom))
  const opened = await world.open()
  try {
    return await work(opened.ask)
  } finally {
    await opened.close()
  }
}

/** The body of an answer that is a success. Throws Refused with what the server says when it is none. */
export async function expected(answer: Promise<Answered>): Promise<unknown> {
  const { status, body } = await answer
  if (status < 300) return body
  throw new Refused(`${status}: ${sentenceOf(body)}`)
}

/** What an error's body says, in any family's shape. */
function sentenceOf(body: unknown): string {
  if (body === null || typeof body !== 'object') return String(body)
  const { error, detail } = body as { error?: string; detail?: string }
  return error ?? detail ?? JSON.stringify(body)
}

function overHttp(url: string, { key, token }: Whom): Ask {
  const base = url.replace(/\/+$/, '')
  const credentials: Record<string, string> = {
    ...(key === undefined ? {} : { 'x-api-key': key }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  }
  return async (method, path, body) => {
    const response = await fetch(base + path, {
      method,
      headers: { ...credentials, ...(body ? { 'content-type': typeof body === 'string' ? 'text/csv' : 'application/json' } : {}) },
      ...(body ? { body: typeof body === 'string' ? body : JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(WAIT_MS),
    }).catch((error: unknown) => {
      throw new Refused(`No answer from ${base}: ${reasonOf(error)}`)
    })
    const text = await response.text()
    return { status: response.status, body: response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text }
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message || ('code' in cause ? String(cause.code) : cause.name) : String(cause)
}
