import type { Dialect } from '../store/dialect.ts'
import type { Value } from '../store/sql.ts'
import { EVENTS_WITH_USERS, conditions, parameter } from './compile.ts'
import { USER } from './metrics.ts'
import type { Question, Scope } from './report.ts'

/** How far people come on a way of named events. */
export interface Funnel extends Scope {
  /** 2 to 20 event names. */
  steps: readonly string[]
  /** How long after a person's first step the others count, in ms; no bound when null. */
  windowMs: number | null
}

/**
 * Makes a funnel's SQL: one row a step with `users` and `median_ms`, the median time from the step before (null for the
 * first). Events get places in the order of time, then of arrival, and each step takes a person's first event of its
 * name behind the one that passed the step before, so that ties are decided and no event counts twice. The first such
 * event is also the best for all steps after it and for the window, so one event a person and step is enough to carry on.
 * Names become numbers once, where events are read: every step goes over all that were, and a number is sooner compared.
 */
export function compileFunnel(funnel: Funnel, dialect: Dialect): Question {
  const values: Value[] = []
  const names = [...new Set(funnel.steps)]
  const numbered = names.map((name, at) => `(${parameter(values, name)}::text, ${at})`).join(', ')
  const ctes = [
    `walked as materialized (\n  select ${USER} as walker, which, ts, ${dialect.ordered('ts', 'seq')} as place\n  from ${EVENTS_WITH_USERS}\n  join (values ${numbered}) as names (wanted, which) on name = wanted\n  where ${conditions(funnel, dialect, values)} and person is not null\n)`,
  ]
  funnel.steps.forEach((name, at) => {
    const wanted = `which = ${names.indexOf(name)}`
    if (at === 0) {
      ctes.push(`step_1 as materialized (\n  select walker, min(place) as place, min(ts) as began, min(ts) as reached, cast(null as bigint) as took\n  from walked where ${wanted} group by walker\n)`)
      return
    }
    const within = funnel.windowMs === null ? '' : ` and walked.ts <= before.began + ${parameter(values, funnel.windowMs)}`
    ctes.push(`step_${at + 1} as materialized (
  select walker, min(walked.place) as place, min(before.began) as began, min(walked.ts) as reached, min(walked.ts) - min(before.reached) as took
  from step_${at} before join walked using (walker)
  where ${wanted} and walked.place > before.place${within} group by walker
)`)
  })
  const rows = funnel.steps.map((_, at) => `select ${at + 1} as step, count(*) as users, percentile_cont(0.5) within group (order by took) as median_ms from step_${at + 1}`)
  const scope = { ...funnel, where: { ...funnel.where, name: names } }
  return { text: `with ${ctes.join(',\n')}\n${rows.join('\nunion all\n')}\norder by step`, values, scope }
}
