import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { schemaSteps } from '../store/copy/source.ts'
import type { Source } from '../store/copy/fill.ts'
import { NOTHING, type Sum, withRows } from '../store/copy/sums.ts'
import { type Page, type Table, allTables, cellsIn, countRows, pagesOf } from '../store/copy/tables.ts'
import { migrate } from '../store/migrations/index.ts'
import { readParquet, writeParquet } from '../store/parquet.ts'
import { copyInto, copySecrets, rowsOf, secretFiles, tell } from './copy.ts'
import { saysJson, withExamples } from './help.ts'
import { say } from './print.ts'
import { startProgress } from './progress.ts'
import { type CliWorld, type OpenedStore, Refused } from './world.ts'

const MANIFEST = 'manifest.json'
/** A piece of a file is put into the store in one transaction. */
const PIECE = 10_000

interface Manifest {
  waymark: string
  engine: string
  at: string
  steps: string[]
  tables: Record<string, Sum>
  files: string[]
}

/** `backup FOLDER` and `restore FOLDER`: everything the store holds, as Parquet files that fit either engine. */
export function backupCommands(program: Command, world: CliWorld): void {
  withExamples(saysJson(program.command('backup')), ['waymark backup /var/backups/waymark-2026-11-22'], 'It holds password hashes, sessions and secrets: keep it as you keep the data itself.')
    .description('write everything the store holds into a folder, for restore on either engine; servers may go on')
    .argument('<folder>', 'must be empty; made where missing')
    .action(async (folder: string, { json }: { json?: boolean }) => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      if ((await readdir(folder)).length > 0) throw new Refused(`${folder} is not empty.`, 2)
      const store = await world.read()
      try {
        const manifest = await backup(store, folder, world)
        const { tables } = manifest
        say(world.out, json, { folder, ...manifest }, `${rowsOf(tables)} rows of ${Object.keys(tables).length} tables, ${tables.events?.rows} of them events, are in ${folder}.`)
      } finally {
        await store.close()
      }
    })

  withExamples(saysJson(program.command('restore')), ['DATA_DIR=/var/lib/waymark-new waymark restore /var/backups/waymark-2026-11-22'])
    .description('fill a store that nobody has used from a backup, and verify it; goes on where it was cut short')
    .argument('<folder>', 'what backup wrote')
    .action(async (folder: string, { json }: { json?: boolean }) => {
      const manifest = await manifestIn(folder)
      const store = await world.fill()
      try {
        await restore(store, folder, manifest, world)
        tell(world, manifest.tables, `restored as they were at ${manifest.at}, counts and sums verified.`, json)
      } finally {
        await store.close()
      }
    })
}

/** Reads the whole store as of one moment; the events last, for writing them takes longest. */
function backup({ engine, dataDir }: OpenedStore, folder: string, world: CliWorld): Promise<Manifest> {
  return engine.transaction('rows', async (tx) => {
    for (const statement of engine.dialect.oneMoment) await tx.rows(statement)
    const tables = await allTables(tx.rows)
    const progress = startProgress(world.err, 'rows', await countAll(engine.rows, tables))
    const sums: Record<string, Sum> = {}
    try {
      for (const table of tables) {
        sums[table.name] = NOTHING
        const noted = (rows: Page['rows']): void => {
          sums[table.name] = withRows(sums[table.name] ?? NOTHING, table, rows)
          progress.add(rows.length)
        }
        await writeParquet(join(folder, `${table.name}.parquet`), table.columns, rowsIn(pagesOf(tx.rows, table), noted))
      }
    } finally {
      progress.end()
    }
    const files = await secretFiles(dataDir)
    await copySecrets(dataDir, folder, files)
    const manifest: Manifest = { waymark: world.version, engine: engine.name, at: new Date().toISOString(), steps: await schemaSteps(tx.rows), tables: sums, files }
    // Last: a backup that was cut short has none, and is no backup.
    await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600, flush: true })
    return manifest
  })
}

async function restore(store: OpenedStore, folder: string, manifest: Manifest, world: CliWorld): Promise<void> {
  const { engine, dataDir } = store
  await migrate(engine)
  const known = new Set(await schemaSteps(engine.rows))
  if (manifest.steps.some((step) => !known.has(step))) throw new Refused(`The backup was made by Waymark ${manifest.waymark}, which is later than this one (${world.version}).`)
  const tables: Table[] = []
  for (const table of await allTables(engine.rows)) if (table.name in manifest.tables) tables.push(await asWritten(folder, table))
  const source: Source = { id: `backup ${manifest.at}`, tables, pages: (table, from) => piecesOf(folder, table, Number(from ?? 0)) }
  await copyInto(store, source, rowsOf(manifest.tables), world, async () => manifest.tables)
  await copySecrets(folder, dataDir, manifest.files)
}

/** A table with those of its columns that a file has: it may be from before the others were added. */
async function asWritten(folder: string, table: Table): Promise<Table> {
  for await (const [row] of readParquet(join(folder, `${table.name}.parquet`))) {
    return { ...table, columns: Object.fromEntries(Object.entries(table.columns).filter(([name]) => row !== undefined && name in row)) }
  }
  return table
}

/** The rows of a file from one on, in pieces; the place of a piece is the number of rows up to its end. */
async function* piecesOf(folder: string, table: Table, from: number): AsyncIterable<Page> {
  let read = 0
  let piece: Page['rows'] = []
  for await (const rows of readParquet(join(folder, `${table.name}.parquet`))) {
    for (const row of rows) if (++read > from) piece.push(cellsIn(table, row))
    if (piece.length < PIECE) continue
    yield { rows: piece, place: String(read) }
    piece = []
  }
  if (piece.length > 0) yield { rows: piece, place: String(read) }
}

async function* rowsIn(pages: AsyncIterable<Page>, noted: (rows: Page['rows']) => void): AsyncIterable<Page['rows']> {
  for await (const { rows } of pages) {
    noted(rows)
    yield rows
  }
}

/** How many rows all tables have. */
export async function countAll(ask: Parameters<typeof countRows>[0], tables: readonly Table[]): Promise<number> {
  let all = 0
  for (const { name } of tables) all += await countRows(ask, name)
  return all
}

async function manifestIn(folder: string): Promise<Manifest> {
  const text = await readFile(join(folder, MANIFEST), 'utf8').catch(() => {
    throw new Refused(`${folder} is no backup: it has no ${MANIFEST}.`, 2)
  })
  return JSON.parse(text) as Manifest
}
