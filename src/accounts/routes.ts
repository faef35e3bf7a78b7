import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from '@sinclair/typebox'
import { iso } from '../core/time.ts'
import { type Caller, route } from '../http/route.ts'
import { fields } from '../http/validate.ts'
import type { SessionCookies } from './cookie.ts'
import type { Doorkeeper } from './login.ts'
import { Done, Password, Person, Refused, Time } from './schemas.ts'
import type { LoggedIn, Sessions } from './session.ts'

const Credentials = fields({
  email: Type.String({ minLength: 1, maxLength: 254 }),
  password: Password,
})

const Session = Type.Object({
  success: Type.Literal(true),
  token: Type.String({ description: 'To be sent as `Authorization: Bearer`' }),
  expiresAt: Time,
  user: Person,
})

/**
 * Registers the routes of people and their sessions.
 *
 * @param options.addressOf the client's address, by which failed logins are limited
 */
export function sessionRoutes(
  app: FastifyInstance,
  options: { doorkeeper: Doorkeeper; sessions: Sessions; cookies: SessionCookies; addressOf: (request: FastifyRequest) => string },
): void {
  const { doorkeeper, sessions, cookies, addressOf } = options

  /** The answer that gives a session. A page of another origin gets no cookie: it might log its visitor in under a name of its own. */
  function given(request: FastifyRequest, reply: FastifyReply, session: LoggedIn): object {
    const { token, expiresAt, user: { id, email, role } } = session
    reply.header('cache-control', 'no-store')
    if (cookies.provenance(request) !== 'elsewhere') reply.header('set-cookie', cookies.holding(request, session))
    return { success: true, token, expiresAt: iso(expiresAt), user: { id, email, role } }
  }

  route(app, {
    method: 'POST',
    url: '/api/auth/login',
    family: 'tracking',
    who: 'public',
    summary: 'Log in',
    description:
      'The token comes in the body and in an HttpOnly cookie. Ten failures for one account, or thirty from one address, within 15 minutes are answered 429 until the oldest of them is past.',
    schema: { body: Credentials, response: { 200: Session, 401: Refused } },
    handler: async (request, reply) => given(request, reply, await doorkeeper.login({ ...request.body, address: addressOf(request) })),
  })

  route(app, {
    method: 'GET',
    url: '/api/auth/me',
    family: 'tracking',
    who: 'viewer',
    summary: 'Who is signed in',
    schema: { response: { 200: Type.Object({ success: Type.Literal(true), user: Person }) } },
    handler: async (request, reply) => {
      const { id, email, kind } = person(request)
      reply.header('cache-control', 'no-store')
      return { success: true, user: { id, email, role: kind } }
    },
  })

  route(app, {
    method: 'POST',
    url: '/api/auth/refresh',
    family: 'tracking',
    who: 'viewer',
    summary: 'Get a new token for this session',
    description: 'Tokens that the session had before count until their own ends; logging out ends them all. A call by cookie needs no refresh: its answer brings a new cookie when a quarter of the life is over.',
    schema: { response: { 200: Session } },
    handler: async (request, reply) => {
      const { id, sessionId } = person(request)
      return given(request, reply, await sessions.renew(sessionId, id))
    },
  })

  route(app, {
    method: 'POST',
    url: '/api/auth/logout',
    family: 'tracking',
    who: 'viewer',
    summary: 'Log out',
    description: 'Ends this session with all its tokens, on every node at once. Other sessions of the person go on.',
    schema: { response: { 200: Done } },
    handler: async (request, reply) => {
      await sessions.end(person(request).sessionId)
      reply.headers({ 'cache-control': 'no-store', 'set-cookie': cookies.cleared(request) })
      return { success: true }
    },
  })

  route(app, {
    method: 'POST',
    url: '/api/auth/password',
    family: 'tracking',
    who: 'viewer',
    summary: 'Change one’s own password',
    description:
      'Ends all sessions of the person and begins a new one. At least 12 characters, no control characters, and at most 72 bytes in UTF-8. A wrong current password counts as a failed login.',
    schema: { body: fields({ currentPassword: Password, newPassword: Password }), response: { 200: Session } },
    handler: async (request, reply) => {
      const { currentPassword, newPassword } = request.body
      const { id, email } = person(request)
      return given(request, reply, await doorkeeper.changePassword({ userId: id, email, password: currentPassword, newPassword, address: addressOf(request) }))
    },
  })
}

/** The caller of a route for people. */
function person(request: { caller: Caller | null }): Required<Omit<Caller, 'headers'>> {
  return request.caller as Required<Omit<Caller, 'headers'>>
}
