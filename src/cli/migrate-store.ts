import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { FolderHeld } from '../ingest/index.ts'
import { isServed, storeSource } from '../store/copy/source.ts'
import { countRows } from '../store/copy/tables.ts'
import type { StorePlace } from '../store/open.ts'
import { countAll } from './backup.ts'
import { type Sums, copyInto, copySecrets, secretFiles, tell } from './copy.ts'
import { saysJson, withExamples } from './help.ts'
import { type CliWorld, type OpenedStore, Refused } from './world.ts'

const STORE_FILE = 'waymark.duckdb'

/** `migrate-store`: everything from one store into another, on either engine. */
export function migrateStoreCommand(program: Command, world: CliWorld): void {
  withExamples(
    saysJson(program.command('migrate-store')),
    ['waymark migrate-store --from ./data --to postgres://waymark@db.example.com/waymark', 'waymark migrate-store --from postgres://waymark@db.example.com/waymark --to ./data-new'],
    'Stop the servers first. The old store stays as it is. A run that was cut short goes on when it is started again.',
  )
    .description('copy everything from one store into another, on either engine, and verify it')
    .requiredOption('--from <store>', 'a data folder, or a URL that begins with postgres://')
    .requiredOption('--to <store>', 'the same; nobody may have used it')
    .action(async ({ from, to, json }: { from: string; to: string; json?: boolean }) => {
      const [old, fresh] = [placeOf(from), placeOf(to)]
      if (old.databaseUrl === fresh.databaseUrl && old.dataDir === fresh.dataDir) throw new Refused('--from and --to are the same store.', 2)
      if (old.dataDir !== null && !existsSync(join(old.dataDir, STORE_FILE))) throw new Refused(`There is no store in ${from}: it has no ${STORE_FILE}.`, 2)
      const source = await left(world, old, from)
      try {
        const target = await world.fill(fresh)
        try {
          await move(world, { source, from, target, to, json })
        } finally {
          await target.close()
        }
      } finally {
        await source.close()
      }
    })
}

async function move(world: CliWorld, { source, from, target, to, json }: { source: OpenedStore; from: string; target: OpenedStore; to: string; json: boolean | undefined }): Promise<void> {
  await refuseServed(source)
  const everything = await storeSource(source.engine.rows)
  const total = await countAll(source.engine.rows, everything.tables)
  const sums = await copyInto(target, everything, total, world, async (copied) => {
    await refuseChanged(source, copied)
    return copied
  })
  const secrets = await secretFiles(source.dataDir)
  if (isFolder(to)) await copySecrets(source.dataDir, target.dataDir, source.dataDir === target.dataDir ? [] : secrets)
  tell(world, sums, 'counts and sums are the same on both sides.', json)
  if (!json && !isFolder(to) && secrets.length > 0) world.out.write(`Servers on the new store need the secrets in ${from} too: start them on that DATA_DIR, copy ${secrets.join(' and ')} into theirs, or set JWT_SECRET and TRACKING_TOKEN_SECRET.\n`)
}

async function left(world: CliWorld, place: StorePlace, named: string): Promise<OpenedStore> {
  try {
    return await world.leave(place)
  } catch (error) {
    if (error instanceof FolderHeld) throw new Refused(`A server runs on ${isFolder(named) ? named : 'the DATA_DIR of these settings'}. Stop it first.`)
    throw error
  }
}

async function refuseServed({ engine }: OpenedStore): Promise<void> {
  if (await isServed(engine, Date.now())) throw new Refused(`A server runs on the store of --from, or was killed within the last 20 seconds. Stop all of them first.`)
}

/** What was changed behind the copy's back would be missing in it. */
async function refuseChanged(source: OpenedStore, copied: Sums): Promise<void> {
  await refuseServed(source)
  for (const [table, { rows }] of Object.entries(copied)) {
    if ((await countRows(source.engine.rows, table)) !== rows) throw new Refused(`${table} has changed while it was copied, so a server runs on the store of --from. Stop it, empty the new store and begin again.`)
  }
}

function placeOf(text: string): StorePlace {
  return isFolder(text) ? { dataDir: resolve(text), databaseUrl: null } : { dataDir: null, databaseUrl: text }
}

function isFolder(text: string): boolean {
  return !/^postgres(ql)?:\/\//.test(text)
}
