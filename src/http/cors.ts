import type { FastifyInstance } from 'fastify'
import { parseHttpUrl } from '../core/urls.ts'

/** Whether pages of an origin may read answers. */
export type AllowedOrigin = (origin: string) => boolean

/** One name or more, each with its dot behind it but the last. */
const SUBDOMAIN = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/

/**
 * Tells the listed origins (RFC 6454) from all others. An entry is an origin such as `https://example.com:8443`, or
 * `https://*.example.com` for one or more levels of subdomain, without the name itself. Origins are compared as browsers write
 * them: in lower case, without the scheme's own port. Throws Error that names an entry which is neither.
 */
export function allowedOrigins(list: readonly string[]): AllowedOrigin {
  const exact = new Set<string>()
  const below: [scheme: string, host: string][] = []
  for (const entry of list) {
    const name = entry.replace('://*.', '://')
    const url = parseHttpUrl(name)
    const whole = url !== null && url.pathname === '/' && url.search === '' && url.hash === '' && !url.host.includes('*')
    // A whole top-level domain is nobody's own.
    if (!whole || (name !== entry && !/[a-z0-9]\.[a-z]/.test(url.hostname))) throw new Error(`'${entry}' is no origin such as https://example.com, nor https://*.example.com.`)
    if (name === entry) exact.add(url.origin)
    else below.push([`${url.protocol}//`, `.${url.host}`])
  }
  return (origin) => exact.has(origin) || below.some(([scheme, host]) => origin.startsWith(scheme) && origin.endsWith(host) && SUBDOMAIN.test(origin.slice(scheme.length, -host.length)))
}

const READABLE = 'RateLimit, RateLimit-Policy, Retry-After, Idempotency-Replayed'
const PREFLIGHT = {
  'access-control-allow-methods': 'GET, HEAD, POST, PATCH, DELETE',
  'access-control-allow-headers': 'Authorization, Content-Type, Idempotency-Key',
  'access-control-max-age': '600',
}

/**
 * Says on every answer whether pages of the asking origin may read it (Fetch Standard, 3.3), and answers their preflights. A route
 * that is `anonymous` is called without credentials; on others a listed origin may show a session.
 */
export function allowOrigins(app: FastifyInstance, allowed: AllowedOrigin): void {
  app.addHook('onRequest', (request, reply, done) => {
    // Also where nobody is allowed: a cache must not give one origin's answer to another.
    reply.header('vary', 'Origin')
    const { origin } = request.headers
    if (origin === undefined || !allowed(origin)) return done()
    reply.header('access-control-allow-origin', origin)
    if (!(request.known ?? request.routeOptions.config).anonymous) reply.header('access-control-allow-credentials', 'true')
    // The answer itself is that of any OPTIONS.
    if (request.method === 'OPTIONS') reply.headers(PREFLIGHT)
    else reply.header('access-control-expose-headers', READABLE)
    return done()
  })
}
