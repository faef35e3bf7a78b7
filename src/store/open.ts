import { openDuckdb } from './duckdb.ts'
import type { Engine } from './engine.ts'
import { openPostgres } from './postgres.ts'

/** Where the data lives and what the embedded engine may use. */
export interface StoreSettings {
  dataDir: string
  databaseUrl: string | null
  /** Memory the embedded engine may take, in MB, and its threads. */
  memoryMb: number
  threads: number
}

/** Opens PostgreSQL where a URL is given, else the embedded DuckDB file. Throws Fault 'unavailable' with a sentence. */
export function openEngine(settings: StoreSettings): Promise<Engine> {
  return settings.databaseUrl === null ? openDuckdb(settings) : openPostgres(settings.databaseUrl)
}
