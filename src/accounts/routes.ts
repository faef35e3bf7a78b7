import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Type } from '@sinclair/typebox'
import { Fault } from '../core/errors.ts'
import { isPrintable } from '../core/text.ts'
import { iso } from '../core/time.ts'
import { type Caller, route } from '../http/route.ts'
import { fields } from '../http/validate.ts'
import type { Keyring } from './keys.ts'
import type { Doorkeeper } from './login.ts'
import type { IngestKey } from './store.ts'

const KEY_NAME_LENGTH = 100

const Person = Type.Object({
  id: Type.String(),
  email: Type.String(),
  role: Type.Union([Type.Literal('admin'), Type.Literal('viewer')]),
})

const Credentials = fields({
  email: Type.String({ minLength: 1, maxLength: 254 }),
  password: Type.String({ minLength: 1, maxLength: 200 }),
})

const Session = Type.Object({
  success: Type.Literal(true),
  token: Type.String({ description: 'To be sent as `Authorization: Bearer`' }),
  expiresAt: Type.String({ format: 'date-time' }),
  user: Person,
})

const Time = Type.String({ format: 'date-time' })
const TimeOrNull = Type.Union([Time, Type.Null()])

const ListedKey = Type.Object({
  id: Type.String(),
  name: Type.String(),
  created_at: Time,
  revoked_at: TimeOrNull,
  last_used_at: TimeOrNull,
})

/**
 * Registers the routes of people and keys.
 *
 * @param options.addressOf the client's address, by which failed logins are limited
 */
export function accountRoutes(
  app: FastifyInstance,
  options: { doorkeeper: Doorkeeper; keyring: Keyring; addressOf: (request: FastifyRequest) => string },
): void {
  const { doorkeeper, keyring, addressOf } = options

  route(app, {
    method: 'POST',
    url: '/api/auth/login',
    family: 'tracking',
    who: 'public',
    summary: 'Log in',
    description: 'Ten failures for one account, or thirty from one address, within 15 minutes are answered 429 until the oldest of them is past.',
    schema: { body: Credentials, response: { 200: Session } },
    handler: async (request, reply) => {
      const { token, expiresAt, user } = await doorkeeper.login({ ...request.body, address: addressOf(request) })
      reply.header('cache-control', 'no-store')
      return { success: true, token, expiresAt: iso(expiresAt), user: { id: user.id, email: user.email, role: user.role } }
    },
  })

  route(app, {
    method: 'GET',
    url: '/api/auth/me',
    family: 'tracking',
    who: 'viewer',
    summary: 'Who is signed in',
    schema: { response: { 200: Type.Object({ success: Type.Literal(true), user: Person }) } },
    handler: async (request, reply) => {
      const { id, email, kind } = request.caller as Caller
      reply.header('cache-control', 'no-store')
      return { success: true, user: { id, email, role: kind } }
    },
  })

  route(app, {
    method: 'POST',
    url: '/api/keys',
    family: 'links',
    who: 'admin',
    summary: 'Make an ingest key',
    description: 'The key is shown in this answer and never again; only its SHA-256 is kept.',
    schema: {
      body: fields({ name: Type.String({ minLength: 1, maxLength: KEY_NAME_LENGTH }) }),
      response: { 201: Type.Object({ id: Type.String(), name: Type.String(), key: Type.String(), created_at: Time }) },
    },
    handler: async (request, reply) => {
      const { id, name, key, createdAt } = await keyring.create(keyName(request.body.name))
      return reply.code(201).header('cache-control', 'no-store').send({ id, name, key, created_at: iso(createdAt) })
    },
  })

  route(app, {
    method: 'GET',
    url: '/api/keys',
    family: 'links',
    who: 'admin',
    summary: 'List the ingest keys',
    description: 'Newest first, revoked ones too. `last_used_at` is exact to the minute where other nodes were asked.',
    schema: { response: { 200: Type.Object({ keys: Type.Array(ListedKey) }) } },
    handler: async () => ({ keys: (await keyring.list()).map(listed) }),
  })

  route(app, {
    method: 'POST',
    url: '/api/keys/:id/revoke',
    family: 'links',
    who: 'admin',
    summary: 'Revoke an ingest key',
    description: 'It ends at once on this node and within a second on every other. Repeating it is harmless.',
    schema: {
      params: Type.Object({ id: Type.String({ pattern: '^[0-9A-Za-z-]{1,64}$' }) }),
      response: { 200: ListedKey },
    },
    handler: async (request) => listed(await keyring.revoke(request.params.id)),
  })
}

function keyName(text: string): string {
  const name = text.trim()
  if (isPrintable(name, 1, KEY_NAME_LENGTH)) return name
  throw new Fault('invalid', 'The request is not as expected.', {
    errors: [{ field: 'name', error: `must be 1 to ${KEY_NAME_LENGTH} printable characters` }],
  })
}

function listed(key: IngestKey): object {
  return {
    id: key.id,
    name: key.name,
    created_at: iso(key.createdAt),
    revoked_at: key.revokedAt === null ? null : iso(key.revokedAt),
    last_used_at: key.lastUsedAt === null ? null : iso(key.lastUsedAt),
  }
}
