import { connect } from 'node:net'
import pg from 'pg'
import type { TestProject } from 'vitest/node'

/** The servers the tests may use beside their own: where each answers, or null where it does not. */
export interface Services {
  /** A PostgreSQL URL whose user may create databases. */
  postgres: string | null
  redis: string | null
}

declare module 'vitest' {
  // oxlint-disable-next-line typescript/consistent-type-definitions -- vitest asks for a merged interface
  interface ProvidedContext {
    services: Services
  }
}

/** Every database the tests make is named so, followed by the process that made it. */
export const databasePrefix = 'waymark_test_'

const postgresUrl = process.env.TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'
const redisUrl = process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379'
const patienceMs = 3_000

/**
 * Runs once before all tests: finds the services, clears what killed runs left behind, and tells the tests
 * (`inject('services')`). Gives the teardown, which says at the very end what was left out.
 * Throws where `REQUIRE_SERVICES=1` and one is missing.
 */
export default async function setup(project: TestProject): Promise<() => void> {
  const missing: string[] = []
  const services: Services = {
    postgres: await found(postgresUrl, 'PostgreSQL', askPostgres, missing),
    redis: await found(redisUrl, 'Redis', askRedis, missing),
  }
  if (missing.length > 0 && process.env.REQUIRE_SERVICES === '1') {
    throw new Error(`REQUIRE_SERVICES=1, and ${missing.join('; ')}. Start what is missing, or run without REQUIRE_SERVICES.`)
  }
  if (services.postgres !== null) await dropStale(services.postgres)
  project.provide('services', services)

  const banner = () => missing.forEach((sentence) => console.error(`\n!!! LEFT OUT: ${sentence}. Every test that needs it was skipped.\n`))
  banner()
  return banner
}

async function found(url: string, name: string, ask: (url: string) => Promise<void>, missing: string[]): Promise<string | null> {
  try {
    await ask(url)
    return url
  } catch (error) {
    const { host } = new URL(url)
    missing.push(`no ${name} answers on ${host} (${reason(error)})`)
    return null
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // Connecting to a name with several addresses fails with one error for each, and an empty message over them.
  return error.message || ('code' in error ? String(error.code) : error.name)
}

async function askPostgres(url: string): Promise<void> {
  await withClient(url, (client) => client.query('select 1'))
}

/** Connects, sends PING, and takes any answer of the protocol: also "authentication required" means that it is there. */
function askRedis(url: string): Promise<void> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port || 6379), timeout: patienceMs }, () => socket.write('PING\r\n'))
    const end = (error: Error | null) => {
      socket.destroy()
      if (error) reject(error)
      else resolve()
    }
    socket.once('data', (bytes) => end(/^[+-]/.test(bytes.toString()) ? null : new Error('what answers is not Redis')))
    socket.once('timeout', () => end(new Error(`silent for ${patienceMs} ms`)))
    socket.once('error', end)
    socket.once('close', () => end(new Error('it hangs up without an answer')))
  })
}

/** Drops the databases of runs that were killed: older than an hour, their process gone, nobody connected. */
async function dropStale(url: string): Promise<void> {
  await withClient(url, async (client) => {
    const stale = await client.query<{ datname: string }>(
      `select datname from pg_database d
       where starts_with(datname, $1)
         and not exists (select from pg_stat_activity a where a.datid = d.oid)
         and (pg_stat_file('base/' || oid || '/PG_VERSION', true)).modification < now() - interval '1 hour'`,
      [databasePrefix],
    )
    for (const { datname } of stale.rows) {
      if (isAlive(Number(datname.slice(databasePrefix.length).split('_')[0]))) continue
      await client.query(`drop database if exists ${client.escapeIdentifier(datname)}`)
    }
  }).catch((error: unknown) => console.error(`Old test databases were not looked for: ${reason(error)}`))
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Runs one piece of work on a connection of its own, which it closes whatever happens. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: patienceMs })
  try {
    await client.connect()
    return await work(client)
  } finally {
    await client.end()
  }
}
