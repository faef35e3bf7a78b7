import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './ask.ts'
import { quietPort } from './port.ts'
import { withClient } from './services.ts'

/** A PostgreSQL of a test's own. */
export interface PostgresServer {
  port: number
  url: string
  /** Ends it, in order or at once, and waits until it has ended. */
  end(signal: 'SIGINT' | 'SIGKILL'): Promise<void>
  start(): Promise<void>
  /** Halts all of it: connections stay open, and nothing is answered. */
  halt(): void
  goOn(): void
  ask(text: string): Promise<Record<string, unknown>[]>
}

/** A primary and a streaming replica of it. */
export interface Cluster {
  primary: PostgresServer
  replica: PostgresServer
  /** Both, as a node is told them that is to follow a failover. */
  url: string
  /** Starts another replica of the primary. */
  addReplica(): Promise<PostgresServer>
  drop(): Promise<void>
}

const ROOT = '/usr/lib/postgresql'

/** Settings of servers that are killed while the machine is not: their files need no flush. */
const KILLED = { fsync: 'off', shared_buffers: '32MB', wal_keep_size: '256MB' }

/** Whether there are programs to start a cluster with. */
export function canStartCluster(): boolean {
  return programs() !== null
}

/**
 * Starts both, empty. `synchronous`: the primary acknowledges nothing that the replica does not have. `settings` are those of
 * both servers, beside what their places need; left out, they are good for tests and flush nothing.
 */
export async function startCluster({ synchronous = false, settings = KILLED as Record<string, string> } = {}): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-cluster-'))
  const user = asUser()
  if (user.uid !== undefined && user.gid !== undefined) await chown(folder, user.uid, user.gid)
  const primary = await serverIn(join(folder, 'primary'), settings)
  run('initdb', ['-D', join(folder, 'primary'), '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'])
  await primary.start()
  const replicas: PostgresServer[] = []
  const addReplica = async (): Promise<PostgresServer> => {
    const place = join(folder, `replica-${replicas.length}`)
    const replica = await serverIn(place, settings)
    run('pg_basebackup', ['-d', primary.url, '-D', place, '-R', '-X', 'stream', '--checkpoint=fast', '--no-sync'])
    await replica.start()
    replicas.push(replica)
    await until('the replica follows', async () => (await primary.ask('select from pg_stat_replication')).length === replicas.length)
    return replica
  }
  const replica = await addReplica()
  if (synchronous) {
    await primary.ask("alter system set synchronous_standby_names = '*'")
    await primary.ask('select pg_reload_conf()')
    await until('it follows in step', async () => (await primary.ask("select from pg_stat_replication where sync_state = 'sync'")).length === 1)
  }
  return {
    primary,
    replica,
    url: `postgres://postgres@127.0.0.1:${primary.port},127.0.0.1:${replica.port}/postgres`,
    addReplica,
    async drop() {
      await Promise.all([primary, ...replicas].map((server) => server.end('SIGKILL')))
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function serverIn(folder: string, own: Record<string, string>): Promise<PostgresServer> {
  const port = await quietPort()
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const ask: PostgresServer['ask'] = (text) => withClient(url, async (client) => (await client.query(text)).rows)
  let child: ChildProcess | null = null
  let ended: Promise<unknown> = Promise.resolve()
  let halted: number[] = []
  // One that is interrupted leaves no database behind.
  process.once('exit', () => child?.kill('SIGQUIT'))
  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: '100', ...own }
  const server: PostgresServer = {
    port,
    url,
    ask,
    async start() {
      const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
      const started = spawn(join(programs() as string, 'postgres'), ['-D', folder, '-p', String(port), ...args], { ...asUser(), stdio: 'ignore' })
      ended = new Promise((resolve) => started.once('exit', resolve))
      child = started
      await until('PostgreSQL answers', () => ask('select 1').then(() => true, () => false), 30_000)
    },
    async end(signal) {
      server.goOn()
      child?.kill(signal)
      await ended
    },
    halt() {
      const pid = child?.pid as number
      halted = [pid, ...childrenOf(pid)]
      for (const one of halted) process.kill(one, 'SIGSTOP')
    },
    goOn() {
      for (const one of halted) {
        try {
          process.kill(one, 'SIGCONT')
        } catch {
          // It has ended meanwhile.
        }
      }
      halted = []
    },
  }
  return server
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
}

/** The folder of PostgreSQL's programs, the newest one's, or null. */
function programs(): string | null {
  try {
    const newest = readdirSync(ROOT).sort((a, b) => Number(b) - Number(a))[0]
    return newest === undefined ? null : join(ROOT, newest, 'bin')
  } catch {
    return null
  }
}

/** PostgreSQL refuses to run as root. */
function asUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string): number => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout)
  return { uid: id('-u'), gid: id('-g') }
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(join(programs() as string, program), args, { ...asUser(), encoding: 'utf8', cwd: tmpdir() })
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`)
}
