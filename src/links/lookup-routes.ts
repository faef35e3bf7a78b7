import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Type } from '@sinclair/typebox'
import { Fault } from '../core/errors.ts'
import { cursorOf, cursorParts } from '../http/cursor.ts'
import { type Limiter, countRequest } from '../http/limits.ts'
import { route } from '../http/route.ts'
import { fields } from '../http/validate.ts'
import type { LinkDirectory } from './directory.ts'
import { isTrackingId } from './link.ts'
import type { LinkWorld } from './links.ts'
import { isOpen } from './redirect.ts'
import { Failure, SyncAnswer } from './schemas.ts'
import { changedLinks } from './store.ts'
import { syncView } from './view.ts'

/** What look-ups are answered with. */
export interface LookupWorld extends LinkWorld {
  directory: LinkDirectory
  limiter: Limiter
  /** The key that counts an address for limits. */
  limitKeyOf: (request: FastifyRequest) => string
}

/** Registers what redirect domains ask for: single look-ups, and all changes since a cursor. */
export function lookupRoutes(app: FastifyInstance, world: LookupWorld): void {
  route(app, {
    method: 'GET',
    url: '/api/link-tracking/lookup/:tracking_id',
    family: 'links',
    who: 'public',
    summary: 'Where a link leads',
    description: 'Calls with a valid ingest key are not limited; others count by address.',
    schema: {
      params: fields({ tracking_id: Type.String({ description: 'Tracking id' }) }),
      response: {
        200: Type.Object({ tracking_id: Type.String(), destination_url: Type.String(), link_function: Type.String() }),
        404: Type.Object({ error: Type.String() }),
        410: Type.Object({ error: Type.String() }),
      },
    },
    anonymous: true,
    before: async (request, reply) => {
      if (request.headers['x-api-key'] !== undefined && (await app.guard.callerOf(request))) return
      await countRequest(world.limiter, world.limitKeyOf(request), reply)
    },
    handler: async (request, reply) => {
      const id = request.params.tracking_id
      const target = isTrackingId(id) ? await world.directory.look(id) : null
      if (target === null) return reply.code(404).send({ error: 'Tracking ID not found' })
      if (!isOpen(target, world.now())) return reply.code(410).send({ error: 'Link is inactive' })
      return { tracking_id: target.trackingId, destination_url: target.destination, link_function: target.linkFunction }
    },
  })

  route(app, {
    method: 'GET',
    url: '/api/link-tracking/sync',
    family: 'links',
    who: 'ingest key',
    summary: 'Links created or changed since a cursor, oldest change first',
    description: 'Keep `cursor` and send it with the next call; a page with fewer links than `limit` is the last for now.',
    schema: {
      querystring: fields({
        cursor: Type.Optional(Type.String({ maxLength: 500 })),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5_000, default: 1_000 })),
      }),
      response: { 200: SyncAnswer, 400: Failure },
    },
    handler: async (request) => {
      const { cursor, limit = 1_000 } = request.query
      const after = cursor === undefined ? ([0, ''] as const) : cursorParts(cursor)
      if (after === null) throw new Fault('invalid', 'cursor is none of ours.', { errors: [{ field: 'cursor', error: 'must be the cursor of an earlier call' }] })
      const links = await changedLinks(world.sql, { version: after[0], trackingId: after[1] }, limit)
      const last = links.at(-1)
      return { links: links.map((link) => syncView(link, world.now())), cursor: last ? cursorOf([last.version, last.tracking_id]) : cursorOf(after) }
    },
  })
}
