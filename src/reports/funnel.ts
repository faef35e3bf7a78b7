import type { Dialect } from '../store/dialect.ts'
import type { Statement, Value } from '../store/sql.ts'
import { EVENTS_WITH_USERS, USER, conditions, parameter } from './compile.ts'
import type { Scope } from './report.ts'

/** How far people come on a way of named events. */
export interface Funnel extends Scope {
  /** 2 to 20 event names. */
  steps: readonly string[]
  /** How long after a person's first step the others count, in ms; no bound when null. */
  windowMs: number | null
}

/** Steps between which a funnel's rows are held in full; 4 take 0.1 s to plan where 20 in one piece take 3 s. */
const PIECE = 4

/**
 * Makes a funnel's SQL: one row a step with `users` and `median_ms`, the median time from the step before (null for the
 * first). Events are walked by person in the order of time, then of arrival; one passes a step when it has the step's
 * name and an earlier one has passed the step before, so that ties are decided and no event counts twice.
 */
export function compileFunnel(funnel: Funnel, dialect: Dialect): Statement {
  const values: Value[] = []
  const scope = conditions({ ...funnel, where: { ...funnel.where, name: [...new Set(funnel.steps)] } }, dialect, values)
  const ctes = [`walked as (\n  select ${USER} as walker, name, ts, id\n  from ${EVENTS_WITH_USERS}\n  where ${scope} and person is not null\n)`]
  funnel.steps.forEach((name, at) => {
    const wanted = `name = ${parameter(values, name)}`
    if (at === 0) {
      ctes.push(`step_1 as (select *, ${wanted} as passed_1 from walked)`)
      return
    }
    const within = funnel.windowMs === null ? '' : ` and ts <= min(ts) filter (where passed_1) over earlier + ${parameter(values, funnel.windowMs)}`
    // DuckDB pushes filters through nested windows at a cost that doubles with each of them, so a long way is cut in pieces.
    ctes.push(`step_${at + 1} as ${(at + 1) % PIECE === 0 ? 'materialized ' : ''}(
  select *, ${wanted} and min(ts) filter (where passed_${at}) over earlier is not null${within} as passed_${at + 1} from step_${at}
  window earlier as (partition by walker order by ts, id rows between unbounded preceding and 1 preceding)
)`)
  })
  const steps = funnel.steps.map((_, at) => at + 1)
  ctes.push(`times as (\n  select ${steps.map((step) => `min(ts) filter (where passed_${step}) as at_${step}`).join(', ')} from step_${steps.length} group by walker\n)`)
  const rows = steps.map((step) => {
    const median = step === 1 ? 'cast(null as double precision)' : `percentile_cont(0.5) within group (order by at_${step} - at_${step - 1})`
    return `select ${step} as step, count(at_${step}) as users, ${median} as median_ms from times`
  })
  return { text: `with ${ctes.join(',\n')}\n${rows.join('\nunion all\n')}\norder by step`, values }
}
