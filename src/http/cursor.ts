/** A place in a list, as opaque text: its parts in base64url JSON. */
export function cursorOf(parts: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url')
}

/** The parts of a cursor, a number and a text, or null when it is none of ours: no text of ours has a NUL, which PostgreSQL cannot read. */
export function cursorParts(cursor: string): [number, string] | null {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (Array.isArray(parts) && Number.isSafeInteger(parts[0]) && typeof parts[1] === 'string' && !parts[1].includes('\0')) return [parts[0] as number, parts[1]]
  } catch {
    // Not JSON: not ours.
  }
  return null
}
