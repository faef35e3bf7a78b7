import { runCommand } from '../../src/cli/index.ts'
import { storesForCommands } from '../../src/command.ts'
import { readConfig } from '../../src/config.ts'
import { examine } from '../../src/examine.ts'
import type { FreshStore } from './engines.ts'

/** The store's thread runs what `npm run build` made of the sources. */
const threadScript = new URL('../../dist/ingest/thread.js', import.meta.url)

/** What a command wrote, and what its process would have ended with. */
export interface Ran {
  code: number
  out: string
  err: string
}

/** Runs a command of `waymark` on a store, as a terminal would; `input` is its standard input. */
export async function waymark(store: FreshStore, args: readonly string[], input = ''): Promise<Ran> {
  const ran: Ran = { code: -1, out: '', err: '' }
  const stores = storesForCommands((place) => readConfig(envOf(store), place), threadScript)
  ran.code = await runCommand(args, {
    version: '0.0.0',
    out: { write: (text) => (ran.out += text) },
    err: { write: (text) => (ran.err += text) },
    input: async () => input,
    serve: () => Promise.reject(new Error('no test asks for it')),
    edge: () => Promise.reject(new Error('no test asks for it')),
    ...stores,
    examine: () => examine(stores.open, () => readConfig(envOf(store))),
  })
  return ran
}

function envOf(store: FreshStore): Record<string, string> {
  return { DATA_DIR: store.dataDir, ...(store.databaseUrl === null ? {} : { DATABASE_URL: store.databaseUrl }) }
}
