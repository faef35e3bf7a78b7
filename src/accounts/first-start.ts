import { Fault } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import type { Sql } from '../store/sql.ts'
import { isPasswordHash, MAX_COST, newPassword, type Passwords } from './password.ts'
import { findAdminEmail, insertUser } from './store.ts'
import { parseEmail } from './user.ts'

/** Who the first admin is where the settings do not say. */
const FIRST_ADMIN = 'admin@localhost'

/** The admin to log in as. The password is there once: when this start made it. */
export interface FirstAdmin {
  email: string
  password: string | null
  /** Whether this start made the account. */
  created: boolean
}

/**
 * Sees to it that there is an admin: the one of `ADMIN_EMAIL` and `ADMIN_PASSWORD_HASH` where these are set, else, when
 * there is no admin at all, `admin@localhost` with a random password. An account that is there is left as it is, so a
 * password changed in the app outlives a restart. Of two nodes that start at once, one makes it.
 * Throws Fault 'invalid' with a sentence that names the variable when the settings cannot be used.
 */
export async function ensureFirstAdmin(options: {
  sql: Sql
  passwords: Passwords
  adminEmail: string | null
  adminPasswordHash: string | null
  now: () => number
}): Promise<FirstAdmin> {
  const { sql, passwords, adminEmail, adminPasswordHash, now } = options
  const configured = adminOf(adminEmail, adminPasswordHash)
  const present = await findAdminEmail(sql, configured?.email ?? null)
  if (present !== null) return { email: present, password: null, created: false }

  const email = configured?.email ?? FIRST_ADMIN
  const password = configured ? null : newPassword()
  const passwordHash = configured ? configured.passwordHash : await passwords.hash(password as string)
  const created = await insertUser(sql, {
    id: newId(),
    email,
    passwordHash,
    role: 'admin',
    disabled: false,
    tokenVersion: 1,
    createdAt: now(),
    lastLoginAt: null,
  })
  return { email, password: created ? password : null, created }
}

function adminOf(adminEmail: string | null, passwordHash: string | null): { email: string; passwordHash: string } | null {
  if (adminEmail === null && passwordHash === null) return null
  if (adminEmail === null) throw new Fault('invalid', 'ADMIN_PASSWORD_HASH is set, so ADMIN_EMAIL must be set too.')
  if (passwordHash === null) throw new Fault('invalid', 'ADMIN_EMAIL is set, so ADMIN_PASSWORD_HASH must be set too.')
  const email = parseEmail(adminEmail)
  if (email === null) throw new Fault('invalid', 'ADMIN_EMAIL must be an e-mail address.')
  if (!isPasswordHash(passwordHash)) throw new Fault('invalid', `ADMIN_PASSWORD_HASH must be a bcrypt hash ($2a$, $2b$ or $2y$) of cost 4 to ${MAX_COST}.`)
  return { email, passwordHash }
}
