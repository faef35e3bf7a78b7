import { Fault } from '../core/errors.ts'
import { newId, newSecret, sha256 } from '../core/ids.ts'
import { MINUTE_MS } from '../core/time.ts'
import type { Sql } from '../store/sql.ts'
import { allKeys, anyKey, type IngestKey, insertKey, liveKeys, noteUse, revokeKey } from './store.ts'

/** How old the keys in memory may be before they are read anew; in twice this, one revoked on another node has ended. */
const FRESH_MS = 500
/** How long a known key waits for that reading, after a time without requests, before it counts as it stands. */
const WAIT_MS = 100
/** How long an unknown key waits, and how long the reading may take in the store. */
const READ_TIMEOUT_MS = 2_000
/** Our own have 47 letters; a `WEBHOOK_API_KEY` may be longer. */
const MAX_KEY_LENGTH = 1_024
/** Two nodes that start at once both make their first key under this id, and the table's primary key lets one of them. */
const FIRST_KEY_ID = '00000000-0000-7000-8000-000000000001'

/** What `WEBHOOK_API_KEY` goes by; it is in no table. */
const WEBHOOK_KEY_ID = 'webhook'

/** A key that was made just now: the only time that it is shown. */
export interface NewKey {
  id: string
  name: string
  key: string
  /** UTC ms. */
  createdAt: number
}

/** The ingest keys: `WEBHOOK_API_KEY`, and those made in the app. */
export interface Keyring {
  /**
   * The id of a presented key (`'webhook'` for `WEBHOOK_API_KEY`), null where it does not count. A known one is answered at once, from memory, also while the store is away; an
   * unknown one may have been made on another node and waits for the store, which is asked twice a second at most.
   * Rejects with Fault 'unavailable' for an unknown key while the store is away: nobody can say that it is none.
   */
  idOf(key: string): string | null | Promise<string | null>
  /** Makes a key, which counts on this node from now and on every other within a second. */
  create(name: string): Promise<NewKey>
  /** Every key, revoked ones too, newest first. */
  list(): Promise<IngestKey[]>
  /** Ends a key, on this node now and on every other within a second. Repeating it is harmless. Throws Fault 'not_found'. */
  revoke(id: string): Promise<IngestKey>
  /** Makes a key named 'first' when there never was one and no `WEBHOOK_API_KEY` is set; else null. Of two nodes at once, one makes it. */
  firstKey(): Promise<NewKey | null>
}

/**
 * The keyring of this node. Keys are looked up by the SHA-256 of what was presented, so no comparison of secrets can tell
 * by its time how much of one was right. (Keys are long and random, so a plain hash is as good as a slow one.)
 *
 * @param options.webhookApiKey `WEBHOOK_API_KEY`, or null where none is set
 * @param options.now the clock, UTC ms
 */
