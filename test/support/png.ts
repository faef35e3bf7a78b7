import { inflateSync } from 'node:zlib'

/** A picture's size and the red value of each pixel, row by row. */
export interface Picture {
  width: number
  height: number
  pixels: Uint8Array
}

/** Reads a PNG of eight-bit RGBA (W3C PNG, third edition); throws Error where it is another or none. */
export function readPng(bytes: Buffer): Picture {
  if (bytes.subarray(0, 8).toString('latin1') !== '\x89PNG\r\n\x1a\n') throw new Error('no PNG')
  const chunks: { type: string; data: Buffer }[] = []
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    chunks.push({ type: bytes.toString('latin1', at + 4, at + 8), data: bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)) })
  }
  const header = chunks[0]?.data ?? Buffer.alloc(13)
  if (header[8] !== 8 || header[9] !== 6 || chunks.at(-1)?.type !== 'IEND') throw new Error('another kind of PNG')
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  const lines = inflateSync(Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data)))
  if (lines.length !== (width * BYTES + 1) * height) throw new Error(`${lines.length} bytes for ${width} by ${height} pixels`)
  return { width, height, pixels: reds(lines, width, height) }
}

const BYTES = 4

function reds(lines: Buffer, width: number, height: number): Uint8Array {
  const pixels = new Uint8Array(width * height)
  let above = new Uint8Array(width * BYTES)
  for (let y = 0; y < height; y++) {
    const start = y * (width * BYTES + 1)
    const line = new Uint8Array(width * BYTES)
    for (let x = 0; x < line.length; x++) {
      const [left, up, corner] = [line[x - BYTES] ?? 0, above[x] ?? 0, above[x - BYTES] ?? 0]
      line[x] = (lines[start + 1 + x] ?? 0) + predicted(lines[start] ?? 0, left, up, corner)
    }
    for (let x = 0; x < width; x++) pixels[y * width + x] = line[x * BYTES] ?? 0
    above = line
  }
  return pixels
}

/** What a line's filter says that a byte is like (section 9.2). */
function predicted(filter: number, left: number, up: number, corner: number): number {
  const distances = [left, up, corner].map((value) => Math.abs(left + up - corner - value))
  const nearest = [left, up, corner][distances.indexOf(Math.min(...distances))] ?? 0
  return [0, left, up, (left + up) >> 1, nearest][filter] ?? 0
}
