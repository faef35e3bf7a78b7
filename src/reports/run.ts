import { Fault } from '../core/errors.ts'
import { HOUR_MS } from '../core/time.ts'
import { type Interval, type Shift, shiftsOf } from '../core/zones.ts'
import { type Dialect, dialectOf } from '../store/dialect.ts'
import { EVENTS_STATE } from '../store/events.ts'
import type { Row, Sql, Statement, Value } from '../store/sql.ts'
import { MAX_BUCKETS, bucketCount, bucketMoment, fill } from './buckets.ts'
import { type State, cached } from './cache.ts'
import { type Compiling, compile, compileBreakdown, compileList, compileTogether } from './compile.ts'
import type { PlainDimension } from './dimensions.ts'
import { type Funnel, compileFunnel } from './funnel.ts'
import { compileNews, stillHolds } from './news.ts'
import { type Paths, compilePaths } from './paths.ts'
import type { Breakdown, EventList, Question, Report, Scope } from './report.ts'
import { type Retention, compileRetention } from './retention.ts'

/** Answers reports. What was acknowledged before a report is asked is in it. Throws Fault 'unavailable' when it takes too long. */
export interface Reporter {
  /** The rows of a report: its dimensions and metrics by name; `time` is the moment (UTC ms) at which a bucket begins. */
  run(report: Report): Promise<Row[]>
  /** A report by time, with zeros where nothing happened. Throws Fault 'invalid' when it has more than 10,000 buckets. */
  series(report: Report): Promise<(Row & { time: number })[]>
  /** The whole, and of each part its largest rows; `more` where there are others. */
  breakdown<P extends PlainDimension>(breakdown: Breakdown & { parts: readonly P[] }): Promise<{ total: Row; parts: Record<P, { rows: Row[]; more: boolean }> }>
  /** The events of a list, newest first. */
  list(list: EventList): Promise<Row[]>
  /** The rows of each of several questions about the events of a scope, in one statement: their numbers are of one moment. Time buckets are by the scope's zone, UTC unless told. */
  together(scope: Scope & { timezone?: string }, questions: readonly (Report | EventList)[]): Promise<Row[][]>
  /** For each step its users, and the median time from the step before in ms. */
  funnel(funnel: Funnel): Promise<{ users: number; median_ms: number | null }[]>
  /** For each cohort (its beginning in UTC ms) the users of each period, 0 the first. */
  retention(retention: Retention & { timezone?: string }): Promise<{ cohort: number; users: number[] }[]>
  /** For each step away the events there, the most frequent first. */
  paths(paths: Paths): Promise<{ step: number; event: string | null; count: number }[]>
  /** The same reports with all that was acknowledged, however old the answers of others may be. */
  fresh(): Reporter
  /** Does the work with a reporter that watches, and gives each statement that it asked, in order, with the engine's plan and times. In development alone. */
  explained: ((work: (reporter: Reporter) => Promise<unknown>) => Promise<Explained[]>) | null
}

/** One statement as it was asked, and how the engine went about it. */
export interface Explained {
  sql: string
  parameters: readonly Value[]
  plan: string
}

/** Asks a question and gives the rows of its answer. */
type Ask = <T = Row>(question: Question) => Promise<T[]>

/** `settled` ends when the store holds all that was acknowledged. */
export function createReporter(options: {
  sql: Sql
  engine: 'duckdb' | 'postgres'
  settled: (timeoutMs: number) => Promise<void>
  timeoutMs: number
  /** How old an answer may be although the store has changed since; 0: not at all. */
  cacheMs: number
  /** Whether reports may be explained: not in production. */
  explains?: boolean
}): Reporter {
  const { sql, settled, timeoutMs, explains = false } = options
  const dialect = dialectOf(options.engine)
  const rowsOf = ({ text, values }: Statement, holds?: number): Promise<Row[]> => sql.rows<Row>(text, values, { timeoutMs, ...(holds === undefined ? {} : { holds }) })
  const state = async (): Promise<State> => {
    await settled(timeoutMs)
    const [row] = await sql.rows<State>(`select state, ${dialect.server} as server from (${EVENTS_STATE}) events`)
    if (!row) throw new Error('the events have no number')
    return row
  }
  const holds = async (question: Question, after: number, through: number): Promise<boolean> => {
    const news = compileNews(question, { after, through }, dialect)
    return news !== null && stillHolds(await rowsOf(news, through), { after, through })
  }
  const answer = cached(rowsOf, { state, holds, ms: options.cacheMs, now: () => performance.now() })
  const ask = async (statement: Statement): Promise<Row[]> => {
    await settled(timeoutMs)
    return rowsOf(statement)
  }
  const explained: Reporter['explained'] = explains ? (work) => explain(work, ask, dialect) : null
  const by = (isFresh: boolean): Questions => reporterBy(((question) => answer(question, isFresh)) as Ask, dialect)
  const fresh: Reporter = { ...by(true), explained, fresh: () => fresh }
  return { ...by(false), explained, fresh: () => fresh }
}

/** What reports are asked by. */
type Questions = Omit<Reporter, 'fresh' | 'explained'>

