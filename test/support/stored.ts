import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import pg from 'pg'
import type { FreshStore } from './engines.ts'
import { withClient } from './services.ts'

/** What is read of an event past the server, from the store itself. */
export interface StoredEvent {
  id: string
  event_id: string | null
  tracking_id: string
  ts: number
  click_source: string | null
  machine: boolean
  person: string | null
  referrer_url: string | null
  referrer_host: string | null
  user_agent: string | null
  session_id: string | null
}

type Place = Pick<FreshStore, 'dataDir' | 'databaseUrl'>

const EVENTS = `select id, event_id, tracking_id, ts, click_source, machine, person, referrer_url, referrer_host, user_agent, session_id
  from events where source = 'link'`
const CHUNK = 10_000

/** All link events of a store that no server has open, a chunk at a time. */
export async function* storedEvents(store: Place): AsyncIterable<StoredEvent[]> {
  if (store.databaseUrl === null) {
    const instance = await DuckDBInstance.create(join(store.dataDir, 'waymark.duckdb'), { access_mode: 'READ_ONLY' })
    const connection = await instance.connect()
    try {
      for await (const rows of (await connection.stream(EVENTS)).yieldRowObjectJs()) yield rows.map(numbered)
    } finally {
      connection.closeSync()
      instance.closeSync()
    }
    return
  }
  const client = new pg.Client({ connectionString: store.databaseUrl })
  await client.connect()
  try {
    await client.query(`begin read only; declare stored no scroll cursor for ${EVENTS}`)
    for (;;) {
      const { rows } = await client.query(`fetch ${CHUNK} from stored`)
      if (rows.length === 0) return
      yield rows.map(numbered)
    }
  } finally {
    await client.end()
  }
}

/** The rows of one small question to a store that no server has open. */
export async function askStore(store: Place, text: string): Promise<Record<string, unknown>[]> {
  if (store.databaseUrl !== null) return withClient(store.databaseUrl, async (client) => (await client.query(text)).rows)
  const instance = await DuckDBInstance.create(join(store.dataDir, 'waymark.duckdb'), { access_mode: 'READ_ONLY' })
  const connection = await instance.connect()
  try {
    return (await connection.runAndReadAll(text)).getRowObjectsJS()
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

function numbered(row: Record<string, unknown>): StoredEvent {
  return { ...row, ts: Number(row.ts) } as unknown as StoredEvent
}
