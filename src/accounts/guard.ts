import type { FastifyRequest } from 'fastify'
import { Fault } from '../core/errors.ts'
import type { Caller, Guard } from '../http/route.ts'
import type { Keyring } from './keys.ts'
import type { Doorkeeper } from './login.ts'

/** What was shown and did not count, for the log and the metrics. */
export type RefusedCredential = 'key refused' | 'session refused'

/**
 * Tells callers apart by what they show: an ingest key in `X-API-Key`, else a session token as `Authorization: Bearer`
 * (RFC 6750). A caller's id is the key's or the user's. What is shown and does not count is Fault 'unauthorized', also
 * where the route would have been open to nobody in particular.
 */
export function createGuard(options: {
  keyring: Keyring
  doorkeeper: Doorkeeper
  report?: (refused: RefusedCredential) => void
}): Guard {
  const { keyring, doorkeeper, report } = options

  function keyCaller(id: string | null): Caller {
    if (id !== null) return { kind: 'ingest key', id }
    report?.('key refused')
    throw new Fault('unauthorized', 'The ingest key in the X-API-Key header is not valid.')
  }

  async function personCaller(authorization: string): Promise<Caller> {
    const person = await doorkeeper.whoIs(/^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? '')
    if (person) return { kind: person.role, id: person.id, email: person.email }
    report?.('session refused')
    throw new Fault('unauthorized', 'The session has ended or the token is not valid. Log in again.', {
      headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
    })
  }

  return {
    callerOf(request: FastifyRequest) {
      const key = request.headers['x-api-key']
      if (key !== undefined) {
        const id = keyring.idOf(String(key))
        // Known keys are answered without a promise: this is on the way of every batch.
        return id instanceof Promise ? id.then(keyCaller) : keyCaller(id)
      }
      const { authorization } = request.headers
      return authorization === undefined ? null : personCaller(authorization)
    },
  }
}
