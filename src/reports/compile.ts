import type { Dialect } from '../store/dialect.ts'
import { EVENT_COLUMNS, type EventColumn } from '../store/events.ts'
import type { Statement, Value } from '../store/sql.ts'
import { DIMENSIONS } from './dimensions.ts'
import { METRICS } from './metrics.ts'
import type { EventList, Range, Report, Where } from './report.ts'

/** Rows a report has at most when it names no limit. */
const MAX_ROWS = 10_000

/** Makes a report's SQL: names come from the dictionaries, all that a caller chose is a parameter. */
export function compile(report: Report, dialect: Dialect): Statement {
  const values: Value[] = []
  const by = report.by ?? []
  const groups = by.map((name) => `${DIMENSIONS[name](dialect, report.interval ?? 'day')} as ${name}`)
  const metrics = report.metrics.map((name) => `${METRICS[name]} as ${name}`)
  const lines = [`select ${[...groups, ...metrics].join(', ')}`, 'from events', `where ${conditions(report.where, report.range, values)}`]
  if (by.length > 0) {
    const order = by.includes('time') ? 'time' : `${report.metrics[0]} desc, ${by.join(', ')}`
    lines.push(`group by ${by.map((_, at) => at + 1).join(', ')}`, `order by ${order}`, `limit ${parameter(values, report.limit ?? MAX_ROWS)}`)
  }
  return { text: lines.join('\n'), values }
}

/** Makes the SQL of a list of single events, newest first. Throws when a column is none of the events'. */
export function compileList(list: EventList): Statement {
  const values: Value[] = []
  const unknown = list.columns.find((name) => !(name in EVENT_COLUMNS))
  if (unknown !== undefined) throw new Error(`events have no column ${unknown}`)
  const lines = [
    `select ${(list.columns as EventColumn[]).join(', ')}`,
    'from events',
    `where ${conditions(list.where, list.range, values)}`,
    'order by ts desc, id desc',
    `limit ${parameter(values, list.limit)}`,
  ]
  return { text: lines.join('\n'), values }
}

function conditions(where: Where, range: Range, values: Value[]): string {
  const terms = Object.entries(where).map(([column, wanted]) =>
    Array.isArray(wanted) ? `${column} = any(${parameter(values, wanted)}::text[])` : `${column} = ${parameter(values, wanted as string | boolean)}`,
  )
  // An event without a time is in no report.
  terms.push(range.from === null ? 'ts is not null' : `ts >= ${parameter(values, range.from)}`)
  if (range.to !== null) terms.push(`ts < ${parameter(values, range.to)}`)
  return terms.join('\n  and ')
}

function parameter(values: Value[], value: Value): string {
  values.push(value)
  return `$${values.length}`
}
