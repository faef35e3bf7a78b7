import type { FastifyRequest } from 'fastify'
import { Fault } from '../core/errors.ts'
import type { Caller, Guard } from '../http/route.ts'
import type { SessionCookies } from './cookie.ts'
import type { Keyring } from './keys.ts'
import type { SignedIn, Sessions } from './session.ts'

/** What was shown and did not count, for the log and the metrics. */
export type RefusedCredential = 'key refused' | 'session refused' | 'cross-site refused'

/** Methods that change nothing (RFC 9110, 9.2.1). */
const SAFE: readonly string[] = ['GET', 'HEAD', 'OPTIONS']

/**
 * Tells callers apart by what they show: an ingest key in `X-API-Key`, else a session token as `Authorization: Bearer`
 * (RFC 6750), else one in the session cookie. A caller's id is the key's or the user's. What is shown and does not count is Fault
 * 'unauthorized', also where the route would have been open to nobody in particular.
 *
 * A browser sends the cookie whoever wrote the page. So a call by cookie that changes something counts only when it comes from a page of
 * this server, and is Fault 'forbidden' else; and no answer to a call by cookie may be kept by a cache.
 */
export function createGuard(options: {
  keyring: Keyring
  sessions: Sessions
  cookies: SessionCookies
  report?: (refused: RefusedCredential) => void
}): Guard {
  const { keyring, sessions, cookies, report } = options

  function keyCaller(id: string | null): Caller {
    if (id !== null) return { kind: 'ingest key', id }
    report?.('key refused')
    throw new Fault('unauthorized', 'The ingest key in the X-API-Key header is not valid.', { headers: { 'www-authenticate': 'ApiKey' } })
  }

  function personCaller({ user, sessionId }: SignedIn): Caller {
    return { kind: user.role, id: user.id, email: user.email, sessionId }
  }

  function sessionRefused(headers: Record<string, string> = {}): Fault {
    report?.('session refused')
    return new Fault('unauthorized', 'The session has ended or the token is not valid. Log in again.', {
      headers: { 'www-authenticate': 'Bearer error="invalid_token"', ...headers },
    })
  }

  async function bearerCaller(authorization: string): Promise<Caller> {
    const person = await sessions.whoIs(/^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? '')
    if (!person) throw sessionRefused()
    return personCaller(person)
  }

  async function cookieCaller(token: string, request: FastifyRequest): Promise<Caller> {
    if (!SAFE.includes(request.method) && cookies.provenance(request) !== 'here') {
      report?.('cross-site refused')
      throw new Fault('forbidden', 'With the session cookie, only pages of this server may change something. Send the token as Authorization: Bearer.')
    }
    const person = await sessions.whoIs(token)
    if (!person) throw sessionRefused({ 'set-cookie': cookies.cleared(request) })
    const headers: Record<string, string> = { 'cache-control': 'no-store' }
    if (person.aging) headers['set-cookie'] = cookies.holding(request, await sessions.renew(person.sessionId, person.user.id))
    return { ...personCaller(person), headers }
  }

  return {
    callerOf(request) {
      const key = request.headers['x-api-key']
      if (key !== undefined) {
        const id = keyring.idOf(String(key))
        // Known keys are answered without a promise: this is on the way of every batch.
        return id instanceof Promise ? id.then(keyCaller) : keyCaller(id)
      }
      const { authorization } = request.headers
      if (authorization !== undefined) return bearerCaller(authorization)
      const token = cookies.read(request)
      return token === null ? null : cookieCaller(token, request)
    },
  }
}
