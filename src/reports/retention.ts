import type { Interval } from '../core/zones.ts'
import type { Value } from '../store/sql.ts'
import { type Compiling, EVENTS_WITH_USERS, conditions, parameter } from './compile.ts'
import { bucketStart } from './dimensions.ts'
import { USER } from './metrics.ts'
import type { Question, Scope } from './report.ts'

/** Who of those that first came in one period came again in a later one. */
export interface Retention extends Scope {
  /** Width of the periods. */
  interval: Extract<Interval, 'day' | 'week'>
  /** Periods after the first to look at. */
  periods: number
}

/**
 * Makes a retention's SQL: rows of `cohort` (the period of a person's first event in range, as `bucketStart` gives it),
 * `period` (how many periods later, 0 for the first) and `users`.
 */
export function compileRetention(retention: Retention, { dialect, shifts }: Compiling): Question {
  const values: Value[] = []
  const width = retention.interval === 'week' ? 604_800_000 : 86_400_000
  const text = `with seen as (
  select distinct ${USER} as walker, ${bucketStart(dialect, retention.interval, shifts)} as bucket
  from ${EVENTS_WITH_USERS}
  where ${conditions(retention, dialect, values)} and person is not null
), first_seen as (
  select walker, min(bucket) as cohort from seen group by walker
)
select cohort, ${dialect.divide('bucket - cohort', width)} as period, count(*) as users
from seen join first_seen using (walker)
where bucket - cohort <= ${parameter(values, retention.periods * width)}
group by 1, 2
order by 1, 2`
  return { text, values, scope: retention }
}
