import { isPrintable } from '../core/text.ts'

/** What a person may do: a viewer looks, an admin also changes. */
export type Role = 'admin' | 'viewer'

/** A person with an account. Times are UTC ms. */
export interface User {
  id: string
  /** Lower case, as `parseEmail` gives it. */
  email: string
  role: Role
  disabled: boolean
  /** Rises when every session of this user shall end; a session holds the number it was begun with. */
  tokenVersion: number
  createdAt: number
  lastLoginAt: number | null
}

const PASSWORD_MIN_LETTERS = 12
/** What bcrypt can take; it would ignore the rest, so that two passwords would open one door. */
export const PASSWORD_MAX_BYTES = 72

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
/** The rule of `<input type="email">` (WHATWG HTML, "valid e-mail address"), in lower case. */
const emailAddress = new RegExp(`^[a-z0-9.!#$%&'*+/=?^_\`{|}~-]{1,64}@${label}(?:\\.${label}){0,31}$`)

/** The e-mail address in the one spelling that accounts use (trimmed, lower case), or null where it is none. At most 254 letters (RFC 5321). */
export function parseEmail(text: string): string | null {
  const email = text.trim().toLowerCase()
  return email.length <= 254 && emailAddress.test(email) ? email : null
}

/** What is wrong with a new password, as what was expected of it; null where it may be used. */
export function passwordProblem(password: string): string | null {
  if ([...password].length < PASSWORD_MIN_LETTERS) return `must have at least ${PASSWORD_MIN_LETTERS} characters`
  if (Buffer.byteLength(password) > PASSWORD_MAX_BYTES) return `must have at most ${PASSWORD_MAX_BYTES} bytes in UTF-8`
  // bcrypt takes a password and the same twice with NUL between for one; half a surrogate pair is no UTF-8.
  if (!isPrintable(password, 1, PASSWORD_MAX_BYTES)) return 'must have no control characters'
  return null
}
