import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { Fault } from '../core/errors.ts'
import { route } from '../http/route.ts'
import { fields } from '../http/validate.ts'
import { type Destinations, destinationOf } from './destination.ts'
import { type RecorderWorld, recordTouch } from './recorder.ts'
import { Failure } from './schemas.ts'
import { readToken } from './token.ts'

/** What opens and clicks are answered with. */
export type TrackingWorld = RecorderWorld & Destinations

/** Each open and click must be asked for anew (the requirement's headers). */
export const UNCACHED = {
  'cache-control': 'no-cache, no-store, must-revalidate',
  pragma: 'no-cache',
  expires: '0',
}

/** A transparent GIF of one pixel: 43 bytes. */
const PIXEL = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64')

const tokenIn = Type.Unknown({ description: 'Token of the mail' })

/** Registers the picture that tells of opens, and the links of mails. */
export function trackingRoutes(app: FastifyInstance, world: TrackingWorld): void {
  route(app, {
    method: 'GET',
    url: '/api/v1/tracking/open/:token',
    family: 'email',
    who: 'public',
    summary: 'The picture that tells of an open',
    description: 'Always 200 and the same 43 bytes, whatever the token; a good one is recorded as `email_opened`. HEAD records nothing.',
    schema: { params: fields({ token: tokenIn }), response: { 200: Type.Unsafe<string>({ type: 'string', description: 'A transparent GIF of one pixel' }) } },
    produces: ['image/gif'],
    handler: async (request, reply) => {
      const text = String(request.params.token)
      const token = readToken(text, world.secret)
      if (token === null) world.ingest.drop('email', 'bad_token')
      else await recordTouch(world, request, { event: 'open', text, token, destination: null, invisible: false })
      return reply.headers(UNCACHED).header('content-length', PIXEL.length).type('image/gif').send(PIXEL)
    },
  })

  route(app, {
    method: 'GET',
    url: '/api/v1/tracking/click/:token',
    family: 'email',
    who: 'public',
    summary: 'Follow a link of a mail',
    description:
      'Records `email_clicked` and redirects. `url` must be an https URL of a public host in `EMAIL_REDIRECT_ALLOWED_DOMAINS`; links that this server wrote into a mail carry a signature and need no list. It is checked first and always, and sent out as it was parsed. An expired token, a limit and a store that is away still redirect. With `h=1` the link is one that readers cannot see, and whoever follows it is a machine. HEAD records nothing.',
    schema: {
      params: fields({ token: tokenIn }),
      querystring: fields({
        url: Type.Optional(Type.Unknown({ description: 'Where the link leads; required' })),
        s: Type.Optional(Type.Unknown({ description: 'Signature of token and URL' })),
        h: Type.Optional(Type.Unknown({ description: '`1` for a link that readers cannot see' })),
      }),
      response: { 302: Type.Null({ description: 'To the URL' }), 400: Failure, 404: Failure },
    },
    handler: async (request, reply) => {
      const text = String(request.params.token)
      const { url, s, h } = request.query
      const destination = destinationOf(text, url, s, world)
      reply.headers(UNCACHED)
      if (destination === null) throw new Fault('invalid', 'Invalid redirect URL. For security reasons, we cannot redirect to this URL.')
      const token = readToken(text, world.secret)
      if (token === null) throw new Fault('invalid', 'Invalid tracking token')
      if ((await recordTouch(world, request, { event: 'click', text, token, destination, invisible: h === '1' })) === false) throw new Fault('not_found', 'Token not found')
      return reply.code(302).header('location', destination).send()
    },
  })
}
