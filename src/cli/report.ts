import { type Command, Option } from 'commander'
import { toCsv } from '../core/csv.ts'
import { type Whom, asking, expected } from './api.ts'
import { asksApi } from './manage.ts'
import { withExamples } from './help.ts'
import { type Cells, printJson, sheet } from './print.ts'
import { type Ask, type CliWorld, Refused } from './world.ts'

interface Options extends Whom {
  from?: string
  to?: string
  timezone?: string
  interval?: string
  event?: string
  steps?: string[]
  limit?: string
  json?: boolean
  csv?: boolean
}

/** A report: of what it is, how it is asked for, and which rows of its answer are a table. */
interface Named {
  of: 'project' | 'link' | 'referrer' | 'campaign' | null
  about: string
  ask(ask: Ask, subject: string, options: Options): Promise<unknown>
  rows(answer: never): readonly Cells[]
}

const REPORTS: Record<string, Named> = {
  overview: ofProject('events, users and event names in all', (answer) => [answer]),
  'top-events': ofProject('the most frequent events', ({ events }) => events as Cells[]),
  'events-timeseries': ofProject('events by hour, day, week or month', ({ series }) => series as Cells[]),
  conversion: ofProject('how many users did an event (--event)', (answer) => [answer]),
  funnel: {
    of: 'project',
    about: 'how many users went which steps (--steps)',
    ask: (ask, projectKey, { steps, from, to }) => expected(ask('POST', '/v1/reports/funnel', { projectKey, steps, from, to })),
    rows: ({ steps }: { steps: Cells[] }) => steps,
  },
  link: {
    of: 'link',
    about: 'clicks of a link, whole and by day, source and referrer',
    ask: (ask, id, options) => expected(ask('GET', `/api/link-tracking/links/${encodeURIComponent(id)}/stats${queryOf(options, ['from', 'to'])}`)),
    rows: ({ by_day }: { by_day: Cells[] }) => by_day,
  },
  campaigns: {
    of: null,
    about: 'captures by campaign, the largest first',
    ask: async (ask, _, options) => ({ campaigns: (await campaigns(ask, options)).rows }),
    rows: ({ campaigns: rows }: { campaigns: Cells[] }) => rows,
  },
  campaign: {
    of: 'campaign',
    about: 'captures of one campaign',
    async ask(ask, name, options) {
      const { rows, truncated } = await campaigns(ask, options)
      const found = rows.find(({ campaign }) => campaign === name)
      if (!found) throw new Refused(truncated ? `${name} is not among the 100 largest campaigns of this time; a narrower --from and --to may show it.` : `There is no capture of ${name} in this time.`)
      return found
    },
    rows: (answer: Cells) => [answer],
  },
  referrer: {
    of: 'referrer',
    about: 'captures of one referrer, whole and by campaign',
    ask: (ask, id, options) => expected(ask('GET', `/api/tracking/referrer/${encodeURIComponent(id)}${queryOf(options, ['from', 'to', 'limit'])}`)),
    rows: ({ events }: { events: Cells[] }) => events,
  },
}

/** `report NAME SUBJECT`: a table on a terminal, or JSON, or CSV. */
export function reportCommand(program: Command, world: CliWorld): void {
  const names = Object.entries(REPORTS).map(([name, { of, about }]) => `  ${`${name}${of === null ? '' : ` <${of}>`}`.padEnd(28)}${about}`)
  withExamples(
    asksApi(program.command('report')),
    ['waymark report top-events 7a11ea0d0001 --limit 3', 'waymark report funnel 7a11ea0d0001 --steps app_open login_success --csv', 'waymark report link first --from 2026-11-01 --json'],
    `Reports:\n${names.join('\n')}`,
  )
    .description('print the numbers of a project, a link, a campaign or a referrer')
    .argument('<name>', 'which report')
    .argument('[subject]', 'of what: a project key, a tracking id or a name')
    .option('--from <time>', 'from this time or day on')
    .option('--to <time>', 'up to this time or day')
    .option('--timezone <zone>', 'whose days they are, such as Europe/Berlin')
    .addOption(new Option('--interval <length>').choices(['hour', 'day', 'week', 'month']))
    .option('--event <name>')
    .option('--steps <names...>', 'events of a funnel, in order')
    .option('--limit <number>')
    .addOption(new Option('--json', 'print the whole answer as JSON').conflicts('csv'))
    .option('--csv', 'print its rows as CSV')
    .action(async (name: string, subject: string | undefined, options: Options) => {
      const report = Object.hasOwn(REPORTS, name) ? REPORTS[name] : undefined
      if (!report) throw new Refused(`There is no report ${name}; there are ${Object.keys(REPORTS).join(', ')}.`, 2)
      if (report.of !== null && subject === undefined) throw new Refused(`Say of which ${report.of}: waymark report ${name} <${report.of}>`, 2)
      const answer = (await asking(world, options, (ask) => report.ask(ask, subject ?? '', options))) as Cells
      if (options.json) return printJson(world.out, answer)
      if (!options.csv) return void world.out.write(sheet(answer))
      const rows = report.rows(answer as never)
      world.out.write(toCsv([...new Set(rows.flatMap(Object.keys))], rows))
    })
}

function ofProject(about: string, rows: (answer: Cells) => readonly Cells[]): Named {
  const named: Named = {
    of: 'project',
    about,
    ask: (ask, projectKey, options) => {
      const name = Object.keys(REPORTS).find((key) => REPORTS[key] === named)
      const query = queryOf({ ...options, projectKey, eventName: options.event }, ['projectKey', 'from', 'to', 'timezone', 'interval', 'eventName', 'limit'])
      return expected(ask('GET', `/v1/reports/${name}${query}`))
    },
    rows,
  }
  return named
}

async function campaigns(ask: Ask, options: Options): Promise<{ rows: Cells[]; truncated: boolean }> {
  const stats = (await expected(ask('GET', `/api/tracking/stats${queryOf(options, ['from', 'to'])}`))) as Record<string, Record<string, number>> & { truncated: boolean }
  const { byCampaign = {}, humanByCampaign = {}, machineByCampaign = {}, truncated } = stats
  return { rows: Object.keys(byCampaign).map((campaign) => ({ campaign, events: byCampaign[campaign], humanEvents: humanByCampaign[campaign], machineEvents: machineByCampaign[campaign] })), truncated }
}

function queryOf(values: object, names: readonly string[]): string {
  const given = Object.entries(values).filter(([name, value]) => names.includes(name) && value !== undefined) as [string, string][]
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}
