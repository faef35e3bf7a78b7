import { type RootDatabase, open } from 'lmdb'
import { Fault } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import { type Part, RecordWriter } from './record.ts'

/** The largest group one flush takes; what is beyond it is the next group. */
const GROUP_EVENTS = 5_000
const GROUP_BYTES = 4 * 1024 * 1024
/** Unflushed requests may hold this much memory before new ones are turned away. */
const WAITING_BYTES = 64 * 1024 * 1024
/** Loaded records are removed with the next group, or after this pause when there is none. */
const FORGET_AFTER_MS = 200

type Records = RootDatabase<Buffer | string, number | string>

/** Opens the journal's LMDB environment; the writer and the loader's thread share it. Commits are flushed before they resolve. */
export function openRecords(folder: string): Records {
  // Without overlapping sync a put resolves only after fdatasync of its pages and a synchronous write of the meta page.
  // Its batches by event turn make promises of their own that nobody can catch: a full disk would end the process.
  return open({ path: folder, encoding: 'binary', overlappingSync: false, eventTurnBatching: false, cache: false, sharedStructuresKey: undefined as never })
}

/** A part on its way to the disk. */
interface Waiting {
  part: Part
  resolve: (seq: number) => void
  reject: (error: unknown) => void
}

/** What one flush did: its duration and how much it made durable. */
export interface Flush {
  seconds: number
  events: number
  bytes: number
}

/**
 * The journal: what is acknowledged is flushed here first. All that arrives while one flush is under way is the next
 * group, so the rate of flushes sets no bound on the rate of events, and nobody waits for a timer.
 */
export class Journal {
  readonly id: string
  readonly #records: Records
  /** One record at a time is being flushed. */
  readonly #writer = new RecordWriter()
  /** How much may wait for the store. */
  readonly maxBytes: number
  readonly #onFlush: (flush: Flush) => void
  /** Ends when the files can no longer be written, whatever the disk says later: only opening them anew helps. */
  readonly broken: Promise<Error>
  #break: (error: Error) => void = () => undefined
  readonly #sizes = new Map<number, { bytes: number; at: number }>()
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #backlogBytes = 0
  #flushing: Promise<void> | null = null
  #head: number
  #forgotten: number
  #loaded: number
  #forgetTimer: NodeJS.Timeout | null = null
  /** Takes nothing any more, and answers nobody. */
  #dead = false

