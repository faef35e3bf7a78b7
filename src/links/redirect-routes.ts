import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from '@sinclair/typebox'
import { optedOut } from '../capture/privacy.ts'
import type { VisitorReader } from '../capture/visitor.ts'
import { Fault } from '../core/errors.ts'
import { route } from '../http/route.ts'
import { fields } from '../http/validate.ts'
import type { Ingest } from '../ingest/index.ts'
import { clickOf } from './click.ts'
import type { LinkDirectory, Target } from './directory.ts'
import { REDIRECT_PATHS, isTrackingId } from './link.ts'
import { sendPage } from './page.ts'
import { decide } from './redirect.ts'

/** What redirects are answered with: by the server, and by the edge with links and a journal of its own. */
export interface RedirectWorld {
  directory: Pick<LinkDirectory, 'find' | 'look'>
  ingest: Pick<Ingest, 'recordSoon' | 'drop'>
  reader: VisitorReader
  notFoundUrl: string | null
  /** Whether a visitor's wish not to be tracked is followed. */
  honorDnt: boolean
  now: () => number
}

/** A redirect that records must be asked for each time (the requirement's no-cache headers). */
const UNCACHED = {
  'cache-control': 'no-cache, no-store, must-revalidate',
  pragma: 'no-cache',
  expires: '0',
}

const RESPONSES = {
  302: Type.Null({ description: 'To the destination, or to NOT_FOUND_URL where that is set' }),
  400: Type.Unsafe<string>({ type: 'string', description: 'The id is missing or malformed: a small page' }),
  404: Type.Unsafe<string>({ type: 'string', description: 'There is no such link: a small page' }),
  410: Type.Unsafe<string>({ type: 'string', description: 'The link is inactive or expired: a small page' }),
}

/** Registers the redirects: `/linkedin?uuid=ID` and its sisters, and the older `/track/ID`. */
export function redirectRoutes(app: FastifyInstance, world: RedirectWorld): void {
  const summary = 'Redirect, and record the click'
  const description = 'HEAD answers the same and records nothing.'
  for (const path of REDIRECT_PATHS) {
    route(app, {
      method: 'GET',
      url: `/${path}`,
      family: 'links',
      who: 'public',
      summary,
      description,
      schema: { querystring: fields({ uuid: Type.Optional(Type.Unknown({ description: 'Tracking id' })) }), response: RESPONSES },
      produces: ['text/html'],
      handler: (request, reply) => answer(world, request, reply, request.query.uuid, path),
    })
  }
  route(app, {
    method: 'GET',
    url: '/track/:id',
    family: 'links',
    who: 'public',
    summary,
    description,
    schema: { params: fields({ id: Type.Unknown({ description: 'Tracking id' }) }), response: RESPONSES },
    produces: ['text/html'],
    handler: (request, reply) => answer(world, request, reply, request.params.id, 'track'),
  })
}

/** Decides, records once, answers once. */
async function answer(world: RedirectWorld, request: FastifyRequest, reply: FastifyReply, id: unknown, source: string): Promise<FastifyReply> {
  if (!isTrackingId(id)) return sendPage(reply, 'malformed')
  const found = world.directory.find(id)
  const target = found === undefined ? await looked(world, id) : found
  if (target === 'unavailable') return sendPage(reply, 'unavailable')
  const now = world.now()
  const decision = decide(target, now)
  if (decision.kind === 'redirect') {
    if (request.method === 'GET' && !declined(world, request)) await world.ingest.recordSoon(clickOf(request, decision.target, source, now, world.reader))
    return reply.code(302).headers(UNCACHED).header('location', decision.target.destination).send()
  }
  if (world.notFoundUrl !== null) return reply.code(302).headers(UNCACHED).header('location', world.notFoundUrl).send()
  return sendPage(reply, decision.kind)
}

function declined(world: RedirectWorld, request: FastifyRequest): boolean {
  if (!world.honorDnt || !optedOut(request.headers)) return false
  world.ingest.drop('links', 'opted_out')
  return true
}

async function looked({ directory }: RedirectWorld, id: string): Promise<Target | null | 'unavailable'> {
  try {
    return await directory.look(id)
  } catch (error) {
    // Whoever clicks a link reads a page, not JSON.
    if (error instanceof Fault && error.code === 'unavailable') return 'unavailable'
    throw error
  }
}