function reporterBy(answer: Ask, dialect: Dialect): Questions {
  /** The range with its open ends closed by the first and last event, or null when there is none. */
  const closed = async ({ where, with: present, properties = {}, range }: Scope): Promise<{ from: number; to: number } | null> => {
    const { from, to } = range
    if (from !== null && to !== null) return { from, to }
    // Of the scope alone: a report broken down would have the edges of its first group.
    const [edges] = await answer<{ first_at: number | null; last_at: number | null }>(compile({ where, with: present, properties, range, metrics: ['first_at', 'last_at'] }, { dialect, shifts: [] }))
    if (!edges || edges.first_at === null || edges.last_at === null) return null
    return { from: from ?? edges.first_at, to: to ?? edges.last_at + 1 }
  }

  const compiling = async (scope: Scope, zone: string | undefined): Promise<Compiling> => ({ dialect, shifts: await shiftsIn(scope, zone) })
  const shiftsIn = async (scope: Scope, zone = 'UTC'): Promise<Shift[]> => {
    if (zone === 'UTC') return []
    const range = await closed(scope)
    // The bucket of the first event begins up to an hour before it, and clocks may have been set within that.
    return range === null ? [] : shiftsOf(zone, range.from - HOUR_MS, range.to)
  }

  const run = async (report: Report): Promise<Row[]> => {
    const byTime = report.by?.includes('time') ?? false
    const rows = await answer(compile(report, await compiling(report, byTime ? report.timezone : 'UTC')))
    return byTime ? placed(rows, report, report.timezone) : rows
  }
  /** Rows by time, with the moment at which each one's bucket begins. */
  const placed = (rows: Row[], { interval = 'day' }: Report, zone = 'UTC'): Row[] => rows.map((row) => ({ ...row, time: bucketMoment(interval, zone, row.time as number) }))

  return {
    run,
    async series(report) {
      const interval = report.interval ?? 'day'
      const zone = report.timezone ?? 'UTC'
      // A range that events set, such as those of a clock that stands at 1970, is nobody's mistake: it is left unfilled.
      const field = report.interval === undefined ? 'from' : 'interval'
      const buckets = report.range.from === null || report.range.to === null ? 0 : bucketCount(interval, report.range.from, report.range.to)
      if (buckets > MAX_BUCKETS) throw tooMany(interval, buckets, field)
      const range = zone === 'UTC' ? report.range : await closed(report)
      if (range === null) return []
      const rows = (await run({ ...report, range, by: ['time'], limit: MAX_BUCKETS + 1 })) as (Row & { time: number })[]
      // Of more than fit the newest would be missing, with nobody told.
      if (rows.length > MAX_BUCKETS) throw tooMany(interval, rows.length, field)
      const empty = Object.fromEntries(report.metrics.map((name) => [name, 0]))
      return fill(rows, range, interval, zone, empty) as (Row & { time: number })[]
    },
    async breakdown(breakdown) {
      const { parts, limit } = breakdown
      const rows = await answer<Row & { part: number }>(compileBreakdown(breakdown, dialect))
      const whole = 2 ** parts.length - 1
      const rowsOf = (bits: number): Row[] => rows.filter(({ part }) => part === bits)
      const parted = parts.map((name, at) => {
        const own = rowsOf(whole - 2 ** (parts.length - 1 - at))
        return [name, { rows: own.slice(0, limit), more: own.length > limit }]
      })
      return { total: rowsOf(whole)[0] as Row, parts: Object.fromEntries(parted) }
    },
    list: (list) => answer(compileList(list, dialect)),
    async together(scope, questions) {
      const answers = await answer<{ question: number; answer: string }>(compileTogether(scope, questions, await compiling(scope, scope.timezone)))
      return questions.map((question, at) => {
        const rows = answers.flatMap((row) => (row.question === at ? [JSON.parse(row.answer) as Row] : []))
        return 'by' in question && question.by?.includes('time') ? placed(rows, question, scope.timezone) : rows
      })
    },
    funnel: (funnel) => answer(compileFunnel(funnel, dialect)),
    async retention(retention) {
      const rows = await answer<{ cohort: number; period: number; users: number }>(compileRetention(retention, await compiling(retention, retention.timezone)))
      const cohorts = new Map<number, number[]>()
      for (const { cohort, period, users } of rows) {
        const periods = cohorts.get(cohort) ?? Array.from({ length: retention.periods + 1 }, () => 0)
        periods[period] = users
        cohorts.set(cohort, periods)
      }
      return [...cohorts].map(([cohort, users]) => ({ cohort: bucketMoment(retention.interval, retention.timezone ?? 'UTC', cohort), users }))
    },
    paths: (paths) => answer(compilePaths(paths, dialect)),
  }
}

async function explain(work: (reporter: Reporter) => Promise<unknown>, ask: (statement: Statement) => Promise<Row[]>, dialect: Dialect): Promise<Explained[]> {
  const asked: Statement[] = []
  const noting = (statement: Statement): Promise<Row[]> => {
    asked.push(statement)
    return ask(statement)
  }
  const reporter: Reporter = { ...reporterBy(noting as Ask, dialect), fresh: () => reporter, explained: null }
  await work(reporter)
  return Promise.all(asked.map(async ({ text, values = [] }) => ({ sql: text, parameters: values, plan: planOf(await ask({ text: `explain analyze ${text}`, values })) })))
}

/** Either engine gives the plan's text in its last column. */
function planOf(rows: readonly Row[]): string {
  return rows.map((row) => String(Object.values(row).at(-1))).join('\n')
}

/** `field`: the one that may be chosen otherwise. */
function tooMany(interval: Interval, buckets: number, field: 'interval' | 'from'): Fault {
  return new Fault('invalid', `The range has about ${buckets} ${interval}s; at most ${MAX_BUCKETS} fit. Ask for a shorter range${field === 'interval' ? ' or a wider interval' : ''}.`, {
    errors: [{ field, error: `gives more than ${MAX_BUCKETS} buckets` }],
  })
}
