import { iso } from '../core/time.ts'
import type { Interval } from '../core/zones.ts'
import type { Reporter, Scope } from '../reports/index.ts'

/** A report's scope on one project, in a zone. */
export type Question = Scope & { timezone: string }

const projectOf = (question: Question): string => question.where.project as string
const isoOrNull = (time: number | null): string | null => (time === null ? null : iso(time))

/** Events, users and event names in all. */
export async function overview(reporter: Reporter, question: Question) {
  // Two statements, each with one kind of thing to tell apart, are faster than one with both.
  const [[row], [names]] = await Promise.all([reporter.run({ ...question, metrics: ['events', 'users'] }), reporter.run({ ...question, metrics: ['event_names'] })])
  return {
    projectKey: projectOf(question),
    from: isoOrNull(question.range.from),
    to: isoOrNull(question.range.to),
    totalEvents: row?.events as number,
    uniqueUsers: row?.users as number,
    uniqueEventNames: names?.event_names as number,
  }
}

/** The most frequent events. */
export async function topEvents(reporter: Reporter, question: Question, limit: number) {
  const rows = await reporter.run({ ...question, metrics: ['events', 'users'], by: ['event'], limit })
  return { projectKey: projectOf(question), events: rows.map((row) => ({ eventName: row.event as string, count: row.events as number, uniqueUsers: row.users as number })) }
}

/** Events by time, of one name or all, with zeros where nothing happened. */
export async function timeSeries(reporter: Reporter, question: Question, interval: Interval, eventName: string | null) {
  const where = eventName === null ? question.where : { ...question.where, name: eventName }
  const rows = await reporter.series({ ...question, where, metrics: ['events', 'users'], interval })
  return { projectKey: projectOf(question), interval, series: rows.map((row) => ({ timestamp: iso(row.time), count: row.events as number, uniqueUsers: row.users as number })) }
}

/** How many users come how far on a way of events. */
export async function funnel(reporter: Reporter, question: Question, steps: readonly string[], windowMs: number | null) {
  const rows = await reporter.funnel({ ...question, steps, windowMs })
  const first = rows[0]?.users ?? 0
  return {
    projectKey: projectOf(question),
    steps: rows.map(({ users, median_ms }, at) => {
      const before = rows[at - 1]?.users ?? users
      return {
        step: at + 1,
        eventName: steps[at] as string,
        users,
        conversionRate: percent(users, first),
        stepConversionRate: percent(users, before),
        dropOff: before - users,
        medianSeconds: median_ms === null ? null : Math.round(median_ms) / 1000,
      }
    }),
  }
}

/** Of all users, those that have an event of a name. */
export async function conversion(reporter: Reporter, question: Question, eventName: string) {
  const [[all], [converted]] = await Promise.all([
    reporter.run({ ...question, metrics: ['users'] }),
    reporter.run({ ...question, where: { ...question.where, name: eventName }, metrics: ['users'] }),
  ])
  const totalUsers = all?.users as number
  const convertedUsers = converted?.users as number
  return { projectKey: projectOf(question), eventName, totalUsers, convertedUsers, conversionRate: percent(convertedUsers, totalUsers) }
}

/** Of those that first came in a period, how many came again in each period after it. */
export async function retention(reporter: Reporter, question: Question, interval: 'day' | 'week', periods: number) {
  const cohorts = await reporter.retention({ ...question, interval, periods })
  return {
    projectKey: projectOf(question),
    interval,
    cohorts: cohorts.map(({ cohort, users }) => ({
      cohort: iso(cohort),
      users: users[0] as number,
      periods: users.map((count, period) => ({ period, users: count, rate: percent(count, users[0] as number) })),
    })),
  }
}

/** What people do right after an event, or did right before it. */
export async function paths(reporter: Reporter, question: Question, wanted: { eventName: string; direction: 'after' | 'before'; steps: number; limit: number }) {
  const rows = await reporter.paths({ ...question, ...wanted })
  const steps = Array.from({ length: wanted.steps }, (_, at) => ({
    step: at + 1,
    events: rows.filter((row) => row.step === at + 1).map(({ event, count }) => ({ eventName: event, count })),
  }))
  return { projectKey: projectOf(question), eventName: wanted.eventName, direction: wanted.direction, steps }
}

/** A share in percent, two decimals; 0 of nothing. */
function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 100
}
