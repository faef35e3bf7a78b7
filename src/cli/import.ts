import { readdir, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import type { Command } from 'commander'
import type { FieldError } from '../core/errors.ts'
import type { Draft } from '../ingest/index.ts'
import { FORMATS, readRecords } from './formats.ts'
import { saysJson, withExamples } from './help.ts'
import { say } from './print.ts'
import { type Progress, startProgress } from './progress.ts'
import { type Kind, type Shaped, rowDraft, shapeOf } from './shapes.ts'
import { storedIds } from './store.ts'
import { type CliWorld, type Opened, Refused } from './world.ts'

/** So many records are read, looked up and recorded at once. */
const CHUNK = 5_000
const SHOWN = 20
/** What the process ends with when some records were refused and the others are in. */
const SOME_REFUSED = 3
/** Events refer to these, so they come first. */
const FIRST = ['projects', 'links']

/** What became of the records of all files. */
export interface Tally {
  read: number
  stored: number
  known: number
  refused: { file: string; line: number; error: string }[]
}

/** `import FILES`: takes in what was exported, here or elsewhere. A second import of the same file stores nothing twice. */
export function importCommand(program: Command, world: CliWorld): void {
  withExamples(
    saysJson(program.command('import')),
    ['waymark import ./out', 'waymark import projects.json events.json', 'waymark import link_clicks.csv'],
    `What is in a file is told by its records: what export writes; clicks and product events in the words of the API; what mongoexport
writes of the collections events and projects; the tables link_tracking, link_clicks and tracking_events as CSV.`,
  )
    .description('take in events, clicks, links and projects from files')
    .argument('<files...>', 'files, or folders that export wrote')
    .action(async (paths: string[], { json }: { json?: boolean }) => {
      const files = (await Promise.all(paths.map(filesOf))).flat()
      const opened = await world.open()
      const progress = startProgress(world.err, 'records', null)
      try {
        const tally = await importFiles(opened, files, progress)
        progress.end()
        say(world.out, json, tally, `${tally.stored} stored, ${tally.known} were here already, ${tally.refused.length} refused.`)
        for (const { file, line, error } of tally.refused.slice(0, SHOWN)) world.err.write(`${file}:${line}: ${error}\n`)
        if (tally.refused.length > SHOWN) world.err.write(`… and ${tally.refused.length - SHOWN} more.\n`)
        if (tally.refused.length > 0) throw new Refused('Some records were refused; the others are stored.', SOME_REFUSED)
      } finally {
        progress.end()
        await opened.close()
      }
    })
}

/** Takes in files, one after the other. What an earlier import, or an earlier life of the events, has stored is left out by its id. */
export async function importFiles(opened: Opened, files: readonly string[], progress: Progress): Promise<Tally> {
  const tally: Tally = { read: 0, stored: 0, known: 0, refused: [] }
  for (const file of files) {
    let chunk: (Shaped & { line: number })[] = []
    const take = async (): Promise<void> => {
      await takeChunk(opened, chunk, tally, (line, error) => void tally.refused.push({ file, line, error }))
      progress.add(chunk.length)
      chunk = []
    }
    for await (const read of readRecords(file)) {
      tally.read++
      const shaped = 'record' in read ? shapeOf(read) : null
      if (shaped) chunk.push({ ...shaped, line: read.line })
      else tally.refused.push({ file, line: read.line, error: 'error' in read ? read.error : 'is nothing that can be imported; see waymark import --help' })
      if (chunk.length >= CHUNK) await take()
    }
    await take()
  }
  await opened.settled()
  return tally
}

type Placed = Shaped & { line: number }

async function takeChunk(opened: Opened, chunk: readonly Placed[], tally: Tally, refuse: (line: number, error: string) => void): Promise<void> {
  const of = (kind: Kind): Placed[] => chunk.filter((shaped) => shaped.kind === kind)
  const each = (shaped: readonly Placed[], results: readonly (unknown | FieldError)[], taken: (at: number) => void): void =>
    shaped.forEach(({ line }, at) => {
      const result = results[at]
      if (isError(result)) refuse(line, `${result.field} ${result.error}`)
      else taken(at)
    })
  for (const kind of ['project', 'link'] as const) {
    const things = of(kind)
    if (things.length === 0) continue
    const results = await opened.adopt[kind](things.map(({ record }) => record))
    each(things, results, (at) => (results[at] === true ? tally.stored++ : tally.known++))
  }
  const fresh: Draft[] = []
  for (const kind of ['row', 'event', 'capture', 'click'] as const) {
    const events = await unknown(opened, of(kind), tally)
    if (events.length === 0) continue
    const now = Date.now()
    const results = kind === 'row' ? events.map(({ record }) => rowDraft(record)) : await opened.read[kind](events.map(({ record }) => record), events.map(({ receivedAt }) => receivedAt ?? now))
    each(events, results, (at) => {
      const { id, receivedAt } = events[at] as Placed
      const draft = results[at] as Draft
      fresh.push(kind === 'row' ? draft : { ...draft, kept: { id, ...(receivedAt === null ? {} : { received_at: receivedAt }) } })
    })
  }
  if (fresh.length > 0) await opened.ingest.record(fresh)
  tally.stored += fresh.length
}

/** Those of the events that the store does not have, each once. */
async function unknown(opened: Opened, events: readonly Placed[], tally: Tally): Promise<Placed[]> {
  if (events.length === 0) return []
  // What the chunk before recorded must be in the store to be found.
  await opened.settled()
  const times = events.map(({ receivedAt }) => receivedAt)
  const dated = times.filter((time) => time !== null)
  const whenever = dated.length < times.length
  const from = whenever ? Number.MIN_SAFE_INTEGER : Math.min(...dated)
  const to = whenever ? Number.MAX_SAFE_INTEGER : Math.max(...dated)
  const known = await storedIds(opened.sql, events.map(({ id }) => id), from, to)
  const fresh = events.filter(({ id }) => !known.has(id) && known.add(id))
  tally.known += events.length - fresh.length
  return fresh
}

function isError(result: unknown): result is FieldError {
  return typeof result === 'object' && result !== null && 'error' in result
}

async function filesOf(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => null)
  if (found === null) throw new Refused(`There is no file or folder ${path}.`, 2)
  if (!found.isDirectory()) return [path]
  const names = (await readdir(path)).filter((name) => FORMATS.some((format) => name.endsWith(`.${format}`)))
  const place = (name: string): number => (FIRST.indexOf(basename(name, extname(name))) + FIRST.length + 1) % (FIRST.length + 1)
  return names.sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1)).map((name) => join(path, name))
}
