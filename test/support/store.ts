import type { Engine } from '../../src/store/engine.ts'
import { openEngine } from '../../src/store/open.ts'
import type { Row, Sql } from '../../src/store/sql.ts'
import type { FreshStore, TestEngine } from './engines.ts'

/** A fresh store without a server around it: the engine, its SQL, and how to be rid of it. */
export interface TestStore {
  engine: Engine
  sql: Sql
  close(): Promise<void>
}

/** Opens an engine on a store in this very thread; a store of the embedded engine must not be open elsewhere. */
export function engineOn({ dataDir, databaseUrl }: Pick<FreshStore, 'dataDir' | 'databaseUrl'>): Promise<Engine> {
  return openEngine({ dataDir, databaseUrl, replicas: { urls: [], maxLagMs: 0 }, memoryMb: 256, threads: 1 })
}

/** Opens a store of the test's own with the schema in it. */
export async function openStore(engine: TestEngine): Promise<TestStore> {
  const store = await engine.prepared()
  const opened = await engineOn(store)
  return {
    engine: opened,
    sql: sqlOf(opened),
    async close() {
      await opened.close()
      await store.drop()
    },
  }
}

/** The rooms' view of an engine, as the store's thread offers it. */
export function sqlOf(engine: Engine): Sql {
  return {
    rows: (text, values, options) => engine.rows(text, values, options),
    write: (statements, lane = 'rows') =>
      engine.transaction(lane, async (tx) => {
        const answers: Row[][] = []
        for (const { text, values } of statements) answers.push(await tx.rows(text, values))
        return answers
      }),
  }
}

/** Asks a store that no server has open. */
export async function readStore<T = Row>(store: FreshStore, text: string): Promise<T[]> {
  const engine = await engineOn(store)
  try {
    return await engine.rows<T>(text)
  } finally {
    await engine.close()
  }
}
