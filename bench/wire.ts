import { connect as connectSocket } from 'node:net'

/** A keep-alive HTTP/1.1 connection that carries one request at a time. */
export interface Connection {
  send(request: Buffer): void
  close(): void
}

const CR = 13
const LF = 10
const COLON = 58
const LETTER_L = 108
const SPACE = 32
const CASE_BIT = 0x20

/** All sockets read into one buffer: what is in it is used up before the next one is read. */
const scratch = Buffer.allocUnsafe(64 * 1024)

/**
 * Connects, without the parts of an HTTP client that cost as much as the server they measure. `onAnswer` gets the status
 * of each answer that has come in whole; `onLost` is called when the connection ends before it is closed here.
 */
export function connect(port: number, onAnswer: (status: number) => void, onLost: () => void): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let closed = false
    const read = createReader(onAnswer)
    const onRead = (bytes: number, buffer: Uint8Array): boolean => {
      read(buffer as Buffer, bytes)
      return true
    }
    const socket = connectSocket({ host: '127.0.0.1', port, noDelay: true, onread: { buffer: scratch, callback: onRead } })
    socket.once('connect', () => {
      socket.off('error', reject)
      socket.on('error', () => undefined)
      resolve({
        send: (request) => void socket.write(request),
        close() {
          closed = true
          socket.destroy()
        },
      })
    })
    socket.once('error', reject)
    socket.once('close', () => {
      if (!closed) onLost()
    })
  })
}

/** Reads a stream of answers, of which it knows status and length; throws when an answer does not tell its length. */
function createReader(onAnswer: (status: number) => void): (chunk: Buffer, length: number) => void {
  let begun: Buffer | null = null
  let status = 0
  let left = 0

  return (chunk, length) => {
    let at = 0
    let end = length
    let bytes = chunk
    if (begun !== null) {
      bytes = Buffer.concat([begun, chunk.subarray(0, length)])
      end = bytes.length
      begun = null
    }
    while (at < end) {
      if (left === 0) {
        const head = readHead(bytes, at, end)
        if (head === null) {
          begun = Buffer.from(bytes.subarray(at, end))
          return
        }
        status = head.status
        left = head.bodyLength
        at = head.end
      }
      const taken = Math.min(left, end - at)
      left -= taken
      at += taken
      if (left === 0) onAnswer(status)
    }
  }
}

const head = { status: 0, bodyLength: 0, end: 0 }

/** Reads one answer's head (RFC 9112, 4 and 6.2), or null when it is not there whole. The object given is used again. */
function readHead(bytes: Buffer, from: number, end: number): typeof head | null {
  let bodyLength = -1
  let line = from
  for (let at = from; at < end; at++) {
    if (bytes[at] !== LF) continue
    if (at - line === 1 && bytes[line] === CR) {
      if (bodyLength < 0) throw new Error(`an answer without Content-Length: ${bytes.toString('latin1', from, at)}`)
      head.status = digits(bytes, from + 'HTTP/1.1 '.length)
      head.bodyLength = bodyLength
      head.end = at + 1
      return head
    }
    // Of all headers only Content-Length has its colon and an l just there.
    if (bytes[line + 14] === COLON && ((bytes[line + 8] as number) | CASE_BIT) === LETTER_L) bodyLength = digits(bytes, line + 15)
    line = at + 1
  }
  return null
}

function digits(bytes: Buffer, from: number): number {
  let at = from
  while (bytes[at] === SPACE) at++
  let number = 0
  for (let digit = (bytes[at] as number) - 48; digit >= 0 && digit <= 9; digit = (bytes[++at] as number) - 48) number = number * 10 + digit
  return number
}
