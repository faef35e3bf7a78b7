/** `npm run bench`: measures the figures of the design on this machine, each as a count or as a ratio taken in one run. */
import { parseArgs } from 'node:util'
import { acknowledge } from './acknowledge.ts'
import { batches } from './batches.ts'
import { capture } from './capture.ts'
import { edge } from './edge.ts'
import { email } from './email.ts'
import { isMet } from './figure.ts'
import { footprint } from './footprint.ts'
import { describeMachine } from './machine.ts'
import { watchOthers } from './others.ts'
import { mailing } from './mailing.ts'
import { nodes } from './nodes.ts'
import { product } from './product.ts'
import { createProgress } from './progress.ts'
import { readable } from './readable.ts'
import { redirect } from './redirect.ts'
import { reports } from './reports.ts'
import type { Bench, Row } from './row.ts'
import { configureServers, killServers } from './server.ts'
import { type EngineName, dropStores, keepStoresIn, postgresAnswers } from './stores.ts'
import { type Section, machineText, sectionText, summary } from './table.ts'
import { tracking } from './tracking.ts'

const ROWS: readonly Row[] = [redirect, edge, capture, batches, acknowledge, readable, reports, product, tracking, email, mailing, nodes, footprint]
const ENGINES: readonly EngineName[] = ['duckdb', 'postgres']

const HELP = `npm run bench -- [options]

  --quick           about two minutes an engine: a first impression, too short to judge tails by
  --full            also what takes long: ten million events
  --engine NAME     ${ENGINES.join(' or ')}; both when left out, PostgreSQL where it answers (TEST_DATABASE_URL)
  --only ROW,ROW    ${ROWS.map((row) => row.name).join(', ')}
  --json            figures as JSON on standard output
  --data DIR        where the stores lie, on the disk to be measured; data/bench when left out
  --set NAME=VALUE  a setting of the measured server, such as ACK=journal; may be given again
  --profile DIR     CPU profiles of the server's threads, which slows it down
`

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void cleanUp().then(() => process.exit(130)))
try {
  const wanted = await options()
  if (wanted === null) process.stdout.write(HELP)
  else await measure(wanted)
} catch (error) {
  complain(error)
} finally {
  await cleanUp()
}
process.exit()

type Options = NonNullable<Awaited<ReturnType<typeof options>>>

/** What the command line asks for; null for help. Throws a sentence for what it cannot ask. */
async function options() {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      engine: { type: 'string' },
      only: { type: 'string' },
      json: { type: 'boolean', default: false },
      data: { type: 'string', default: 'data/bench' },
      profile: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  return {
    ...values,
    rows: chosen(values.only?.split(','), ROWS, (row) => row.name),
    engines: await present(chosen(values.engine?.split(','), ENGINES, (engine) => engine), values.engine !== undefined),
    settings: Object.fromEntries(values.set.map((text) => [text.split('=')[0], text.slice(text.indexOf('=') + 1)])) as Record<string, string>,
  }
}

async function measure({ rows, engines, settings, quick, full, json, data, profile }: Options): Promise<void> {
  configureServers({ profileDir: profile ?? null, env: settings })
  const machine = await describeMachine(await keepStoresIn(data))
  const say = (text: string): void => void (json || process.stdout.write(`${text}\n`))
  const remarks = [
    ...(quick ? ['a quick run: a first impression, too short to judge tails by'] : []),
    ...Object.entries(settings).map(([name, value]) => `with ${name}=${value}`),
    ...(profile === undefined ? [] : ['with CPU profiles, which slow the server down']),
  ]
  say([machineText(machine), ...remarks, ''].join('\n'))

  const pick = (normal: number, short: number): number => (quick ? short : normal)
  const rowsOn = (engine: EngineName): readonly Row[] => rows.filter((row) => row.engines?.includes(engine) ?? true)
  const progress = createProgress(engines.flatMap(rowsOn).reduce((sum, row) => sum + row.steps({ pick, full }), 0))
  const sections: Section[] = []
  for (const engine of engines) {
    const bench: Bench = { engine, settings, full, pick, step: progress.step }
    for (const row of rowsOn(engine)) {
      const others = watchOthers()
      try {
        const section = { row: row.name, engine, figures: await row.run(bench), others: others() }
        sections.push(section)
        progress.clear()
        say(sectionText(section))
      } catch (error) {
        progress.clear()
        complain(error, `${row.name} · ${engine} failed: `)
        await cleanUp()
      }
    }
  }
  progress.end()
  say(summary(sections))
  if (json) process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), quick, settings, machine, sections: sections.map(judged) }, null, 2)}\n`)
}

function judged(section: Section): object {
  return { ...section, figures: section.figures.map((figure) => ({ ...figure, met: isMet(figure) })) }
}

/** Those of a list that were named, all when none was. Throws for a name that is none of them. */
function chosen<T>(names: string[] | undefined, all: readonly T[], nameOf: (item: T) => string): readonly T[] {
  if (names === undefined) return all
  const unknown = names.filter((name) => !all.some((item) => nameOf(item) === name))
  if (unknown.length > 0) throw new Error(`There is no ${unknown.join(', ')}; there are ${all.map(nameOf).join(', ')}.`)
  return all.filter((item) => names.includes(nameOf(item)))
}

/** The engines there are: PostgreSQL only where it answers, which is an error where it was asked for. */
async function present(engines: readonly EngineName[], asked: boolean): Promise<readonly EngineName[]> {
  if (!engines.includes('postgres') || (await postgresAnswers())) return engines
  const sentence = 'No PostgreSQL answers (TEST_DATABASE_URL).'
  if (asked) throw new Error(sentence)
  process.stderr.write(`!!! LEFT OUT: ${sentence} Nothing was measured on it.\n`)
  return engines.filter((engine) => engine !== 'postgres')
}

/** Says what went wrong; the run ends with 1. */
function complain(error: unknown, what = ''): void {
  process.stderr.write(`${what}${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

async function cleanUp(): Promise<void> {
  await killServers()
  await dropStores()
}
