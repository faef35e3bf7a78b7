import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { parseTime } from '../core/time.ts'
import { EVENT_COLUMNS } from '../store/events.ts'
import type { ParquetType } from '../store/parquet.ts'
import type { Row, Sql } from '../store/sql.ts'
import { FORMATS, type Format, writeRows } from './formats.ts'
import { saysJson, withExamples } from './help.ts'
import { say } from './print.ts'
import { startProgress } from './progress.ts'
import { BEGINNING, type EventFilter, type Place, allLinks, allProjects, countEvents, eventsAfter } from './store.ts'
import { type CliWorld, Refused } from './world.ts'

const PAGE = 10_000
/** The families of the API, by where their events came in. */
const SOURCES: Record<string, string> = { links: 'link', tracking: 'web', email: 'email', product: 'product' }

/** The columns of an exported file. */
const EVENT_FILE: Record<string, ParquetType> = { ...EVENT_COLUMNS, ts: 'time', received_at: 'time' }
const LINK_FILE: Record<string, ParquetType> = {
  tracking_id: 'text', original_url: 'text', redirect_url: 'text', link_function: 'text', link_type: 'text', job_id: 'text', application_id: 'text',
  description: 'text', campaign: 'text', partner: 'text', is_active: 'boolean', expires_at: 'time', metadata: 'json', created_at: 'time', updated_at: 'time',
}
const PROJECT_FILE: Record<string, ParquetType> = { projectKey: 'text', name: 'text', createdAt: 'time', isActive: 'boolean' }

interface Options {
  format: Format
  from?: string
  to?: string
  family?: string
  project?: string
  person?: string
  json?: boolean
}

/** `export FOLDER`: events, links and projects as files, which `import` reads. */
export function exportCommand(program: Command, world: CliWorld): void {
  withExamples(saysJson(program.command('export')), ['waymark export ./out', 'waymark export ./out --format csv --family links --from 2026-01-01 --to 2026-02-01'])
    .description('write events, links and projects as files into a folder')
    .argument('<folder>', 'made where missing')
    .addOption(new Option('--format <format>').choices([...FORMATS]).default('ndjson'))
    .option('--from <time>', 'events from this time on (ISO 8601)')
    .option('--to <time>', 'events up to this time, without it')
    .addOption(new Option('--family <name>', 'events of one family').choices(Object.keys(SOURCES)))
    .option('--project <key>', 'events of one project')
    .option('--person <id>', "events of one person: a user's, an anonymous or a session's id")
    .action(async (folder: string, options: Options) => {
      const filter: EventFilter = {
        from: timeOf('--from', options.from),
        to: timeOf('--to', options.to),
        source: options.family === undefined ? null : (SOURCES[options.family] as string),
        project: options.project ?? null,
        person: options.person ?? null,
      }
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const store = await world.read()
      try {
        const sql = store.engine
        const total = await countEvents(sql, filter)
        const progress = startProgress(world.err, 'events', total)
        const file = (name: string): string => join(folder, `${name}.${options.format}`)
        await writeRows(file('events'), options.format, EVENT_FILE, eventPages(sql, filter, progress.add))
        progress.end()
        const [links, projects] = await Promise.all([allLinks(sql), allProjects(sql)])
        await writeRows(file('links'), options.format, LINK_FILE, once(links))
        await writeRows(file('projects'), options.format, PROJECT_FILE, once(projects))
        say(world.out, options.json, { folder, format: options.format, events: total, links: links.length, projects: projects.length }, `${total} events, ${links.length} links and ${projects.length} projects are in ${folder}.`)
      } finally {
        await store.close()
      }
    })
}

/** The time of an option, UTC ms. Throws Refused naming the option. */
export function timeOf(option: string, text: string | undefined): number | null {
  if (text === undefined) return null
  const time = parseTime(text)
  if (time === null) throw new Refused(`${option} must be an ISO 8601 day or time, such as 2026-11-22 or 2026-11-22T14:30:00Z.`, 2)
  return time
}

/** All events of a filter in the order in which they came. */
async function* eventPages(sql: Pick<Sql, 'rows'>, filter: EventFilter, told: (count: number) => void): AsyncIterable<Row[]> {
  for (let place: Place | null = BEGINNING; place !== null; ) {
    const { rows, end }: Awaited<ReturnType<typeof eventsAfter>> = await eventsAfter(sql, filter, place, PAGE)
    if (rows.length > 0) yield rows
    told(rows.length)
    place = end
  }
}

async function* once(rows: Row[]): AsyncIterable<Row[]> {
  yield rows
}