export function createKeyring(options: { sql: Sql; webhookApiKey: string | null; now: () => number }): Keyring {
  const { sql, webhookApiKey, now } = options
  const fixed = new Map(webhookApiKey === null ? [] : [[sha256(webhookApiKey), WEBHOOK_KEY_ID]])
  let held = new Map<string, HeldKey>()
  let readAt = Number.NEGATIVE_INFINITY
  let triedAt = Number.NEGATIVE_INFINITY
  let away = false
  let reading: Promise<void> | null = null
  // Counts what was made and revoked here: a reading that began before such a change does not know of it.
  let changes = 0

  /** Reads the keys anew, unless that is going on or has just failed. */
  function refresh(): Promise<void> {
    if (reading) return reading
    if (away && Math.abs(now() - triedAt) < FRESH_MS) return Promise.resolve()
    triedAt = now()
    reading = read().then(
      () => settle(false),
      () => settle(true),
    )
    return reading
  }

  function settle(failed: boolean): void {
    away = failed
    reading = null
  }

  async function read(): Promise<void> {
    for (;;) {
      const [startedAt, changesBefore] = [now(), changes]
      const rows = await liveKeys(sql, READ_TIMEOUT_MS)
      if (changes !== changesBefore) continue
      const before = held
      held = new Map(rows.map((row) => [row.key_hash, before.get(row.key_hash) ?? { id: row.id, usedAt: 0, notedAt: 0 }]))
      readAt = startedAt
      return noteUses()
    }
  }

  /** What other nodes know of the last use is for people to see: once a minute is enough, and a failure is made good next time. */
  function noteUses(): void {
    const used = [...held.values()].filter((key) => key.usedAt - key.notedAt >= MINUTE_MS)
    if (used.length === 0) return
    for (const key of used) key.notedAt = key.usedAt
    noteUse(sql, used.map(({ id, usedAt }) => ({ id, usedAt }))).catch(() => {
      for (const key of used) key.notedAt = 0
    })
  }

  async function waitThenLook(hash: string): Promise<string | null> {
    const inTime = await within(refresh(), WAIT_MS)
    // Those who come next do not wait for a store that is this slow.
    if (!inTime) away = true
    return held.get(hash)?.id ?? null
  }

  async function lookUp(hash: string): Promise<string | null> {
    if (!(await within(refresh(), READ_TIMEOUT_MS))) away = true
    const key = held.get(hash)
    if (key) key.usedAt = now()
    else if (away) throw new Fault('unavailable', 'The key cannot be checked at this moment. Try again in a few seconds.', { retryAfterSeconds: 2 })
    return key?.id ?? null
  }

  /** When a key was last used on this node, which the store may not know of yet; 0 for never. */
  function usedHere(id: string): number {
    return [...held.values()].find((key) => key.id === id)?.usedAt ?? 0
  }

  async function make(id: string, name: string): Promise<NewKey | null> {
    const made = { id, name, key: newSecret('wmk'), createdAt: now() }
    const keyHash = sha256(made.key)
    if (!(await insertKey(sql, { id, name, keyHash, createdAt: made.createdAt }))) return null
    changes++
    held.set(keyHash, { id, usedAt: 0, notedAt: 0 })
    return made
  }

  return {
    idOf(presented) {
      if (presented.length > MAX_KEY_LENGTH) return null
      const hash = sha256(presented)
      const at = now()
      const age = Math.abs(at - readAt)
      const key = held.get(hash)
      if (!key && fixed.has(hash)) return WEBHOOK_KEY_ID
      if (!key) return age < FRESH_MS ? null : lookUp(hash)
      key.usedAt = at
      if (age < FRESH_MS) return key.id
      // After a while without requests, what is held may long have been revoked.
      if (age >= 2 * FRESH_MS && !away) return waitThenLook(hash)
      void refresh()
      return key.id
    },
    async create(name) {
      const made = await make(newId(), name)
      if (!made) throw new Fault('conflict', 'There is a key of that id already.')
      return made
    },
    async list() {
      const keys = await allKeys(sql)
      return keys.map((key) => ({ ...key, lastUsedAt: Math.max(key.lastUsedAt ?? 0, usedHere(key.id)) || null }))
    },
    async revoke(id) {
      const revoked = await revokeKey(sql, id, now(), usedHere(id))
      if (!revoked) throw new Fault('not_found', 'There is no key of that id.')
      changes++
      for (const [hash, key] of held) if (key.id === id) held.delete(hash)
      return revoked
    },
    async firstKey() {
      if (webhookApiKey !== null || (await anyKey(sql))) return null
      return make(FIRST_KEY_ID, 'first')
    },
  }
}

interface HeldKey {
  id: string
  /** When it was last used here, and which of these times the store knows of; UTC ms, 0 for never. */
  usedAt: number
  notedAt: number
}

/** Whether the work ends within `ms`; it goes on in any case. */
function within(work: Promise<void>, ms: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(false), ms)
    work.then(() => resolve(true), reject).finally(() => clearTimeout(timer))
  })
}