  private constructor(records: Records, id: string, head: number, maxBytes: number, onFlush: (flush: Flush) => void) {
    this.#records = records
    this.id = id
    this.#head = head
    this.#forgotten = head
    this.#loaded = head
    this.maxBytes = maxBytes
    this.#onFlush = onFlush
    this.broken = new Promise((resolve) => (this.#break = resolve))
  }

  /** Opens or makes the journal in a folder. `maxBytes` bounds what waits for the store. */
  static async open(folder: string, maxBytes: number, onFlush: (flush: Flush) => void): Promise<Journal> {
    const records = openRecords(folder)
    let id = records.get('id')?.toString()
    if (!id) {
      id = newId()
      await records.put('id', Buffer.from(id))
    }
    const [head] = [...records.getKeys({ start: Number.MAX_SAFE_INTEGER, end: 0, reverse: true, limit: 1 })] as number[]
    return new Journal(records, id, head ?? 0, maxBytes, onFlush)
  }

  /** Takes up where the store stands: it has loaded all up to `position`, and the rest is still to be loaded. */
  resume(position: number, now: number): void {
    for (const { key, value } of this.#records.getRange({ start: position + 1, end: Number.MAX_SAFE_INTEGER })) {
      this.#sizes.set(key as number, { bytes: value.length, at: now })
      this.#backlogBytes += value.length
    }
    const [first] = [...this.#records.getKeys({ start: 0, end: Number.MAX_SAFE_INTEGER, limit: 1 })] as number[]
    this.#forgotten = (first ?? position + 1) - 1
    this.#head = Math.max(this.#head, position)
    // Until now nothing was known to be loaded: what lies behind the position must stay.
    this.#loaded = 0
    this.loaded(position)
  }

  /** Takes up all records that are here: whoever moves them on removes each, and keeps no place of its own. */
  resumeAll(now: number): void {
    const [first] = [...this.#records.getKeys({ start: 0, end: Number.MAX_SAFE_INTEGER, limit: 1 })] as number[]
    this.resume((first ?? this.#head + 1) - 1, now)
  }

  /** The durable records by ascending number, from one on. */
  *read(from: number): Iterable<{ seq: number; record: Buffer }> {
    for (const { key, value } of this.#records.getRange({ start: from, end: Number.MAX_SAFE_INTEGER })) yield { seq: key as number, record: value as Buffer }
  }

  /** The last record that is durable. */
  get head(): number {
    return this.#head
  }

  /** How much waits for the store. */
  get depth(): { records: number; bytes: number; oldestAt: number | null } {
    const oldest = this.#sizes.values().next().value
    return { records: this.#sizes.size, bytes: this.#backlogBytes, oldestAt: oldest?.at ?? null }
  }

  /**
   * Makes a part durable and gives the number of its record. Throws Fault 'unavailable' with Retry-After when the
   * journal is at its bound, or when the disk refuses.
   */
  append(part: Part): Promise<number> {
    if (this.#backlogBytes + this.#waitingBytes + part.bytes > this.maxBytes || this.#waitingBytes > WAITING_BYTES) {
      return Promise.reject(new Fault('unavailable', 'The journal is full: the store does not keep up. Try again soon.', { retryAfterSeconds: 5 }))
    }
    this.#waitingBytes += part.bytes
    return new Promise((resolve, reject) => {
      this.#waiting.push({ part, resolve, reject })
      // At the end of this turn, so that requests that arrived together share the first flush too.
      this.#flushing ??= new Promise<void>((done) => setImmediate(done)).then(() => this.#flushAll())
    })
  }

  /** The store has committed everything up to `seq`: those records may go. */
  loaded(seq: number): void {
    this.#loaded = Math.max(this.#loaded, seq)
    for (const [waiting, { bytes }] of this.#sizes) {
      if (waiting > seq) break
      this.#sizes.delete(waiting)
      this.#backlogBytes -= bytes
    }
    if (this.#forgotten < seq) this.#forgetTimer ??= setTimeout(() => this.#forget(), FORGET_AFTER_MS)
  }

  /** Ends when nothing waits for a flush any more: then `head` is behind all that was appended. A broken journal is not waited for. */
  async flushed(): Promise<void> {
    while (this.#flushing && !this.#dead) await Promise.race([this.#flushing, this.broken])
  }

  /** Flushes what waits and closes the files; those of a broken journal are left as they are, for it would not answer. */
  async close(): Promise<void> {
    await this.flushed()
    if (this.#forgetTimer) clearTimeout(this.#forgetTimer)
    await this.#forget()
    if (!this.#dead) await this.#records.close()
  }

  async #flushAll(): Promise<void> {
    while (this.#waiting.length > 0) await this.#flushGroup(this.#nextGroup())
    this.#flushing = null
  }

  #nextGroup(): Waiting[] {
    let events = 0
    let bytes = 0
    let end = 0
    for (const { part } of this.#waiting) {
      if (end > 0 && (events + part.events.length > GROUP_EVENTS || bytes + part.bytes > GROUP_BYTES)) break
      events += part.events.length
      bytes += part.bytes
      end++
    }
    if (end === this.#waiting.length) {
      const all = this.#waiting
      this.#waiting = []
      return all
    }
    return this.#waiting.splice(0, end)
  }

  async #flushGroup(group: Waiting[]): Promise<void> {
    const start = performance.now()
    const seq = this.#head + 1
    const record = this.#writer.write(group.map(({ part }) => part), this.id, seq)
    const bytes = group.reduce((sum, { part }) => sum + part.bytes, 0)
    try {
      if (this.#dead) throw new Error('the journal is broken')
      this.#removeLoaded()
      await this.#records.put(seq, record)
    } catch (error) {
      this.#waitingBytes -= bytes
      const fault = new Fault('unavailable', 'The journal cannot be written. Try again soon.', { retryAfterSeconds: 5 })
      fault.cause = error
      takeReason(error)
      for (const { reject } of group) reject(fault)
      this.#checkAlive()
      return
    }
    this.#head = seq
    this.#sizes.set(seq, { bytes: record.length, at: Date.now() })
    this.#backlogBytes += record.length
    // Only now: what is being flushed counts towards the bound.
    this.#waitingBytes -= bytes
    for (const { resolve } of group) resolve(seq)
    const events = group.reduce((sum, { part }) => sum + part.events.length, 0)
    this.#onFlush({ seconds: (performance.now() - start) / 1000, events, bytes: record.length })
  }

  /** After a meta page that could not be written LMDB takes no further transaction, and leaves its callers without an answer. */
  #checkAlive(): void {
    try {
      this.#records.transactionSync(() => undefined)
    } catch (error) {
      this.#dead = true
      this.#break(new Error('the journal can no longer be written', { cause: error }))
    }
  }

  /** Queues the removal of loaded records; LMDB commits it with the put that follows, at no flush of its own. */
  #removeLoaded(): Promise<unknown> | null {
    const from = this.#forgotten
    let last: Promise<unknown> | null = null
    while (this.#forgotten < this.#loaded) {
      last = this.#records.remove(++this.#forgotten)
      last.catch((error: unknown) => {
        takeReason(error)
        this.#forgotten = Math.min(this.#forgotten, from)
      })
    }
    return last
  }

  async #forget(): Promise<void> {
    this.#forgetTimer = null
    if (!this.#dead) await this.#removeLoaded()?.catch(() => this.#checkAlive())
  }
}

/** The error of a failed commit holds a second rejected promise, its reason; left alone it would end the process. */
function takeReason(failure: unknown): void {
  if (failure instanceof Error && 'commitError' in failure) void Promise.allSettled([failure.commitError])
}
