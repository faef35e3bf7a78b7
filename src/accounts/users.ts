import { Fault, invalidField } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import type { Sql } from '../store/sql.ts'
import type { Passwords } from './password.ts'
import { allUsers, findUser, insertUser, updateUser } from './store.ts'
import { parseEmail, passwordProblem, type Role, type User } from './user.ts'

/** The people with an account, as an admin sees to them. */
export interface Users {
  /** Every user, the oldest account first. */
  list(): Promise<User[]>
  /** Adds a user. Throws Fault 'invalid' for what is no e-mail address and for a password that cannot be used, 'conflict' for a taken address. */
  add(user: { email: string; password: string; role: Role }): Promise<User>
  /**
   * Changes what is named. A new password and disabling end the user's sessions, on every node at once. Throws Fault 'not_found'; 'conflict' where
   * nobody would be left who is an active admin; 'invalid' for a password that cannot be used.
   */
  change(id: string, change: { role?: Role; disabled?: boolean; password?: string }): Promise<User>
}

/** The users, the same on every node. */
export function createUsers({ sql, passwords, now }: { sql: Sql; passwords: Passwords; now: () => number }): Users {
  function hashed(password: string): Promise<string> {
    const problem = passwordProblem(password)
    if (problem) throw invalidField('password', problem)
    return passwords.hash(password)
  }

  return {
    list: () => allUsers(sql),
    async add({ email: text, password, role }) {
      const email = parseEmail(text)
      if (email === null) throw invalidField('email', 'must be an e-mail address')
      const user = { id: newId(), email, role, disabled: false, tokenVersion: 1, createdAt: now(), lastLoginAt: null }
      if (await insertUser(sql, { ...user, passwordHash: await hashed(password) })) return user
      throw new Fault('conflict', 'There is an account of that e-mail address already.')
    },
    async change(id, { password, ...change }) {
      const changed = await updateUser(sql, id, { ...change, ...(password === undefined ? {} : { passwordHash: await hashed(password) }) })
      if (changed) return changed
      if ((await findUser(sql, id)) === null) throw new Fault('not_found', 'There is no user of that id.')
      throw new Fault('conflict', 'This is the last active admin. Make somebody else an admin first.')
    },
  }
}
