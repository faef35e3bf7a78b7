import { copyFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Source, complete, differences, fill } from '../store/copy/fill.ts'
import type { Sum } from '../store/copy/sums.ts'
import { startProgress } from './progress.ts'
import { printJson, table } from './print.ts'
import { type CliWorld, type OpenedStore, Refused } from './world.ts'

/** The sum of each table of a copy. */
export type Sums = Readonly<Record<string, Sum>>

/**
 * Copies a source into a store that nobody has used, reads it back, and completes it only where every table is as it was read.
 * `expected`: gives the sums that it should have, once it is copied. Throws Refused naming each table that differs.
 */
export async function copyInto(target: OpenedStore, source: Source, total: number, world: CliWorld, expected: (copied: Sums) => Promise<Sums>): Promise<Sums> {
  const copying = startProgress(world.err, 'rows copied', total)
  const copied = await fill(target.engine, source, copying.add).finally(copying.end)
  const sums = await expected(copied)
  const verifying = startProgress(world.err, 'rows verified', total)
  const different = await differences(target.engine, source.tables, sums, verifying.add).finally(verifying.end)
  if (different.length > 0) throw new Refused(`The copy is not whole, and no server starts on it:\n${different.map((text) => `  ${text}`).join('\n')}\nEmpty the new store and begin again, with no server on either.`)
  await complete(target.engine)
  return sums
}

/** Tells what was copied and verified: a line a table with rows, then a sentence; or JSON. */
export function tell(world: CliWorld, sums: Sums, sentence: string, json: boolean | undefined): void {
  const tables = Object.entries(sums).map(([name, { rows, sum }]) => ({ table: name, rows, sum: sum.toString(16).padStart(12, '0') }))
  if (json) return printJson(world.out, { verified: true, rows: rowsOf(sums), tables })
  world.out.write(`${table(tables.filter(({ rows }) => rows > 0))}\n${rowsOf(sums)} rows of ${tables.length} tables: ${sentence}\n`)
}

/** How many rows there are in all tables. */
export function rowsOf(sums: Sums): number {
  return Object.values(sums).reduce((all, { rows }) => all + rows, 0)
}

/** Secrets that were made once lie beside the store, each in a file of its own. */
export async function secretFiles(dataDir: string): Promise<string[]> {
  const entries = await readdir(dataDir, { withFileTypes: true })
  return entries.filter((entry) => entry.isFile() && entry.name.endsWith('-secret')).map(({ name }) => name)
}

/** Copies secrets from one folder to another, over those that a first look at the settings has made there. */
export async function copySecrets(from: string, to: string, files: readonly string[]): Promise<void> {
  for (const file of files) await copyFile(join(from, file), join(to, file))
}
