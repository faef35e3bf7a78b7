import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { type Server, connect, createServer } from 'node:net'
import { join, relative } from 'node:path'
import { Fault } from '../core/errors.ts'

const TRIES = 5
/** A neighbour that has found the same stale socket may put its own in place of ours; after this long it has. */
const SETTLE_MS = 20

/** Another process has the folder. */
export class FolderHeld extends Fault {
  constructor(folder: string) {
    super('unavailable', `Another process has the journal in ${folder} open. Stop that one first, or give this one its own DATA_DIR.`)
  }
}

/** A folder that belongs to this process until it lets go of it, or ends, however it ends. */
export interface Held {
  letGo(): Promise<void>
}

/**
 * Takes a folder for this process alone, by listening on a socket in it: whoever comes next is answered there, and
 * refuses to start. A killed process leaves a socket on which nobody answers; it is replaced.
 * Throws FolderHeld with a sentence when another process has the folder.
 */
export async function holdFolder(folder: string): Promise<Held> {
  await mkdir(folder, { recursive: true })
  const path = shorter(join(folder, 'process.sock'))
  const token = randomUUID()
  for (let tries = 0; tries < TRIES; tries++) {
    if ((await ask(path)) !== null) break
    await rm(path, { force: true })
    const server = await listen(path, token)
    if (!server) continue
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    if ((await ask(path)) === token) return { letGo: () => close(server) }
    await close(server)
  }
  throw new FolderHeld(folder)
}

/** A socket's path may have 100 bytes or so; from here it may be shorter. */
function shorter(path: string): string {
  const near = relative(process.cwd(), path)
  return near.length < path.length ? near : path
}

/** What the process that holds a folder says there; null when there is none. */
function ask(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    let said = ''
    const socket = connect(path)
    socket.on('data', (bytes) => (said += bytes))
    socket.on('end', () => resolve(said))
    socket.on('error', () => resolve(null))
  })
}

function listen(path: string, token: string): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.end(token)
    })
    server.unref()
    server.once('error', () => resolve(null))
    server.listen(path, () => resolve(server))
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
