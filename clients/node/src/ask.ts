import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { pauseAfter, toldToWait } from './backoff.ts'

/** What a server is reached with. */
export interface Server {
  /** Its address. */
  server: string
  /** An ingest key; only events of projects go without. */
  key?: string | undefined
  /** How long one request may take, in ms; 10,000 unless told. */
  timeoutMs?: number | undefined
}

/** An answer, as far as it came: status 0 and the reason where it did not come whole. `told`: `Retry-After` in ms, 0 for none. */
export interface Reply {
  status: number
  text: string
  told: number
}

/** The server said no, or said nothing: `status` is 0 then. */
export class WaymarkError extends Error {
  override readonly name = 'WaymarkError'
  readonly status: number
  /** What is wrong with which field, where the server told. */
  readonly errors: { field: string; error: string }[]

  constructor(status: number, message: string, errors: { field: string; error: string }[] = []) {
    super(message)
    this.status = status
    this.errors = errors
  }
}

const TIMEOUT_MS = 10_000
/** Who waits for an answer does not wait longer than this for another try. */
const PATIENCE_MS = 60_000

/** Sends one request and gives what came. Never throws: no answer, or half of one, is a reply of status 0. */
export async function ask({ server, key, timeoutMs = TIMEOUT_MS, signal }: Server & { signal?: AbortSignal }, method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<Reply> {
  try {
    const response = await fetch(server.replace(/\/+$/, '') + path, {
      method,
      headers: { 'user-agent': 'waymark-node', ...(key ? { 'x-api-key': key } : {}), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body }),
      // Who sends us elsewhere is not the server.
      redirect: 'manual',
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]),
    })
    return { status: response.status, text: await response.text(), told: toldToWait(response.headers.get('retry-after'), Date.now()) }
  } catch (error) {
    const { cause = error } = error as Error
    return { status: 0, text: `No answer: ${(cause as Error).message || (cause as { code?: string }).code}`, told: 0 }
  }
}

/**
 * Asks until the server has answered, `tries` times at most, and gives the answer's JSON. A POST has one `Idempotency-Key` for all
 * tries, so that what was done and not answered is not done again. Throws WaymarkError.
 */
export async function insist<T>(server: Server, tries: number, method: string, path: string, value?: object): Promise<T> {
  const headers: Record<string, string> = method === 'POST' ? { 'idempotency-key': randomUUID() } : {}
  const body = value === undefined ? undefined : JSON.stringify(value)
  for (let attempt = 1; ; attempt++) {
    const reply = await ask(server, method, path, body, headers)
    const answer = jsonIn(reply.text)
    // An answer about each of many things counts, whatever became of them.
    if (answer !== null && (isGood(reply.status) || 'results' in answer || 'received' in answer)) return answer as T
    // A network that asks people to sign in answers 200 as well.
    const again = reply.status === 0 || reply.status === 429 || reply.status >= 500 || isGood(reply.status)
    if (!again || attempt === tries || reply.told > PATIENCE_MS) throw errorOf(reply)
    await pause(pauseAfter(attempt, reply.told))
  }
}

/** An object that a text holds; null where it holds none. */
export function jsonIn(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

/** What a reply says that is no success. */
export function errorOf({ status, text }: Reply): WaymarkError {
  const { error, detail, errors } = jsonIn(text) ?? {}
  const said = [error, detail].find((one) => typeof one === 'string') ?? text.slice(0, 200)
  return new WaymarkError(status, status === 0 ? text : `${status}: ${String(said)}`, Array.isArray(errors) ? (errors as WaymarkError['errors']) : [])
}

function isGood(status: number): boolean {
  return status >= 200 && status < 300
}
