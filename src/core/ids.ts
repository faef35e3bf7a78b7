import { createHash, randomBytes, randomFillSync } from 'node:crypto'
import { customAlphabet } from 'nanoid'
import { V7Generator } from 'uuidv7'

const lettersAndDigits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Random numbers are fetched many at a time: an id is made for every event. */
const pool = new Uint32Array(4096)
let used = pool.length
const ids = new V7Generator({
  nextUint32() {
    if (used === pool.length) {
      randomFillSync(pool)
      used = 0
    }
    return pool[used++] as number
  },
})

/** A server id: UUIDv7 (RFC 9562), so ids sort by the time they were made. */
export function newId(): string {
  const { bytes } = ids.generate()
  for (let i = 0; i < bytes.length; i++) {
    const at = PLACES[i] as number
    written[at] = HEX_DIGITS.charCodeAt((bytes[i] as number) >> 4)
    written[at + 1] = HEX_DIGITS.charCodeAt((bytes[i] as number) & 15)
  }
  return written.toString('latin1')
}

const HEX_DIGITS = '0123456789abcdef'
/** Written over for each id: a text joined of pieces would leave a kilobyte behind, for every event. */
const written = Buffer.alloc(36, '-')
/** Where in the text each of the 16 bytes begins. */
const PLACES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]

/** A link's generated tracking id: 22 letters and digits, 131 random bits. */
export const newTrackingId: () => string = customAlphabet(lettersAndDigits, 22)

/** A secret to show once: the prefix, an underscore, and 256 random bits in base64url. */
export function newSecret(prefix: string): string {
  return `${prefix}_${randomBytes(32).toString('base64url')}`
}

/** SHA-256 of a text's UTF-8 bytes, in hex: how secrets are stored and bodies are compared. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

