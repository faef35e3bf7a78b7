import { parseCookie, stringifySetCookie } from 'cookie'
import type { FastifyRequest } from 'fastify'
import { type Trusted, clientScheme } from '../capture/address.ts'

const COOKIE = 'waymark-session'

/** Where a request says that it comes from: a page of this server, of another, or it does not say. */
export type Provenance = 'here' | 'elsewhere' | 'unsaid'

/** The session cookie, and what must be known of a request before it counts. */
export interface SessionCookies {
  /** The token in a request's cookie, null where there is none. */
  read(request: FastifyRequest): string | null
  /** The `Set-Cookie` that gives a token to the browser, out of reach of its scripts, until `expiresAt` (UTC ms). */
  holding(request: FastifyRequest, session: { token: string; expiresAt: number }): string
  /** The `Set-Cookie` that takes the cookie away. */
  cleared(request: FastifyRequest): string
  /**
   * Where a request comes from, by what a page cannot forge: `Sec-Fetch-Site` (W3C Fetch Metadata) where the browser sends it, else
   * `Origin` (RFC 6454). A page of a neighbouring subdomain is elsewhere.
   */
  provenance(request: FastifyRequest): Provenance
}

/**
 * The session cookie of this server (RFC 6265).
 *
 * @param options.publicUrl `PUBLIC_URL`, or null where none is set
 * @param options.trusted the proxies whose `X-Forwarded-Proto` counts
 * @param options.now the clock, UTC ms
 */
export function createSessionCookies(options: { publicUrl: string | null; trusted: Trusted; now: () => number }): SessionCookies {
  const { publicUrl, trusted, now } = options
  const publicOrigin = publicUrl === null ? null : new URL(publicUrl).origin

  function isSecure(request: FastifyRequest): boolean {
    if (publicOrigin?.startsWith('https:')) return true
    return clientScheme(request.socket.remoteAddress ?? '', request.headers['x-forwarded-proto'] as string | undefined, trusted) === 'https'
  }

  const written = (request: FastifyRequest, value: string, maxAge: number): string =>
    stringifySetCookie(COOKIE, value, { path: '/', maxAge, httpOnly: true, sameSite: 'lax', secure: isSecure(request) })

  return {
    read: ({ headers }) => (headers.cookie === undefined ? null : (parseCookie(headers.cookie)[COOKIE] ?? null)),
    holding: (request, { token, expiresAt }) => written(request, token, Math.floor((expiresAt - now()) / 1000)),
    cleared: (request) => written(request, '', 0),
    provenance(request) {
      const { origin, host, 'sec-fetch-site': site } = request.headers
      if (site === 'same-origin') return 'here'
      if (site !== undefined && site !== 'same-site') return 'elsewhere'
      if (origin === undefined) return site === undefined ? 'unsaid' : 'elsewhere'
      return origin === publicOrigin || origin === `${isSecure(request) ? 'https' : 'http'}://${host}` ? 'here' : 'elsewhere'
    },
  }
}
