import { randomBytes } from 'node:crypto'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, inject } from 'vitest'
import { canStartCluster } from './cluster.ts'
import { databasePrefix, withClient } from './services.ts'
import { createDatabase } from './templates.ts'

const DUCKDB_FILE = 'waymark.duckdb'

/** One of the engines that the whole suite runs on. */
export interface TestEngine {
  name: 'duckdb' | 'postgres'
  /** A store nobody has used: an empty data folder and, for PostgreSQL, an empty database. The test drops it when it is done. */
  fresh(): Promise<FreshStore>
  /** A store with the schema in it and nothing else, as every start but the first finds it; in all else as a fresh one. */
  prepared(): Promise<FreshStore>
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

/** Declares tests that start PostgreSQL servers of their own. Where there are none to start they are shown as skipped, with the reason. */
export function onCluster(name: string, body: () => void): void {
  if (canStartCluster()) describe(`${name} · primary and replica`, body)
  else describe.skip(`${name} (left out: no PostgreSQL programs to start)`, body)
}

/** The engine that needs nothing but a folder. */
export const duckdb: TestEngine = {
  name: 'duckdb',
  fresh: async () => {
    const dataDir = await freshFolder()
    return { dataDir, databaseUrl: null, drop: () => remove(dataDir) }
  },
  prepared: async () => {
    const store = await duckdb.fresh()
    await copyFile(join(inject('templates').duckdb, DUCKDB_FILE), join(store.dataDir, DUCKDB_FILE))
    return store
  },
}

function postgres(serverUrl: string): TestEngine {
  const storeLike = async (template: string): Promise<FreshStore> => {
    const [dataDir, database] = await Promise.all([freshFolder(), freshDatabase(serverUrl, template)])
    const drop = async () => {
      await Promise.all([remove(dataDir), database.drop()])
    }
    return { dataDir, databaseUrl: database.url, drop }
  }
  return { name: 'postgres', fresh: () => storeLike('template0'), prepared: () => storeLike(inject('templates').postgres) }
}

/** A fresh folder under the system's temporary one. */
function freshFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'waymark-test-'))
}

function remove(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true })
}

async function freshDatabase(serverUrl: string, template: string): Promise<{ url: string; drop(): Promise<void> }> {
  // The random part: processes on two machines may share a number, and a server.
  const name = `${databasePrefix}${process.pid}_${randomBytes(6).toString('hex')}`
  return {
    url: await createDatabase(serverUrl, name, template),
    drop: async () => {
      await withClient(serverUrl, (client) => client.query(`drop database if exists ${name} with (force)`))
    },
  }
}
