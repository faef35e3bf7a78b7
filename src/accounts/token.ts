import { createSecretKey } from 'node:crypto'
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import type { User } from './user.ts'

const ISSUER = 'waymark'
const AUDIENCE = 'waymark-app'
/** Ours have some 400 bytes; what is longer is not looked at. */
const MAX_TOKEN_LENGTH = 8_192
/** Three parts of base64url, the last the one spelling of 32 bytes: RFC 7515 knows no padding, and no second text for one token. */
const compact = /^[\w-]+\.[\w-]+\.[\w-]{42}[AEIMQUYcgkosw048]$/
/** How far the clocks of two nodes may differ. */
const CLOCK_TOLERANCE_SECONDS = 5

/** What a token says, once its signature and its times have been checked. Whether it still counts is for the rows of the session and the user to say. */
export interface SessionClaims {
  userId: string
  sessionId: string
  /** The user's `tokenVersion` when the session began. */
  tokenVersion: number
  /** When the token ends, UTC ms. */
  expiresAt: number
}

/** A token and when it ends, UTC ms. */
export interface IssuedToken {
  token: string
  expiresAt: number
}

/** The making and checking of session tokens. */
export interface Tokens {
  /** A token for a session of this user. */
  issue(user: User, sessionId: string): Promise<IssuedToken>
  /** The claims of a token of ours that is valid now, else null, whatever the text may be. */
  verify(token: string): Promise<SessionClaims | null>
}

/**
 * Session tokens: JWT (RFC 7519) under HS256 alone, by the advice of RFC 8725. Checked are the header (`alg` and `typ`
 * and nothing else: no `kid`, `jku`, `jwk` or `crit` is ever followed), the signature, and `iss`, `aud`, `exp`, `nbf`, `iat`.
 *
 * @param options.secret at least 32 bytes in UTF-8; throws Error if shorter
 * @param options.lifetimeMs how long a token counts
 * @param options.now the clock, UTC ms
 */
export function createTokens(options: { secret: string; lifetimeMs: number; now: () => number }): Tokens {
  const { secret, lifetimeMs, now } = options
  if (Buffer.byteLength(secret) < 32) throw new Error('The secret of the sessions needs at least 32 bytes.')
  const key = createSecretKey(secret, 'utf8')
  const lifetimeSeconds = Math.floor(lifetimeMs / 1000)
  return {
    async issue(user, sessionId) {
      const seconds = Math.floor(now() / 1000)
      const token = await new SignJWT({ role: user.role, ver: user.tokenVersion, sid: sessionId })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setSubject(user.id)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt(seconds)
        .setNotBefore(seconds)
        .setExpirationTime(seconds + lifetimeSeconds)
        .sign(key)
      return { token, expiresAt: (seconds + lifetimeSeconds) * 1000 }
    },
    async verify(token) {
      if (token.length > MAX_TOKEN_LENGTH || !compact.test(token)) return null
      try {
        const { payload, protectedHeader } = await jwtVerify(token, key, {
          algorithms: ['HS256'],
          typ: 'JWT',
          issuer: ISSUER,
          audience: AUDIENCE,
          requiredClaims: ['exp', 'nbf', 'iat', 'sub'],
          maxTokenAge: lifetimeSeconds,
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          currentDate: new Date(now()),
        })
        return Object.keys(protectedHeader).length === 2 ? claimsOf(payload) : null
      } catch (error) {
        if (error instanceof errors.JOSEError) return null
        throw error
      }
    },
  }
}

function claimsOf(payload: JWTPayload): SessionClaims | null {
  const { sub, sid, ver, exp, aud } = payload
  if (typeof sub !== 'string' || typeof sid !== 'string' || typeof exp !== 'number' || aud !== AUDIENCE) return null
  if (typeof ver !== 'number' || !Number.isSafeInteger(ver)) return null
  return { userId: sub, sessionId: sid, tokenVersion: ver, expiresAt: exp * 1000 }
}
