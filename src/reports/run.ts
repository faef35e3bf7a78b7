import { dialectOf } from '../store/dialect.ts'
import type { Row, Sql } from '../store/sql.ts'
import { compile, compileList } from './compile.ts'
import type { EventList, Report } from './report.ts'

/** Answers reports. What was acknowledged before a report is asked is in it. */
export interface Reporter {
  /** The rows of a report: its dimensions and metrics by name; `time` in UTC ms. Throws Fault 'unavailable' when it takes too long. */
  run(report: Report): Promise<Row[]>
  /** The events of a list, newest first. */
  list(list: EventList): Promise<Row[]>
}

/** `settled` ends when the store holds all that was acknowledged. */
export function createReporter(options: {
  sql: Sql
  engine: 'duckdb' | 'postgres'
  settled: (timeoutMs: number) => Promise<void>
  timeoutMs: number
}): Reporter {
  const { sql, settled, timeoutMs } = options
  const dialect = dialectOf(options.engine)
  const answer = async ({ text, values }: ReturnType<typeof compile>): Promise<Row[]> => {
    await settled(timeoutMs)
    return sql.rows(text, values, { timeoutMs })
  }
  return {
    run: (report) => answer(compile(report, dialect)),
    list: (list) => answer(compileList(list)),
  }
}
