import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { databasePrefix, withClient } from '../test/support/services.ts'

export type EngineName = 'duckdb' | 'postgres'

/** A store nobody has used, and how to be rid of it. */
export interface Store {
  engine: EngineName
  dataDir: string
  /** Null means the embedded store in `dataDir`. */
  databaseUrl: string | null
  /** What it takes on the disk now, in bytes: the store's files, and the journal's. */
  size(): Promise<{ store: number; journal: number }>
  drop(): Promise<void>
}

const serverUrl = process.env.TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'
let folder = resolve('.')
const open = new Set<Store>()

/** Has all stores made from now on lie in a folder, made where missing; takes away what runs that were killed have left in it. */
export async function keepStoresIn(path: string): Promise<string> {
  folder = resolve(path)
  await mkdir(folder, { recursive: true })
  const left = (await readdir(folder)).filter((name) => NAME.test(name) && !isAlive(Number(NAME.exec(name)?.[1])))
  for (const name of left) await rm(join(folder, name), { recursive: true, force: true })
  return folder
}

/** The process that made it, and a random part. */
const NAME = /^bench-(\d+)-[0-9a-f]{12}$/

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Whether a PostgreSQL answers in which databases may be made. */
export async function postgresAnswers(): Promise<boolean> {
  try {
    await withClient(serverUrl, (client) => client.query('select 1'))
    return true
  } catch {
    return false
  }
}

/** Makes an empty store; on PostgreSQL a database of the run's server, or of another. */
export async function freshStore(engine: EngineName, server = serverUrl): Promise<Store> {
  const random = randomBytes(6).toString('hex')
  const dataDir = join(folder, `bench-${process.pid}-${random}`)
  await mkdir(dataDir)
  const database = engine === 'duckdb' ? null : await freshDatabase(server, `${databasePrefix}${process.pid}_${random}`)
  const store: Store = {
    engine,
    dataDir,
    databaseUrl: database?.url ?? null,
    async size() {
      const journal = await bytesOf(join(dataDir, 'journal'))
      return { store: database === null ? (await bytesOf(dataDir)) - journal : await database.size(), journal }
    },
    async drop() {
      open.delete(store)
      await rm(dataDir, { recursive: true, force: true })
      await database?.drop()
    },
  }
  open.add(store)
  return store
}

/** Drops what an interrupted run has not. */
export async function dropStores(): Promise<void> {
  for (const store of open) await store.drop()
}

async function freshDatabase(server: string, name: string): Promise<{ url: string; size(): Promise<number>; drop(): Promise<void> }> {
  await withClient(server, (client) => client.query(`create database ${name} template template0 encoding 'UTF8'`))
  const url = new URL(server)
  url.pathname = `/${name}`
  return {
    url: url.href,
    size: () => withClient(server, async (client) => Number((await client.query<{ size: string }>('select pg_database_size($1) as size', [name])).rows[0]?.size)),
    drop: async () => void (await withClient(server, (client) => client.query(`drop database if exists ${name} with (force)`))),
  }
}

/** Bytes of the files in a folder. */
export async function bytesOf(path: string): Promise<number> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter((entry) => entry.isFile())
  const sizes = await Promise.all(files.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).blocks * 512))
  return sizes.reduce((sum, size) => sum + size, 0)
}
