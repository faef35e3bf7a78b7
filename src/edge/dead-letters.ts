import { mkdir, open, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'

const FILE = 'dead-letters.ndjson'
const BEFORE = 'dead-letters.before.ndjson'
/** A file of this size becomes the one before, in place of the one that was. */
const MOST_BYTES = 64 * 1024 * 1024

/** A click that the origin will never take, and why. */
export interface Refused {
  /** JSON text. */
  event: string
  field: string
  error: string
}

/** Keeps clicks that were refused for good, one a line as `waymark import` reads them, flushed before it ends. Throws Error when the disk refuses. */
export async function keepRefused(folder: string, refused: readonly Refused[], at: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, FILE)
  const size = await stat(path).then(({ size: bytes }) => bytes, () => 0)
  if (size > MOST_BYTES) await rename(path, join(folder, BEFORE))
  const file = await open(path, 'a', 0o600)
  try {
    await file.write(refused.map(({ event, field, error }) => `${JSON.stringify({ ...(JSON.parse(event) as object), refused: { at, field, error } })}\n`).join(''))
    await file.datasync()
  } finally {
    await file.close()
  }
}
