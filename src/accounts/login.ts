import { limitKey } from '../capture/address.ts'
import { Fault, invalidField } from '../core/errors.ts'
import { MINUTE_MS } from '../core/time.ts'
import type { LimiterOf } from '../http/limits.ts'
import type { Sql } from '../store/sql.ts'
import { costOf, type Passwords } from './password.ts'
import type { LoggedIn, Sessions } from './session.ts'
import { findLogin, noteLogin, updateUser, type UserWithHash } from './store.ts'
import { parseEmail, passwordProblem } from './user.ts'

const FAILURE_WINDOW_MS = 15 * MINUTE_MS
const FAILURES_BY_ACCOUNT = 10
/** More than for one account: an office shares its address. */
const FAILURES_BY_ADDRESS = 30

/** How a login ended, for the log and the metrics. */
export type LoginOutcome = 'login' | 'login refused' | 'login limited' | 'password changed'

/** What a person types, and where from. */
export interface LoginAttempt {
  email: string
  password: string
  /** The client's address. */
  address: string
}

/** The way in for people. */
export interface Doorkeeper {
  /**
   * Begins a session. Throws Fault 'unauthorized', alike for an unknown name, a wrong password and a disabled account;
   * 'limited' after 10 failures for the account or 30 from the address in 15 minutes; 'unavailable' when the store is away
   * or too many wait.
   */
  login(attempt: LoginAttempt): Promise<LoggedIn>
  /**
   * Gives a person a new password, ends all of their sessions and begins a new one. Throws Fault 'invalid' where the current password is
   * wrong, which counts as a failed login, or the new one cannot be used; else as `login`.
   */
  changePassword(attempt: LoginAttempt & { userId: string; newPassword: string }): Promise<LoggedIn>
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

  /** The user, when the password is theirs, else null. Takes the same time for a name that nobody has. */
  async function recognise(name: string, password: string): Promise<UserWithHash | null> {
    const email = parseEmail(name)
    const { user, topCost } = await findLogin(sql, email ?? '')
    const same = await passwords.check(password, user?.passwordHash ?? null, topCost)
    return same && user && !user.disabled ? user : null
  }

  /** Recognises within the limits; what `then` does with the user still counts as the same try. */
  async function admit<T>({ email, password, address }: LoginAttempt, then: (user: UserWithHash | null) => Promise<T>): Promise<T> {
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
      if (failed) report?.('login refused')
      return await then(user)
    } finally {
      if (!failed) for (const { limiter, key } of counted) limiter.giveBack(key)
    }
  }

  return {
    login: (attempt) =>
      admit(attempt, async (user) => {
        if (!user) throw new Fault('unauthorized', 'Wrong e-mail address or password.')
        report?.('login')
        // A cheaper hash, made elsewhere, is made anew while the password is at hand.
        await noteLogin(sql, user, now(), costOf(user.passwordHash) < passwords.cost ? await passwords.hash(attempt.password) : null)
        return sessions.begin(user)
      }),
    async changePassword({ userId, newPassword, ...attempt }) {
      const problem = passwordProblem(newPassword)
      if (problem) throw invalidField('newPassword', problem)
      return admit(attempt, async (user) => {
        if (user?.id !== userId) throw invalidField('currentPassword', 'is not your password')
        const changed = await updateUser(sql, userId, { passwordHash: await passwords.hash(newPassword) })
        report?.('password changed')
        return sessions.begin(changed ?? user)
      })
    },
  }
}
