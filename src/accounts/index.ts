import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { LimiterOf } from '../http/limits.ts'
import type { Guard } from '../http/route.ts'
import type { Sql } from '../store/sql.ts'
import { ensureFirstAdmin, type FirstAdmin } from './first-start.ts'
import { createGuard, type RefusedCredential } from './guard.ts'
import { createKeyring, type Keyring, type NewKey } from './keys.ts'
import { createDoorkeeper, type LoginOutcome } from './login.ts'
import { createPasswords } from './password.ts'
import { accountRoutes } from './routes.ts'
import { createSessions } from './session.ts'

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
 * @param options.sessionMs how long a session token counts
 * @param options.webhookApiKey `WEBHOOK_API_KEY`, or null where none is set
 * @param options.addressOf the client's address, with proxies seen through
 * @param options.now the clock, UTC ms
 * @param options.limiterOf makes the limits of failed logins
 * @param options.report told what happens at the door; no name, address or secret is in it
 */
export function createAccounts(options: {
  sql: Sql
  jwtSecret: string
  sessionMs: number
  webhookApiKey: string | null
  addressOf: (request: FastifyRequest) => string
  now: () => number
  limiterOf: LimiterOf
  report: (event: DoorEvent) => void
}): Accounts {
  const { sql, jwtSecret, sessionMs, webhookApiKey, addressOf, now, limiterOf, report } = options
  const passwords = createPasswords()
  const sessions = createSessions({ secret: jwtSecret, lifetimeMs: sessionMs, now })
  const doorkeeper = createDoorkeeper({ sql, passwords, sessions, now, limiterOf, report })
  const keyring = createKeyring({ sql, webhookApiKey, now })
  return {
    guard: createGuard({ keyring, doorkeeper, report }),
    keyring,
    routes: (app) => accountRoutes(app, { doorkeeper, keyring, addressOf }),
    async firstStart({ adminEmail, adminPasswordHash }) {
      const admin = await ensureFirstAdmin({ sql, passwords, adminEmail, adminPasswordHash, now })
      return { admin, key: await keyring.firstKey() }
    },
  }
}
