import { Fault } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import { MINUTE_MS } from '../core/time.ts'
import type { Sql } from '../store/sql.ts'
import { deleteSession, findSession, insertSession, noteSessionUse } from './store.ts'
import type { Tokens } from './token.ts'
import type { User } from './user.ts'

/** What a request's first use in so long is noted after; a session's end is exact to this. */
const NOTE_EVERY_MS = MINUTE_MS
/** The part of a token's life after which it is worth a new one. */
const AGING = 1 / 4

/** A session with a token for it. */
export interface LoggedIn {
  token: string
  /** When the token ends, UTC ms. */
  expiresAt: number
  user: User
}

/** The person behind a valid token. */
export interface SignedIn {
  user: User
  sessionId: string
  /** When the token ends, UTC ms. */
  expiresAt: number
  /** Whether a quarter of the token's life is over. */
  aging: boolean
}

/** The sessions of people, the same on every node. */
export interface Sessions {
  begin(user: User): Promise<LoggedIn>
  /** Who a token speaks for, by the rows as they are now; null where it speaks for nobody. Being asked is use. */
  whoIs(token: string): Promise<SignedIn | null>
  /** A new token for a session. Those it had count until their own ends. Throws Fault 'unauthorized' where it has ended. */
  renew(sessionId: string, userId: string): Promise<LoggedIn>
  /** Ends a session with all its tokens, on every node at once. */
  end(sessionId: string): Promise<void>
}

/**
 * The sessions. A token names one; it counts while the session has not been ended and was used within `timeoutMs`, and while
 * the user is not disabled and has the token version of its making, which rises with each new password.
 *
 * @param options.tokenMs how long a token counts
 * @param options.timeoutMs how long a session lasts without use
 * @param options.now the clock, UTC ms
 */
export function createSessions(options: { sql: Sql; tokens: Tokens; tokenMs: number; timeoutMs: number; now: () => number }): Sessions {
  const { sql, tokens, tokenMs, timeoutMs, now } = options
  return {
    async begin(user) {
      const id = newId()
      await insertSession(sql, { id, userId: user.id, at: now(), endedBefore: now() - timeoutMs })
      return { ...(await tokens.issue(user, id)), user }
    },
    async whoIs(token) {
      const claims = await tokens.verify(token)
      if (!claims) return null
      const { sessionId, expiresAt } = claims
      const session = await findSession(sql, sessionId, claims.userId)
      if (!session || session.user.disabled || session.user.tokenVersion !== claims.tokenVersion) return null
      const unusedMs = now() - session.lastUsedAt
      if (unusedMs >= timeoutMs) return null
      // A store that can be read and not written must not turn people away.
      if (unusedMs >= NOTE_EVERY_MS) await noteSessionUse(sql, sessionId, now()).catch(() => undefined)
      return { user: session.user, sessionId, expiresAt, aging: expiresAt - now() < tokenMs * (1 - AGING) }
    },
    async renew(sessionId, userId) {
      const session = await findSession(sql, sessionId, userId)
      if (!session) throw new Fault('unauthorized', 'The session has ended. Log in again.')
      return { ...(await tokens.issue(session.user, sessionId)), user: session.user }
    },
    end: (sessionId) => deleteSession(sql, sessionId),
  }
}
