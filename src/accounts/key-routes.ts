import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { invalidField } from '../core/errors.ts'
import { isPrintable } from '../core/text.ts'
import { iso } from '../core/time.ts'
import { route } from '../http/route.ts'
import { fields } from '../http/validate.ts'
import type { Keyring } from './keys.ts'
import { ListedKey, Time } from './schemas.ts'
import type { IngestKey } from './store.ts'

const KEY_NAME_LENGTH = 100

/** Registers the routes of ingest keys. */
export function keyRoutes(app: FastifyInstance, keyring: Keyring): void {
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
  throw invalidField('name', `must be 1 to ${KEY_NAME_LENGTH} printable characters`)
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
