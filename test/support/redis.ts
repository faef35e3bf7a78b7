import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { describe } from 'vitest'
import { until } from './ask.ts'
import { quietPort } from './port.ts'

/** A Redis of a test's own, that may be ended and halted as it likes. */
export interface TestRedis {
  url: string
  /** Ends it at once; what it held is gone. */
  kill(): Promise<void>
  /** Starts it again on the same port, empty. */
  start(): Promise<void>
  /** Halts it: connections stay open and are even accepted, and nothing is answered. */
  halt(): void
  goOn(): void
}

/** Declares tests that start a Redis of their own. Where there is none to start they are shown as skipped, with the reason. */
export function onRedis(name: string, body: () => void): void {
  if (spawnSync('redis-server', ['--version']).error) describe.skip(`${name} (left out: no redis-server to start)`, body)
  else describe(`${name} · redis`, body)
}

/** Starts a Redis on a free port that keeps nothing on disk. */
export async function startRedis(): Promise<TestRedis> {
  const port = await quietPort()
  let child: ChildProcess | null = null
  let exited: Promise<unknown> = Promise.resolve()
  const redis: TestRedis = {
    url: `redis://127.0.0.1:${port}`,
    async start() {
      const started = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', tmpdir()], { stdio: 'ignore' })
      exited = new Promise((resolve) => started.once('exit', resolve))
      child = started
      await until('Redis answers', () => answers(port))
    },
    async kill() {
      child?.kill('SIGKILL')
      await exited
    },
    halt: () => void child?.kill('SIGSTOP'),
    goOn: () => void child?.kill('SIGCONT'),
  }
  await redis.start()
  return redis
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write('PING\r\n'))
    socket.once('data', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
