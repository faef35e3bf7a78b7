import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { openInside } from './app.ts'
import type { CliWorld, Opened, OpenedStore } from './cli/index.ts'
import { type Config, readConfig } from './config.ts'
import { FolderHeld } from './ingest/index.ts'
import { type StorePlace, openEngine } from './store/open.ts'
import { askSnapshot } from './store/snapshot.ts'

/** Only this process can ask the rooms, and whoever starts it has the data in hand anyway. */
const OPERATOR = { callerOf: () => ({ kind: 'admin', id: 'operator' }) as const }
/** A command has time. */
const SETTLE_MS = 10 * 60_000

/** The ways in which commands open stores. `read` gives the settings, with another store's place where one is given. */
export function storesForCommands(read: (place?: StorePlace) => Config = (place) => readConfig(undefined, place), threadScript?: URL): Pick<CliWorld, 'open' | 'read' | 'fill' | 'leave'> {
  /** Opening the rooms brings the schema up to date, closing them waits until the journal is loaded. */
  const settle = async (config: Config, journal?: string): Promise<void> => (await openForCommand(config, threadScript, journal)).close()
  return {
    open: () => openForCommand(read(), threadScript),
    async read() {
      const config = read()
      try {
        await settle(config)
      } catch (error) {
        const folder = error instanceof FolderHeld && config.store.databaseUrl === null ? await askSnapshot(config.dataDir) : null
        if (folder === null) throw error
        const opened = await openStore(config, folder)
        return { ...opened, close: () => opened.close().finally(() => rm(folder, { recursive: true, force: true })) }
      }
      return openStore(config)
    },
    fill: (place) => openStore(read(place)),
    async leave(place) {
      const config = read(place)
      await settle(config, config.ingest.journalFolder)
      return openStore(config)
    },
  }
}

/** Opens a store without the rooms; `folder`: where a copy of the embedded one lies. */
async function openStore({ store, dataDir }: Config, folder?: string): Promise<OpenedStore> {
  const engine = await openEngine(folder === undefined ? store : { ...store, dataDir: folder })
  return { engine, dataDir, close: () => engine.close() }
}

/**
 * Opens the rooms for one command: nobody listens, nothing recurs, no account is made. The embedded store belongs to one process, so a
 * running server is refused there with FolderHeld; on PostgreSQL a command has a journal of its own, beside the server's, unless told.
 */
async function openForCommand(config: Config, threadScript?: URL, journal?: string): Promise<Opened> {
  const { store, ingest } = config
  const journalFolder = journal ?? (store.databaseUrl === null ? ingest.journalFolder : join(config.dataDir, 'command-journal'))
  const log = pino({ level: 'error', base: null }, pino.destination(2))
  const settings = { ...config, adminLimit: Number.MAX_SAFE_INTEGER, reportTimeoutMs: SETTLE_MS, ingest: { ...ingest, journalFolder, ack: 'journal' as const }, redis: { ...config.redis, redisUrl: null } }
  // The store must have ended before this process opens it in another way.
  const inside = await openInside(settings, { log, closeMs: SETTLE_MS, ...(threadScript ? { threadScript } : {}) }, OPERATOR)
  inside.listensAt(`http://${config.host}:${config.port}`)
  const settled = (): Promise<void> => inside.ingest.settled(SETTLE_MS)
  return {
    async ask(method, path, body) {
      const answer = await inside.server.inject({ method: method as 'GET', url: path, ...(body ? { payload: body, headers: { 'content-type': typeof body === 'string' ? 'text/csv' : 'application/json' } } : {}) })
      return { status: answer.statusCode, body: String(answer.headers['content-type']).includes('json') ? answer.json() : answer.body }
    },
    sql: inside.sql,
    ingest: inside.ingest,
    migrated: inside.migrated,
    read: inside.read,
    adopt: inside.adopt,
    settled,
    async close() {
      await settled()
      await inside.close()
    },
  }
}
