import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TEST_KEY, freePort } from '../test/support/process.ts'
import type { Store } from './stores.ts'
import { DESTINATION, SOURCES } from './world.ts'

/** The ingest key of every measured server. */
export const KEY = TEST_KEY

/** A server in a process of its own. */
export interface Running {
  port: number
  /** From its start to its first answer. */
  startMs: number
  /** Figures of /metrics by name, those of one name added up. */
  metrics(): Promise<Map<string, number>>
  /** What it holds of the memory now and at most, in MB; `files` is what of it are program files, which the system may share and drop. */
  memory(): { now: number; most: number; files: number }
  /** Processor time it has used so far, in seconds: all of it, and what its main thread has. */
  cpu(): { all: number; main: number }
  /** What it wrote to standard output and error. */
  said(): string
  /** Ends it in good order. */
  stop(): Promise<void>
}

/** The measured server, and what is asked of it. */
export interface Waymark extends Running {
  /** Asks with the ingest key and gives the JSON; throws for a status that is no success. */
  ask(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown>
  /** Makes so many links and gives their ids. */
  makeLinks(count: number): Promise<string[]>
  /** Ends when the store holds all that is journalled. */
  drained(): Promise<void>
  /** Ends when the store also had its quiet moment (a checkpoint, or fresh statistics), so that nothing is left to do. */
  settled(): Promise<void>
}

/** The server as it was built; benches run in the project's root. */
const main = resolve('dist/waymark.cjs')
let chosen: { profileDir: string | null; env: Record<string, string> } = { profileDir: null, env: {} }
const children = new Set<ChildProcess>()

/** Has every server started from now on take these settings, and write CPU profiles of its threads to a folder; null for none. */
export function configureServers(settings: { profileDir: string | null; env: Record<string, string> }): void {
  chosen = settings
}

/** Ends every server that is still running, in no good order. */
export async function killServers(): Promise<void> {
  const ended = [...children].map((child) => new Promise((done) => child.once('exit', done)))
  for (const child of children) child.kill('SIGKILL')
  await Promise.all(ended)
}

/** Starts the built server on a store, with settings beside those of the run. */
export async function startWaymark(store: Store, env: Record<string, string> = {}): Promise<Waymark> {
  const port = Number(env.PORT ?? (await freePort()))
  const profile = chosen.profileDir === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(chosen.profileDir)}`, '--cpu-prof-interval=500']
  const running = await start([...profile, main], store.dataDir, {
    HOST: '127.0.0.1',
    PORT: String(port),
    DATA_DIR: store.dataDir,
    WEBHOOK_API_KEY: KEY,
    ...(store.databaseUrl === null ? {} : { DATABASE_URL: store.databaseUrl }),
    ...env,
    ...chosen.env,
  })
  const url = `http://127.0.0.1:${port}`
  const ask = async (method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> => {
    const answer = await fetch(url + path, {
      method,
      headers: { 'x-api-key': KEY, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return JSON.parse(text)
  }
  const drained = async (): Promise<void> => {
    const patience = performance.now() + DRAIN_MS
    while (((await running.metrics()).get('waymark_journal_records') ?? 0) > 0) {
      if (performance.now() > patience) throw new Error(`The journal is not empty after ${DRAIN_MS / 1000} s.\n${running.said()}`)
      await pause(50)
    }
  }
  return {
    ...running,
    ask,
    drained,
    async makeLinks(count) {
      const links = Array.from({ length: count }, (_, i) => ({ original_url: DESTINATION, link_function: FUNCTIONS[i % SOURCES.length], campaign: `campaign-${i % 7}` }))
      const { results } = (await ask('POST', '/api/link-tracking/links/bulk', { links })) as { results: { link: { tracking_id: string } }[] }
      return results.map(({ link }) => link.tracking_id)
    },
    async settled() {
      await drained()
      await pause(QUIET_MS)
    },
  }
}

/** Starts the built edge of an origin, in a folder of its own. */
export function startEdge(originPort: number, dataDir: string, env: Record<string, string> = {}): Promise<Running> {
  return start([main, 'edge'], '.', { HOST: '127.0.0.1', PORT: '0', DATA_DIR: dataDir, ORIGIN_URL: `http://127.0.0.1:${originPort}`, WEBHOOK_API_KEY: KEY, ...env })
}

const FUNCTIONS = ['LinkedIn', 'Website', 'Calendly', 'Portfolio', 'GitHub', 'Newsletter']
const DRAIN_MS = 180_000
/** The store's quiet moment comes a second after the last event, and takes a part of the next. */
const QUIET_MS = 2_000

/** Starts the bare server. */
export function startBare(): Promise<Running> {
  return start([fileURLToPath(new URL('./bare.js', import.meta.url))], '.', {})
}

async function start(args: readonly string[], cwd: string, env: Record<string, string>): Promise<Running> {
  const from = performance.now()
  const child = spawn(process.execPath, args, { env: { PATH: process.env.PATH, ...env }, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  let said = ''
  const ended = new Promise<number | string | null>((ends) =>
    child.once('exit', (code, signal) => {
      children.delete(child)
      ends(code ?? signal)
    }),
  )
  const port = new Promise<number>((listens) => {
    child.stderr.on('data', (chunk: Buffer) => (said += chunk))
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk
      const found = /listening at \D*(?:127\.0\.0\.1:)?(\d+)/.exec(said)
      if (found) listens(Number(found[1]))
    })
  })
  const found = await Promise.race([port, ended.then((code) => ({ code }))])
  if (typeof found === 'object') throw new Error(`The server ended (${found.code}) before it listened:\n${said}`)
  const metrics = async (): Promise<Map<string, number>> => figuresOf(await (await fetch(`http://127.0.0.1:${found}/metrics`)).text())
  await fetch(`http://127.0.0.1:${found}/health`)
  const startMs = performance.now() - from
  return {
    port: found,
    startMs,
    metrics,
    memory: () => memoryOf(child.pid as number),
    cpu: () => ({ all: cpuOf(`/proc/${child.pid}/stat`), main: cpuOf(`/proc/${child.pid}/task/${child.pid}/stat`) }),
    said: () => said,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

function figuresOf(text: string): Map<string, number> {
  const figures = new Map<string, number>()
  for (const line of text.split('\n')) {
    const found = /^([a-z0-9_]+)(?:\{[^}]*\})? (\S+)/i.exec(line)
    if (found) figures.set(found[1] as string, (figures.get(found[1] as string) ?? 0) + Number(found[2]))
  }
  return figures
}

function memoryOf(pid: number): { now: number; most: number; files: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const megabytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN) / 1024
  return { now: megabytes('VmRSS'), most: megabytes('VmHWM'), files: megabytes('RssFile') }
}

/** The kernel counts in hundredths of a second (proc(5), utime and stime). */
function cpuOf(path: string): number {
  const fields = readFileSync(path, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms))
}
