import { open, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** An event that the server will never take (JSON text), and why. */
export interface Refused {
  event: string
  field: string
  error: string
}

const FILE = 'dead-letters.ndjson'
const BEFORE = 'dead-letters.before.ndjson'

/**
 * Keeps what was refused for good, one a line, as it was sent and with the reason in `refused`; flushed before it ends. A file of
 * `mostBytes` becomes the one before, in place of the one that was. Throws what the disk says.
 */
export async function bury(folder: string, to: string, refused: readonly Refused[], mostBytes: number): Promise<void> {
  const path = join(folder, FILE)
  const { size } = await stat(path).catch(() => ({ size: 0 }))
  if (size > mostBytes) await rename(path, join(folder, BEFORE))
  const at = new Date().toISOString()
  const lines = refused.map(({ event, field, error }) => `${JSON.stringify({ ...(to === '' ? {} : { projectKey: to }), ...(JSON.parse(event) as object), refused: { at, field, error } })}\n`)
  const file = await open(path, 'a', 0o600)
  try {
    await file.appendFile(lines.join(''))
    await file.datasync()
  } finally {
    await file.close()
  }
}
