import { crc32 } from 'node:zlib'

/** What a line of the journal says: an event that waits (JSON text) for its destination, or that those of a destination are done up to a number. */
export type Line = { to: string; seq: number; event: string } | { to: string; done: number }

/** What is in a segment. */
export interface Read {
  lines: Line[]
  /** Stretches of bytes that are no line; what a kill tore off while it was being written is none of them. */
  damaged: number
}

const SPACE = 0x20
const FEED = 0x0a
/** The checksum and the length in front of a line's JSON; the longest line has nine digits. */
const HEAD = /^([0-9a-f]{8}) (\d{1,9}) /
const HEAD_MOST = 19

/** A line as it is written: CRC-32 and length of its JSON, the JSON, a line feed. */
export function written(line: Line): Buffer {
  const json = Buffer.from(JSON.stringify(line))
  return Buffer.concat([Buffer.from(`${crc32(json).toString(16).padStart(8, '0')} ${json.length} `), json, Buffer.from('\n')])
}

/** Reads every whole line, also those behind damaged ones. */
export function readLines(bytes: Buffer): Read {
  const lines: Line[] = []
  let damaged = 0
  let whole = true
  for (let at = 0; at < bytes.length; ) {
    const found = lineAt(bytes, at)
    if (found) {
      lines.push(found.line)
      at = found.next
    } else {
      if (whole) damaged++
      at++
    }
    whole = found !== null
  }
  // Nobody was told that a line is kept before all of it was flushed, its line feed too.
  const torn = !whole && bytes.at(-1) !== FEED
  return { lines, damaged: torn ? damaged - 1 : damaged }
}

function lineAt(bytes: Buffer, at: number): { line: Line; next: number } | null {
  if (bytes[at + 8] !== SPACE) return null
  const [head, sum, length] = HEAD.exec(bytes.toString('latin1', at, at + HEAD_MOST)) ?? []
  if (head === undefined) return null
  const start = at + head.length
  const end = start + Number(length)
  const json = bytes.subarray(start, end)
  if (end > bytes.length || crc32(json) !== Number.parseInt(sum as string, 16)) return null
  const line = lineIn(json)
  return line && { line, next: bytes[end] === FEED ? end + 1 : end }
}

/** What visitors wrote stands in strings, where no JSON of ours can be. */
function lineIn(json: Buffer): Line | null {
  try {
    const line = JSON.parse(json.toString()) as Line | null
    return typeof line?.to === 'string' ? line : null
  } catch {
    return null
  }
}
