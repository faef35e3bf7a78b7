import type { Dialect } from '../store/dialect.ts'
import type { Row, Statement, Value } from '../store/sql.ts'
import { conditions, parameter } from './compile.ts'
import type { Question, Scope } from './report.ts'

/** Reading more than this again would cost as much as the answers it may save. */
const MOST = 100_000

/** The states of the events (`EVENTS_STATE`) behind which, and up to which, something came. */
export interface Span {
  after: number
  through: number
}

/**
 * Makes the SQL that looks for what an answer lacks that was given in the first of two states: one row with `added`, all
 * events that came since, and `concerning`, those of the question's scope. Where the question looks up who is who, events
 * that may tell it concern it too. Null where too much has come.
 */
export function compileNews({ text, scope }: Question, span: Span, dialect: Dialect): Statement | null {
  if (span.through - span.after > MOST) return null
  const values: Value[] = [span.after, span.through]
  const own = conditions(scope, dialect, values)
  const concerning = text.includes('person_aliases') ? `(${own}) or (${telling(scope, values)})` : own
  return { text: `select count(*) as added, count(*) filter (where ${concerning}) as concerning\nfrom events\nwhere seq > $1\n  and seq <= $2`, values }
}

/** The terms of events that may tell who somebody of a scope is, in whatever event they are in the scope themselves. */
function telling({ where: { project } }: Scope, values: Value[]): string {
  const both = 'user_id is not null and anonymous_id is not null'
  return typeof project === 'string' ? `${both} and project = ${parameter(values, project)}` : both
}

/**
 * Whether an answer still holds after what came. Each event that comes takes one number, and whatever else is done to events
 * takes one that no event has; so where events and numbers differ, more was done than adding.
 */
export function stillHolds([news]: readonly Row[], { after, through }: Span): boolean {
  return news !== undefined && news.added === through - after && news.concerning === 0
}
