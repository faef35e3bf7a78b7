import { limitKey } from '../capture/address.ts'
import { Fault } from '../core/errors.ts'
import { MINUTE_MS } from '../core/time.ts'
import type { LimiterOf } from '../http/limits.ts'
import type { Sql } from '../store/sql.ts'
import { costOf, type Passwords } from './password.ts'
import type { Sessions } from './session.ts'
import { findLogin, findUser, noteLogin, type UserWithHash } from './store.ts'
import { parseEmail, type Role, type User } from './user.ts'

const FAILURE_WINDOW_MS = 15 * MINUTE_MS
const FAILURES_BY_ACCOUNT = 10
/** More than for one account: an office shares its address. */
const FAILURES_BY_ADDRESS = 30

/** How a login ended, for the log and the metrics. */
export type LoginOutcome = 'login' | 'login refused' | 'login limited'

/** What a person types, and where from. */
export interface LoginAttempt {
  email: string
  password: string
  /** The client's address. */
  address: string
}

/** A session that has begun. */
export interface LoggedIn {
  token: string
  /** UTC ms. */
  expiresAt: number
  user: User
}

/** The person behind a valid token. */
export interface SignedIn {
  id: string
  email: string
  role: Role
  sessionId: string
  /** When the token ends, UTC ms. */
  expiresAt: number
}

/** The way in for people. */
export interface Doorkeeper {
  /**
   * Begins a session. Throws Fault 'unauthorized', alike for an unknown name, a wrong password and a disabled account;
   * 'limited' after 10 failures for the account or 30 from the address in 15 minutes; 'unavailable' when the store is away
   * or too many wait.
   */
  login(attempt: LoginAttempt): Promise<LoggedIn>
  /** Who a token speaks for, by the user's row as it is now; null where it speaks for nobody. Throws Fault 'unavailable'. */
  whoIs(token: string): Promise<SignedIn | null>
}

/**
 * The doorkeeper of this node.
 *
 * @param options.now the clock, UTC ms
 * @param options.limiterOf makes the limits of failed logins
 * @param options.report told how each login ended
 */
export function createDoorkeeper(options: {
  sql: Sql
  passwords: Passwords
  sessions: Sessions
  now: () => number
  limiterOf: LimiterOf
  report?: (outcome: LoginOutcome) => void
}): Doorkeeper {
  const { sql, passwords, sessions, now, limiterOf, report } = options
  const byAccount = limiterOf('login-account', FAILURES_BY_ACCOUNT, FAILURE_WINDOW_MS)
  const byAddress = limiterOf('login-address', FAILURES_BY_ADDRESS, FAILURE_WINDOW_MS)

  /** The user, when the password is theirs. Takes the same time for a name that nobody has. */
  async function recognise(name: string, password: string): Promise<UserWithHash | null> {
    const email = parseEmail(name)
    const { user, topCost } = await findLogin(sql, email ?? '')
    const same = await passwords.check(password, user?.passwordHash ?? null, topCost)
    return same && user && !user.disabled ? user : null
  }

  return {
    async login({ email, password, address }) {
      const counted = [
        { limiter: byAddress, key: limitKey(address) },
        { limiter: byAccount, key: parseEmail(email) ?? email },
      ]
      // Counted before the password is looked at and given back after, so that a crowd at once gets no more tries.
      for (const { limiter, key } of counted) {
        const result = await limiter.take(key)
        if (result.allowed) continue
        report?.('login limited')
        throw limiter.refusal(result)
      }
      let failed = false
      try {
        const user = await recognise(email, password)
        failed = user === null
        report?.(user ? 'login' : 'login refused')
        if (!user) throw new Fault('unauthorized', 'Wrong e-mail address or password.', { headers: { 'www-authenticate': 'Bearer' } })
        // A cheaper hash, made elsewhere, is made anew while the password is at hand.
        await noteLogin(sql, user, now(), costOf(user.passwordHash) < passwords.cost ? await passwords.hash(password) : null)
        const { token, expiresAt } = await sessions.issue(user)
        return { token, expiresAt, user }
      } finally {
        if (!failed) for (const { limiter, key } of counted) limiter.giveBack(key)
      }
    },
    async whoIs(token) {
      const claims = await sessions.verify(token)
      if (!claims) return null
      const user = await findUser(sql, claims.userId)
      if (!user || user.disabled || user.tokenVersion !== claims.tokenVersion) return null
      return { id: user.id, email: user.email, role: user.role, sessionId: claims.sessionId, expiresAt: claims.expiresAt }
    },
  }
}
