import { readFileSync, readdirSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Fault } from '../core/errors.ts'
import { type File, sendFile } from './files.ts'
import { route } from './route.ts'

/** Where a page is: each address is answered with the one document, whose script shows what belongs there. */
export const PAGES = [
  '/',
  '/login',
  '/tracking-dashboard',
  '/tracking-admin',
  '/engagement/:trackingId',
  '/email',
  '/email/leads',
  '/email/campaigns/:id',
  '/links',
  '/links/:id',
  '/product',
  '/product/:projectKey',
  '/settings',
  '/settings/:part',
] as const

const KINDS: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** Nothing from elsewhere, no script and no style but our own files, in nobody's frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

const SAFE = { 'x-content-type-options': 'nosniff', 'cross-origin-opener-policy': 'same-origin', vary: 'Origin, Accept-Encoding' }
const DOCUMENT = {
  ...SAFE,
  'content-security-policy': POLICY,
  // The address of a partner's page may hold the token: it is for nobody else.
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cache-control': 'no-cache',
}
/** An asset has a name made from its content, so it never changes (RFC 8246). */
const ASSET = { ...SAFE, 'cache-control': 'public, max-age=31536000, immutable' }

/** The pages as `npm run build` made them of `web/`. */
export interface Pages {
  /** Sends the one document, whose script shows the page of the address, or that there is none. */
  send(request: FastifyRequest, reply: FastifyReply): FastifyReply
  assets: ReadonlyMap<string, File>
}

/** Registers the pages: the document at each address of `PAGES`, and its assets. */
export function servePages(app: FastifyInstance, { send, assets }: Pages): void {
  for (const url of PAGES) {
    route(app, {
      method: 'GET',
      url,
      family: 'operations',
      who: 'public',
      summary: 'A page for people',
      hidden: true,
      handler: send,
    })
  }
  route(app, {
    method: 'GET',
    url: '/assets/:name',
    family: 'operations',
    who: 'public',
    summary: 'A script or style of the pages',
    hidden: true,
    handler: (request, reply) => {
      const asset = assets.get((request.params as { name: string }).name)
      if (!asset) throw new Fault('not_found', 'There is no such file. Load the page again.')
      return sendFile(request, reply.headers(ASSET), asset)
    },
  })
}

/** Reads the pages from the folder they were built to. Throws Error with a sentence when they were not. */
export function readPages(folder: URL): Pages {
  const path = fileURLToPath(folder)
  const read = (name: string, type: string): File => ({ type, bytes: readFileSync(join(path, name)) })
  try {
    const names = readdirSync(join(path, 'assets')).filter((name) => extname(name) in KINDS)
    const document = read('index.html', 'text/html; charset=utf-8')
    return {
      send: (request, reply) => sendFile(request, reply.headers(DOCUMENT), document),
      assets: new Map(names.map((name) => [name, read(join('assets', name), KINDS[extname(name)] as string)])),
    }
  } catch (cause) {
    throw new Error('The pages are not built. Run: npm run build', { cause })
  }
}
