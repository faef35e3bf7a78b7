import { randomInt } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/bcrypt'
import { Fault } from '../core/errors.ts'
import { createPool } from '../store/lane.ts'
import { PASSWORD_MAX_BYTES } from './user.ts'

/** What new hashes cost unless told: about 0.2 s of one core. */
const COST = 12
/** Hashes made elsewhere may cost this much, about 1.6 s; a dearer one would let a few logins take the server. */
export const MAX_COST = 15
/** Logins that may wait for their turn: a few seconds' worth. */
const MAX_WAITING = 30

/** Letters and digits without those that look alike on paper. */
const clearLetters = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'

/** The hashing of passwords: bcrypt, in the thread pool, a few at a time. */
export interface Passwords {
  /** What new hashes cost. */
  readonly cost: number
  /** A new hash of a password that `passwordProblem` finds none with. Throws Fault 'unavailable' when too many wait. */
  hash(password: string): Promise<string>
  /**
   * Whether the password is the one behind the hash. With no hash (nobody of that name), and with a cheaper one, as much
   * is computed as a new hash takes, or one of `topCost` where that is dearer, so the time does not tell one from another.
   * Throws Fault 'unavailable' when too many wait.
   */
  check(password: string, known: string | null, topCost?: number): Promise<boolean>
}

/**
 * Makes the hashing. Hashes run off the event loop but in the pool whose four threads also carry the journal's flushes
 * and the store's queries, so at most half of them are ever taken.
 */
export function createPasswords({
  cost = COST,
  parallel = Math.min(2, Math.max(1, availableParallelism() - 1)),
}: { cost?: number; parallel?: number } = {}): Passwords {
  const turn = createPool(Array.from({ length: parallel }, (_, slot) => slot))
  let open = 0
  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (open >= parallel + MAX_WAITING) throw new Fault('unavailable', 'Too many are logging in at this moment. Try again in a few seconds.', { retryAfterSeconds: 5 })
    open++
    try {
      return await turn(work)
    } finally {
      open--
    }
  }
  return {
    cost,
    async hash(password) {
      if (!bcryptTakesAll(password)) throw new Error(`A password of more than ${PASSWORD_MAX_BYTES} bytes was to be hashed.`)
      return inTurn(() => hash(password, cost))
    },
    check: (password, known, topCost = 0) => inTurn(() => checkLike(password, known, Math.max(cost, topCost))),
  }
}

/** Whether a text is a bcrypt hash that logins can be checked against: `$2a$`, `$2b$` or `$2y$`, cost 4 to 15. */
export function isPasswordHash(text: string): boolean {
  return /^\$2[aby]\$[01]\d\$[./A-Za-z0-9]{53}$/.test(text) && costOf(text) >= 4 && costOf(text) <= MAX_COST
}

/** The cost in a hash that `isPasswordHash`: it takes 2^cost rounds. */
export function costOf(known: string): number {
  return Number(known.slice(4, 6))
}

/** A random password for a person to type once: 20 letters and digits, 116 random bits. */
export function newPassword(): string {
  return Array.from({ length: 20 }, () => clearLetters[randomInt(clearLetters.length)]).join('')
}

async function checkLike(password: string, known: string | null, cost: number): Promise<boolean> {
  if (known === null || !isPasswordHash(known)) {
    await verify(password, nobodys(cost))
    return false
  }
  const same = await verify(password, known)
  // 2^c + (2^c + 2^(c+1) + … + 2^(n-1)) = 2^n: one more at each cost below makes up the whole.
  for (let c = costOf(known); c < cost; c++) await verify(password, nobodys(c))
  return same && bcryptTakesAll(password)
}

function bcryptTakesAll(password: string): boolean {
  return Buffer.byteLength(password) <= PASSWORD_MAX_BYTES
}

/** A well-formed hash, a salt and nothing but zeros, that no password is known for. */
function nobodys(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$mcFEWEU9Nn0ORuKZnIywku${'.'.repeat(31)}`
}
