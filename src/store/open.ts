import type { Engine } from './engine.ts'
import type { ReplicaSettings } from './replicas.ts'

/** Where the data lives and what the embedded engine may use. */
export interface StoreSettings {
  dataDir: string
  databaseUrl: string | null
  /** Where reports are read from beside the database itself. */
  replicas: ReplicaSettings
  /** Memory the embedded engine may take, in MB, and its threads. */
  memoryMb: number
  threads: number
}

/** Where another store than that of the settings is: a database, or a folder; where that is null the settings' own folder is beside the database. */
export interface StorePlace {
  dataDir: string | null
  databaseUrl: string | null
}

/**
 * Opens PostgreSQL where a URL is given, else the embedded DuckDB file. Throws Fault 'unavailable' with a sentence.
 * Only the engine in use is loaded: each takes 15 to 35 MB.
 */
export async function openEngine(settings: StoreSettings): Promise<Engine> {
  if (settings.databaseUrl === null) return (await import('./duckdb.ts')).openDuckdb(settings)
  return (await import('./postgres.ts')).openPostgres(settings.databaseUrl, settings.replicas)
}
