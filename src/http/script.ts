import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { type File, sendFile } from './files.ts'
import { route } from './route.ts'
import { fields } from './validate.ts'

/** Any page may load it, also one that asks for CORS or is isolated (Cross-Origin-Embedder-Policy). */
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'access-control-allow-origin': '*',
  'cross-origin-resource-policy': 'cross-origin',
  vary: 'Accept-Encoding',
}

/**
 * Registers the script for pages of others, which `npm run build` made of `clients/browser/`.
 *
 * @param path where it was built to; throws Error with a sentence when it was not
 * @param version the one whose name in the address lets the script be kept for a year
 */
export function serveScript(app: FastifyInstance, path: URL, version: string): void {
  const script = readScript(path)
  const etag = `W/"${createHash('sha256').update(script.bytes).digest('base64url').slice(0, 22)}"`
  route(app, {
    method: 'GET',
    url: '/waymark.js',
    family: 'operations',
    who: 'public',
    summary: 'The script for your pages',
    description: 'Kept by browsers for an hour, and for a year where `v` is the version of this server. Any other `v` is answered like none.',
    schema: {
      querystring: fields({ v: Type.Optional(Type.Unknown({ description: 'Version of the script that the page was written for' })) }),
      response: { 200: Type.Unsafe<string>({ type: 'string', description: 'The script' }), 304: Type.Null({ description: 'The one you have is the latest' }) },
    },
    produces: ['text/javascript'],
    anonymous: true,
    handler: (request, reply) => {
      const pinned = request.query.v === version
      reply.headers({ ...HEADERS, etag, 'cache-control': pinned ? 'public, max-age=31536000, immutable' : 'public, max-age=3600, stale-while-revalidate=86400' })
      return request.headers['if-none-match'] === etag ? reply.code(304).send() : sendFile(request, reply, script)
    },
  })
}

function readScript(path: URL): File {
  try {
    return { type: 'text/javascript; charset=utf-8', bytes: readFileSync(path) }
  } catch (cause) {
    throw new Error('The script for pages is not built. Run: npm run build', { cause })
  }
}
