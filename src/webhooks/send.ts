import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isPrivateHost } from '../core/hosts.ts'
import { PrivateAddress, type TargetRules, guardedLookup, targetError } from './target.ts'

/** What became of one attempt. Of the receiver's answer only the status is kept. */
export type Attempt =
  | { delivered: true; status: number }
  | { delivered: false; status: number | null; reason: string; /** How long the receiver asks to be left alone, in ms. */ retryAfterMs: number | null }

/** What an attempt is made with. */
export interface SendWorld {
  rules: TargetRules
  timeoutMs: number
  now: () => number
  /** Of the server, so that receivers know who calls. */
  userAgent: string
}

/** As much of an answer is read, and for as long after its head, before the connection is closed. */
const READ_BYTES = 4 * 1024
const READ_MS = 1_000

/**
 * Posts a body once. It follows no redirect, uses no proxy and no kept connection, and checks the address before it asks, when the
 * name is looked up, and again on the connection itself. Never throws; `signal` gives up without a result (null).
 */
export function post(url: string, headers: Record<string, string>, body: string, { rules, timeoutMs, now, userAgent }: SendWorld, signal?: AbortSignal): Promise<Attempt | null> {
  if (targetError(url, rules) !== null) return Promise.resolve(failed(PRIVATE))
  return new Promise((resolve) => {
    const options = {
      method: 'POST',
      agent: false as const,
      lookup: guardedLookup(rules),
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'user-agent': userAgent, accept: '*/*', ...headers },
    }
    const sent: ClientRequest = new URL(url).protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options)
    const end = (attempt: Attempt | null): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      sent.destroy()
      resolve(attempt)
    }
    const abort = (): void => end(null)
    const timer = setTimeout(() => end(failed('no answer in time')), timeoutMs)
    signal?.addEventListener('abort', abort, { once: true })
    sent.on('socket', (socket) => {
      socket.once('connect', () => {
        if (!rules.allowPrivate && isPrivateHost(socket.remoteAddress ?? '')) socket.destroy(new PrivateAddress('private address'))
      })
    })
    sent.on('error', (error: NodeJS.ErrnoException) => end(failed(REASONS[error.code ?? ''] ?? (error.code?.startsWith('ERR_SSL') || error.code?.includes('CERT') ? 'certificate or TLS not accepted' : 'connection failed'))))
    sent.on('response', (response) => {
      const answer = answerOf(response, now())
      let read = 0
      const late = setTimeout(() => end(answer), READ_MS)
      const done = (): void => {
        clearTimeout(late)
        end(answer)
      }
      response.on('data', (chunk: Buffer) => (read += chunk.length) > READ_BYTES && done())
      response.on('end', done)
      // The status was there; what breaks behind it changes nothing.
      response.on('error', done)
    })
    sent.end(body)
  })
}

const PRIVATE = 'the address is not allowed'
const REASONS: Record<string, string> = {
  PRIVATE_ADDRESS: PRIVATE,
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  ENOTFOUND: 'name not found',
  EAI_AGAIN: 'name not found',
  EHOSTUNREACH: 'host not reachable',
  ENETUNREACH: 'host not reachable',
  ETIMEDOUT: 'no answer in time',
}

function failed(reason: string): Attempt {
  return { delivered: false, status: null, reason, retryAfterMs: null }
}

function answerOf(response: IncomingMessage, now: number): Attempt {
  const status = response.statusCode ?? 0
  if (status >= 200 && status < 300) return { delivered: true, status }
  const reason = status >= 300 && status < 400 ? `answered ${status}; redirects are not followed` : `answered ${status}`
  return { delivered: false, status, reason, retryAfterMs: retryAfterOf(response.headers['retry-after'], now) }
}

/** `Retry-After` in ms (RFC 9110, 10.2.3): seconds, or a date. */
function retryAfterOf(text: string | undefined, now: number): number | null {
  if (text === undefined) return null
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now
  return ms > 0 ? ms : null
}
