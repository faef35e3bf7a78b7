import type { Dialect } from '../store/dialect.ts'
import type { Value } from '../store/sql.ts'
import { EVENTS_WITH_USERS, conditions, parameter } from './compile.ts'
import { USER } from './metrics.ts'
import type { Question, Scope } from './report.ts'

/** What people do right after an event, or did right before it. */
export interface Paths extends Scope {
  eventName: string
  direction: 'after' | 'before'
  /** How many steps away, 1 to 5. */
  steps: number
  limit: number
}

/**
 * Makes the SQL of paths: rows of `step` (1 is next to the event), `event` (null where the person's way ended or began)
 * and `count`, for each step the most frequent first. A way is a person's events in the order of time, then of arrival.
 */
export function compilePaths(paths: Paths, dialect: Dialect): Question {
  const values: Value[] = []
  const terms = conditions(paths, dialect, values)
  const neighbour = paths.direction === 'after' ? 'lead' : 'lag'
  const offsets = Array.from({ length: paths.steps }, (_, at) => at + 1)
  const name = parameter(values, paths.eventName)
  const limit = parameter(values, paths.limit)
  const counted = offsets.map(
    (step) => `  select ${step} as step, way_${step} as event, count(*) as count,
    row_number() over (order by count(*) desc, way_${step}) as place
  from ways where name = ${name}${step === 1 ? '' : ` and way_${step - 1} is not null`} group by way_${step}`,
  )
  const text = `with ways as (
  select name, ${offsets.map((step) => `${neighbour}(name, ${step}) over way as way_${step}`).join(', ')}
  from (select ${USER} as walker, name, ts, seq from ${EVENTS_WITH_USERS} where ${terms} and person is not null) walked
  window way as (partition by walker order by ts, seq)
), counted as (
${counted.join('\n  union all\n')}
)
select step, event, count from counted where place <= ${limit} order by step, place`
  return { text, values, scope: paths }
}
