import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join, relative } from 'node:path'

/** Who found the same stale socket may put its own in place of ours; after this long it has. */
const SETTLE_MS = 20
const TRIES = 5

/**
 * Takes a folder, which is made where there is none, for this process until it ends, however it ends, or lets go: by a socket in it, on which whoever comes next is
 * answered. Gives how to let go. Throws Error with a sentence where another process has the folder.
 */
export async function hold(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const whole = join(folder, 'process.sock')
  const near = relative(process.cwd(), whole)
  // A socket's path may have a hundred bytes or so.
  const path = near.length < whole.length ? near : whole
  const token = randomUUID()
  for (let attempt = 0; attempt < TRIES && (await answerAt(path)) === null; attempt++) {
    await rm(path, { force: true })
    const server = createServer((socket) => socket.on('error', () => undefined).end(token)).unref()
    const listens = await new Promise<boolean>((resolve) => server.once('error', () => resolve(false)).listen(path, () => resolve(true)))
    if (!listens) continue
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    if ((await answerAt(path)) === token) return () => new Promise((resolve) => server.close(() => resolve()))
    server.close()
  }
  throw new Error(`Another process records into ${folder}: give each process a folder of its own`)
}

/** What is said on a socket; null where nobody is there. */
function answerAt(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    let said = ''
    connect(path)
      .on('data', (bytes) => (said += String(bytes)))
      .on('end', () => resolve(said))
      .on('error', () => resolve(null))
  })
}
