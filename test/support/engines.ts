import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, inject } from 'vitest'
import { databasePrefix, withClient } from './services.ts'

/** One of the engines that the whole suite runs on. */
export interface TestEngine {
  name: 'duckdb' | 'postgres'
  /** A store nobody has used: an empty data folder and, for PostgreSQL, an empty database. The test drops it when it is done. */
  fresh(): Promise<FreshStore>
}

/** What a server needs to find its data, and how to be rid of it. */
export interface FreshStore {
  dataDir: string
  /** `DATABASE_URL`; null means the embedded store in `dataDir`. */
  databaseUrl: string | null
  /** Removes the folder and the database, whoever is still connected. */
  drop(): Promise<void>
}

/** Declares the same tests once for each engine. Where PostgreSQL does not answer, its tests are shown as skipped, with the reason. */
export function onEveryEngine(name: string, body: (engine: TestEngine) => void): void {
  onEngine('duckdb', name, body)
  onEngine('postgres', name, body)
}

/** Declares tests for one engine: those of what the other does not have. */
export function onEngine(engine: TestEngine['name'], name: string, body: (engine: TestEngine) => void): void {
  if (engine === 'duckdb') return void describe(`${name} · duckdb`, () => body(duckdb))

  const { postgres: url } = inject('services')
  if (url === null) describe.skip(`${name} · postgres (left out: no PostgreSQL answers)`, () => body(postgres('')))
  else describe(`${name} · postgres`, () => body(postgres(url)))
}

const duckdb: TestEngine = {
  name: 'duckdb',
  fresh: async () => {
    const dataDir = await freshFolder()
    return { dataDir, databaseUrl: null, drop: () => remove(dataDir) }
  },
}

function postgres(serverUrl: string): TestEngine {
  return {
    name: 'postgres',
    fresh: async () => {
      const [dataDir, database] = await Promise.all([freshFolder(), freshDatabase(serverUrl)])
      const drop = async () => {
        await Promise.all([remove(dataDir), database.drop()])
      }
      return { dataDir, databaseUrl: database.url, drop }
    },
  }
}

/** A fresh folder under the system's temporary one. */
function freshFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'waymark-test-'))
}

function remove(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true })
}

async function freshDatabase(serverUrl: string): Promise<{ url: string; drop(): Promise<void> }> {
  // The random part: processes on two machines may share a number, and a server.
  const name = `${databasePrefix}${process.pid}_${randomBytes(6).toString('hex')}`
  // template0, because nobody is ever connected to it: a database in use cannot be copied.
  await withClient(serverUrl, (client) => client.query(`create database ${name} template template0 encoding 'UTF8'`))
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return {
    url: url.href,
    drop: async () => {
      await withClient(serverUrl, (client) => client.query(`drop database if exists ${name} with (force)`))
    },
  }
}
