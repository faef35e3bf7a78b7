import { Command, CommanderError } from 'commander'
import { Fault } from '../core/errors.ts'
import { FolderHeld } from '../ingest/index.ts'
import { backupCommands } from './backup.ts'
import { seedCommand } from './demo.ts'
import { doctorCommand } from './doctor.ts'
import { exportCommand } from './export.ts'
import { saysJson, withExamples } from './help.ts'
import { importCommand } from './import.ts'
import { manageCommands } from './manage.ts'
import { migrateStoreCommand } from './migrate-store.ts'
import { say } from './print.ts'
import { reportCommand } from './report.ts'
import { type CliWorld, Refused } from './world.ts'

const WRONG_USAGE = 2
const OWN_OPTIONS = ['--help', '-h', '--version', '-V']

/**
 * Runs one command, as it stands behind the program's name, and gives what the process shall end with: 0 done, 1 failed,
 * 2 asked in a way that cannot be, 3 done but for some records. Settings come from the environment, as for the server.
 */
export async function runCommand(args: readonly string[], world: CliWorld): Promise<number> {
  const program = programOf(world)
  try {
    // Without a command's name it is the server that is meant.
    const [first = ''] = args
    const named = first !== '' && (!first.startsWith('-') || OWN_OPTIONS.includes(first))
    await program.parseAsync(named ? args : ['serve', ...args], { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE
    if (error instanceof Refused) {
      world.err.write(`${error.message}\n`)
      return error.code
    }
    world.err.write(`${failure(error)}\n`)
    return 1
  }
}

function programOf(world: CliWorld): Command {
  const program = new Command('waymark')
    .description('Tells people what their links, campaigns, emails and products really do.')
    .version(world.version)
    .showHelpAfterError()
    .configureOutput({ writeOut: (text) => void world.out.write(text), writeErr: (text) => void world.err.write(text) })
    .exitOverride()

  withExamples(program.command('serve'), ['waymark serve', 'PORT=9000 DATA_DIR=/var/lib/waymark waymark serve', 'waymark serve --demo'])
    .description('run the server; what npm start and waymark alone do')
    .option('--demo', 'first fill a store that nobody has used with a story of half a year')
    .action(({ demo = false }: { demo?: boolean }) => world.serve({ demo }))

  withExamples(program.command('edge'), ['ORIGIN_URL=https://waymark.example.com WEBHOOK_API_KEY=your-key waymark edge'])
    .description('run the edge redirector: redirects on a domain of its own, and reports clicks to ORIGIN_URL')
    .action(() => world.edge())

  withExamples(saysJson(program.command('migrate')), ['waymark migrate', 'DATABASE_URL=postgres://waymark@db.example.com/waymark waymark migrate'])
    .description("bring the store's schema up to this version, and nothing else")
    .action(async ({ json }: { json?: boolean }) => {
      const { migrated, close } = await world.open()
      await close()
      say(world.out, json, { taken: migrated }, migrated.length === 0 ? 'The schema is up to date.' : `Taken: ${migrated.join(', ')}`)
    })

  manageCommands(program, world)
  reportCommand(program, world)
  exportCommand(program, world)
  importCommand(program, world)
  backupCommands(program, world)
  migrateStoreCommand(program, world)
  doctorCommand(program, world)
  seedCommand(program, world)
  return program
}

/** A failure as a sentence where it is one; only what nobody foresaw shows a stack. */
function failure(error: unknown): string {
  if (error instanceof FolderHeld) return 'A server runs on this data folder, and the embedded store belongs to one process. Stop the server first. Commands that know --url can ask it instead: --url http://127.0.0.1:8080 --key KEY.'
  if (error instanceof Fault) return [error.message, ...(error.more.errors ?? []).map(({ field, error: text }) => `${field}: ${text}`)].join('\n')
  if (error instanceof Error) return error.name === 'ConfigError' || isOfSystem(error) ? error.message : (error.stack ?? error.message)
  return String(error)
}

function isOfSystem(error: Error): boolean {
  return 'code' in error && /^E[A-Z]+$/.test(String(error.code))
}
