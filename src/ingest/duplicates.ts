/** Bits and probes an id: about one false suspicion in a million new ids (Bloom 1970; k = 12, 32 bits a key). */
const BITS_PER_ID = 32
const PROBES = 12
const FIRST_CAPACITY = 1 << 17

/**
 * Remembers which event ids came within a window, in four bytes an id. `suspect` never misses an id that was added
 * within the window; of others it wrongly suspects about one in a million, so a suspicion is looked up exactly.
 */
export class IdFilter {
  readonly #windowMs: number
  #current: Segment[] = []
  #previous: Segment[] = []
  #since: number

  /** `windowMs`: how long an id is remembered at least; it is forgotten after twice that. */
  constructor(windowMs: number, now: number) {
    this.#windowMs = windowMs
    this.#since = now
  }

  /** Adds an id and says whether it may have been there already. */
  suspectOrAdd(project: string, eventId: string, now: number): boolean {
    const print = fingerprint(project, eventId)
    if (this.#has(print)) return true
    this.#turn(now)
    this.#room().add(print)
    return false
  }

  /** Adds ids by their fingerprints, as pairs of 32-bit numbers; those that it seems to have take no more room. */
  addAll(prints: Uint32Array, now: number): void {
    this.#turn(now)
    for (let i = 0; i < prints.length; i += 2) {
      const print = [prints[i] as number, prints[i + 1] as number] as const
      if (!this.#current.some((segment) => segment.has(print))) this.#room().add(print)
    }
  }

  /** Bytes the filter takes. */
  get bytes(): number {
    return [...this.#current, ...this.#previous].reduce((sum, segment) => sum + segment.words.byteLength, 0)
  }

  #has(print: Fingerprint): boolean {
    return this.#current.some((segment) => segment.has(print)) || this.#previous.some((segment) => segment.has(print))
  }

  #turn(now: number): void {
    if (now - this.#since < this.#windowMs) return
    this.#previous = now - this.#since < 2 * this.#windowMs ? this.#current : []
    this.#current = []
    this.#since = now
  }

  #room(): Segment {
    const last = this.#current.at(-1)
    if (last && last.count < last.capacity) return last
    const segment = new Segment(last ? last.capacity * 2 : FIRST_CAPACITY)
    this.#current.push(segment)
    return segment
  }
}

/** 64 bits of an id, as two 32-bit numbers. */
export type Fingerprint = readonly [number, number]

/** Hashes project and event id (cyrb53's two lanes, Murmur3's finish). Not secret: a made-up collision costs one look-up. */
export function fingerprint(project: string, eventId: string): Fingerprint {
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  for (const text of [project, eventId]) {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      a = Math.imul(a ^ code, 2654435761)
      b = Math.imul(b ^ code, 1597334677)
    }
    a = Math.imul(a ^ 0x10000, 2654435761)
    b = Math.imul(b ^ 0x10000, 1597334677)
  }
  const low = finish(a) ^ finish(b + 1)
  const high = finish(b) ^ finish(a + 1)
  // The step between probes is odd, so that it visits every bit of a table of 2^n.
  return [low >>> 0, (high | 1) >>> 0]
}

class Segment {
  readonly capacity: number
  readonly words: Uint32Array
  readonly #mask: number
  count = 0

  constructor(capacity: number) {
    this.capacity = capacity
    this.words = new Uint32Array((capacity * BITS_PER_ID) / 32)
    this.#mask = capacity * BITS_PER_ID - 1
  }

  has([start, step]: Fingerprint): boolean {
    let at = start
    for (let i = 0; i < PROBES; i++) {
      const bit = (at & this.#mask) >>> 0
      if (((this.words[bit >>> 5] as number) & (1 << (bit & 31))) === 0) return false
      at = (at + step) | 0
    }
    return true
  }

  add([start, step]: Fingerprint): void {
    let at = start
    for (let i = 0; i < PROBES; i++) {
      const bit = (at & this.#mask) >>> 0
      this.words[bit >>> 5] = (this.words[bit >>> 5] as number) | (1 << (bit & 31))
      at = (at + step) | 0
    }
    this.count++
  }
}

function finish(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 2246822507)
  h = Math.imul(h ^ (h >>> 13), 3266489909)
  return h ^ (h >>> 16)
}
