import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'

/** Tests and benches run in the project's root. */
const main = join(process.cwd(), 'dist/waymark.cjs')

/** A real server in a process of its own. */
export interface ServerProcess {
  url: string
  pid: number
  child: ChildProcess
  /** All it has written so far. */
  output(): { out: string; err: string }
  /** Sends a signal and gives the exit code and signal once it has ended. */
  end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

/** The key and secret that test servers are started with, so that a restarted one takes the same key. */
export const TEST_KEY = 'test-key-of-thirty-two-bytes-or-more'

/** Starts the built server on a free port (or the given one) and waits until it listens. Throws with its output when it does not. */
export async function startServer(options: {
  dataDir: string
  databaseUrl?: string | null
  port?: number
  env?: Record<string, string>
  nodeArgs?: readonly string[]
  /** The command and what stands behind it; the server when left out. */
  args?: readonly string[]
  /** Is given the process before it listens. */
  onSpawn?: (child: ChildProcess) => void
}): Promise<ServerProcess> {
  const port = options.port ?? (await freePort())
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), main, ...(options.args ?? [])], {
    env: {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PORT: String(port),
      DATA_DIR: options.dataDir,
      WEBHOOK_API_KEY: TEST_KEY,
      ...(options.databaseUrl ? { DATABASE_URL: options.databaseUrl } : {}),
      ...options.env,
    },
    cwd: options.dataDir,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  options.onSpawn?.(child)
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk))
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
  const listening = new Promise<void>((resolve) => child.stdout.on('data', () => out.includes('listening at') && resolve()))
  const early = await Promise.race([listening.then(() => null), ended])
  if (early) throw new Error(`The server ended (${early.code ?? early.signal}) before it listened:\n${err}${out}`)
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid as number,
    child,
    output: () => ({ out, err }),
    end(signal) {
      child.kill(signal)
      return ended
    },
  }
}

/** A port nobody listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}
