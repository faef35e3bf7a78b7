import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { type Server, connect, createServer } from 'node:net'
import { join, relative } from 'node:path'
import { Fault } from '../core/errors.ts'
import { createLane } from './lane.ts'
import type { Sql } from './sql.ts'

const SOCKET = 'snapshot.sock'
const FOLDER = 'snapshot-'

/**
 * Lets commands read the embedded store while a server has it: on a socket in the data folder, which only the folder's owner can
 * reach, whoever connects is given a copy of one moment, in a folder of its own. `settled` ends when what was acknowledged is stored.
 */
export async function offerSnapshots(dataDir: string, sql: Sql, settled: () => Promise<void>): Promise<{ close(): void }> {
  // What a killed reader has left.
  for (const name of await readdir(dataDir)) if (name.startsWith(FOLDER)) await rm(join(dataDir, name), { recursive: true, force: true })
  const inTurn = createLane()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const folder = join(dataDir, `${FOLDER}${randomUUID()}`)
    const drop = (): void => void rm(folder, { recursive: true, force: true })
    socket.once('error', drop)
    void inTurn(() => settled().then(() => snapshot(sql, folder))).then(
      () => (socket.destroyed ? drop() : socket.end(JSON.stringify({ folder }))),
      (error: unknown) => {
        drop()
        socket.end(JSON.stringify({ error: error instanceof Error ? error.message : String(error) }))
      },
    )
  })
  await listen(server, dataDir)
  return { close: () => void server.close() }
}

/** Has the server that has a data folder make a copy of its store, and gives the folder it is in, which is the caller's to remove. Null where no server answers. */
export function askSnapshot(dataDir: string): Promise<string | null> {
  return new Promise((resolve, reject) => {
    let said = ''
    const socket = connect(pathIn(dataDir))
    socket.on('data', (bytes) => (said += bytes))
    socket.once('error', () => resolve(null))
    socket.once('end', () => {
      socket.end()
      const { folder, error } = (said === '' ? { error: 'The server has ended.' } : JSON.parse(said)) as { folder?: string; error?: string }
      if (folder === undefined) reject(new Fault('unavailable', `The server could not copy its store: ${error}`))
      else resolve(folder)
    })
  })
}

/** One statement, so the copy is of one moment; what is written meanwhile does not wait for it. */
async function snapshot(sql: Sql, folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 })
  await sql.rows(`attach '${join(folder, 'waymark.duckdb').replaceAll("'", "''")}' as snapshot`)
  try {
    await sql.rows('copy from database waymark to snapshot')
  } finally {
    await sql.rows('detach snapshot')
  }
}

async function listen(server: Server, dataDir: string): Promise<void> {
  const path = pathIn(dataDir)
  // The folder belongs to this process by now, so whatever lies there is a killed one's.
  await rm(path, { force: true })
  server.unref()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
}

/** A socket's path may have 100 bytes or so; from here it may be shorter. */
function pathIn(dataDir: string): string {
  const path = join(dataDir, SOCKET)
  const near = relative(process.cwd(), path)
  return near.length < path.length ? near : path
}
