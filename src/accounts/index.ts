import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { LimiterOf } from '../http/limits.ts'
import type { Guard } from '../http/route.ts'
import type { Trusted } from '../capture/address.ts'
import type { Sql } from '../store/sql.ts'
import { createSessionCookies } from './cookie.ts'
import { ensureFirstAdmin, type FirstAdmin } from './first-start.ts'
import { createGuard, type RefusedCredential } from './guard.ts'
import { keyRoutes } from './key-routes.ts'
import { createKeyring, type Keyring, type NewKey } from './keys.ts'
import { createDoorkeeper, type LoginOutcome } from './login.ts'
import { createPasswords } from './password.ts'
import { sessionRoutes } from './routes.ts'
import { createSessions } from './session.ts'
import { createTokens } from './token.ts'
import { userRoutes } from './user-routes.ts'
import { createUsers } from './users.ts'

export type { FirstAdmin } from './first-start.ts'
export type { Keyring, NewKey } from './keys.ts'
export { parseEmail } from './user.ts'

/** What happens at the door, for the log and the metrics. */
export type DoorEvent = LoginOutcome | RefusedCredential

/** People, their sessions, and the keys of machines. */
export interface Accounts {
  /** Tells the server who calls. */
  guard: Guard
  keyring: Keyring
  /** Registers `/api/auth/*` and `/api/keys`. */
  routes(app: FastifyInstance): void
  /**
   * Makes the first admin and the first key where there are none, to be printed once; see `ensureFirstAdmin` and
   * `Keyring.firstKey`. Throws Error with a sentence when the settings cannot be used, Fault 'unavailable' with the store away.
   */
  firstStart(admin: { adminEmail: string | null; adminPasswordHash: string | null }): Promise<{ admin: FirstAdmin; key: NewKey | null }>
}

/**
 * Opens the room.
 *
 * @param options.jwtSecret at least 32 bytes; throws Error if shorter
 * @param options.tokenMs how long a session token counts
 * @param options.sessionMs how long a session lasts without use
 * @param options.webhookApiKey `WEBHOOK_API_KEY`, or null where none is set
 * @param options.publicUrl `PUBLIC_URL`, or null where none is set
 * @param options.trusted the proxies whose word is taken for how a request came
 * @param options.addressOf the client's address, with proxies seen through
 * @param options.now the clock, UTC ms
 * @param options.limiterOf makes the limits of failed logins
 * @param options.report told what happens at the door; no name, address or secret is in it
 */
export function createAccounts(options: {
  sql: Sql
  jwtSecret: string
  tokenMs: number
  sessionMs: number
  webhookApiKey: string | null
  publicUrl: string | null
  trusted: Trusted
  addressOf: (request: FastifyRequest) => string
  now: () => number
  limiterOf: LimiterOf
  report: (event: DoorEvent) => void
}): Accounts {
  const { sql, tokenMs, sessionMs, webhookApiKey, addressOf, now, limiterOf, report } = options
  const passwords = createPasswords()
  const tokens = createTokens({ secret: options.jwtSecret, lifetimeMs: tokenMs, now })
  const sessions = createSessions({ sql, tokens, tokenMs, timeoutMs: sessionMs, now })
  const cookies = createSessionCookies({ publicUrl: options.publicUrl, trusted: options.trusted, now })
  const doorkeeper = createDoorkeeper({ sql, passwords, sessions, now, limiterOf, report })
  const keyring = createKeyring({ sql, webhookApiKey, now })
  return {
    guard: createGuard({ keyring, sessions, cookies, report }),
    keyring,
    routes(app) {
      sessionRoutes(app, { doorkeeper, sessions, cookies, addressOf })
      userRoutes(app, createUsers({ sql, passwords, now }))
      keyRoutes(app, keyring)
    },
    async firstStart({ adminEmail, adminPasswordHash }) {
      const admin = await ensureFirstAdmin({ sql, passwords, adminEmail, adminPasswordHash, now })
      return { admin, key: await keyring.firstKey() }
    },
  }
}
