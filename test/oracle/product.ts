// The product family's reports, worked out in memory from what was sent, by the words of the contract alone.
import { type Interval, beginningOf, bucketOf, bucketsIn, dateAt, periodOf, periodsBetween } from './calendar.ts'

/** An event as a product sends it. */
export interface SentEvent {
  eventName: string
  timestamp?: unknown
  anonymousId?: string
  userId?: string
  properties?: Record<string, unknown>
  eventId?: string
}

/** What every report is asked with; times are UTC ms, the ends of the range open where null. */
export interface Scope {
  from: number | null
  to: number | null
  timezone: string
  /** Properties and the texts they must have. */
  filter: Record<string, string>
}

interface Fact {
  at: number
  name: string
  user: string
  properties: Record<string, unknown>
}

const DAY = 86_400_000

/** Answers reports on the events of one project, given in the order in which they arrived, all at one moment (UTC ms). */
export function oracleOf(sent: readonly SentEvent[], arrived: number) {
  const facts = factsOf(sent, arrived)

  const inScope = ({ from, to, filter }: Scope): Fact[] =>
    facts.filter(
      ({ at, properties }) => (from === null || at >= from) && (to === null || at < to) && Object.entries(filter).every(([key, wanted]) => textOf(properties[key]) === wanted),
    )
  /** The ways of all users: their events by time, those of one moment as they arrived. */
  const ways = (scope: Scope): Fact[][] => [...groups(inScope(scope), (fact) => fact.user).values()].map((way) => way.toSorted((a, b) => a.at - b.at))

  return {
    overview(scope: Scope) {
      const found = inScope(scope)
      return { totalEvents: found.length, uniqueUsers: usersOf(found), uniqueEventNames: new Set(found.map((fact) => fact.name)).size }
    },

    topEvents(scope: Scope, limit: number) {
      const all = [...groups(inScope(scope), (fact) => fact.name)].map(([eventName, found]) => ({ eventName, count: found.length, uniqueUsers: usersOf(found) }))
      return { events: all.sort((a, b) => b.count - a.count || byText(a.eventName, b.eventName)).slice(0, limit) }
    },

    series(scope: Scope, interval: Interval, eventName: string | null) {
      const found = inScope(scope).filter((fact) => eventName === null || fact.name === eventName)
      const times = found.map((fact) => fact.at)
      if (found.length === 0 && (scope.from === null || scope.to === null)) return { series: [] }
      const from = scope.from ?? Math.min(...times)
      const to = scope.to ?? Math.max(...times) + 1
      const buckets = groups(found, (fact) => bucketOf(scope.timezone, interval, fact.at))
      return {
        series: bucketsIn(scope.timezone, interval, from, to).map((at) => {
          const here = buckets.get(at) ?? []
          return { timestamp: new Date(at).toISOString(), count: here.length, uniqueUsers: usersOf(here) }
        }),
      }
    },

    funnel(scope: Scope, steps: readonly string[], windowMs: number | null) {
      const passed = ways(scope).map((way) => passing(way, steps, windowMs))
      return {
        steps: steps.map((eventName, at) => {
          const users = passed.filter((times) => times.length > at).length
          const before = at === 0 ? users : passed.filter((times) => times.length >= at).length
          const first = passed.filter((times) => times.length > 0).length
          const gaps = passed.filter((times) => times.length > at).map((times) => (times[at] as number) - (times[at - 1] ?? 0))
          return {
            step: at + 1,
            eventName,
            users,
            conversionRate: percent(users, first),
            stepConversionRate: percent(users, before),
            dropOff: before - users,
            medianSeconds: at === 0 || gaps.length === 0 ? null : Math.round(median(gaps)) / 1000,
          }
        }),
      }
    },

    conversion(scope: Scope, eventName: string) {
      const found = inScope(scope)
      const totalUsers = usersOf(found)
      const convertedUsers = usersOf(found.filter((fact) => fact.name === eventName))
      return { eventName, totalUsers, convertedUsers, conversionRate: percent(convertedUsers, totalUsers) }
    },

    retention(scope: Scope, interval: 'day' | 'week', periods: number) {
      const cohorts = new Map<string, number[]>()
      for (const way of ways(scope)) {
        const seen = [...new Set(way.map((fact) => periodOf(interval, dateAt(scope.timezone, fact.at))))].sort()
        const [first] = seen as [string]
        const counts = cohorts.get(first) ?? Array.from({ length: periods + 1 }, () => 0)
        for (const later of seen) {
          const period = periodsBetween(interval, first, later)
          if (period <= periods) counts[period] = (counts[period] as number) + 1
        }
        cohorts.set(first, counts)
      }
      return {
        interval,
        cohorts: [...cohorts].sort(([a], [b]) => byText(a, b)).map(([period, counts]) => ({
          cohort: new Date(beginningOf(scope.timezone, period)).toISOString(),
          users: counts[0] as number,
          periods: counts.map((users, at) => ({ period: at, users, rate: percent(users, counts[0] as number) })),
        })),
      }
    },

    paths(scope: Scope, { eventName, direction, steps, limit }: { eventName: string; direction: 'after' | 'before'; steps: number; limit: number }) {
      const counted = Array.from({ length: steps }, () => new Map<string | null, number>())
      for (const way of ways(scope)) {
        way.forEach((fact, at) => {
          if (fact.name !== eventName) return
          for (let step = 1; step <= steps; step++) {
            const next = way[direction === 'after' ? at + step : at - step]?.name ?? null
            const counts = counted[step - 1] as Map<string | null, number>
            counts.set(next, (counts.get(next) ?? 0) + 1)
            if (next === null) break
          }
        })
      }
      return {
        eventName,
        direction,
        steps: counted.map((counts, at) => ({
          step: at + 1,
          events: [...counts]
            .sort(([a, x], [b, y]) => y - x || (a === null ? 1 : b === null ? -1 : byText(a, b)))
            .slice(0, limit)
            .map(([name, count]) => ({ eventName: name, count })),
        })),
      }
    },

    /** The open question by one thing: the event's name, a property (null where it has none), or time without empty buckets. */
    query(scope: Scope, by: 'event' | 'time' | `property:${string}`, interval: Interval) {
      const keyOf = (fact: Fact): string | null => {
        if (by === 'event') return fact.name
        if (by === 'time') return new Date(bucketOf(scope.timezone, interval, fact.at)).toISOString()
        return textOf(fact.properties[by.slice('property:'.length)])
      }
      const rows = [...groups(inScope(scope), keyOf)].map(([key, found]) => ({
        [by.startsWith('property:') ? 'property' : by]: key,
        events: found.length,
        users: usersOf(found),
        event_names: new Set(found.map((fact) => fact.name)).size,
      }))
      const name = by.startsWith('property:') ? 'property' : by
      const keyOrder = (a: (typeof rows)[number], b: (typeof rows)[number]): number => {
        const [x, y] = [a[name] as string | null, b[name] as string | null]
        return x === null ? 1 : y === null ? -1 : byText(x, y)
      }
      return { rows: rows.sort((a, b) => (by === 'time' ? keyOrder(a, b) : b.events - a.events || keyOrder(a, b))) }
    },
  }
}

/** What is stored of what was sent: each event id once, whom each anonymous id was first seen with, and only what has a time. */
function factsOf(sent: readonly SentEvent[], arrived: number): Fact[] {
  const ids = new Set<string>()
  const stored = sent.filter(({ eventId }) => {
    if (eventId === undefined) return true
    if (ids.has(eventId)) return false
    ids.add(eventId)
    return true
  })
  const known = new Map<string, string>()
  for (const { anonymousId, userId } of stored) if (anonymousId && userId && !known.has(anonymousId)) known.set(anonymousId, userId)
  return stored.flatMap(({ eventName, timestamp, anonymousId, userId, properties = {} }) => {
    const told = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN
    if (Number.isNaN(told)) return []
    // A clock that runs more than a day ahead is not believed.
    const at = told > arrived + DAY ? arrived : told
    const named = userId ?? known.get(anonymousId as string)
    return [{ at, name: eventName, user: named === undefined ? `anonymous ${anonymousId}` : `user ${named}`, properties }]
  })
}

/** The moments at which a way passes the steps, as far as it comes: each by the first event after the one that passed the step before. */
function passing(way: readonly Fact[], steps: readonly string[], windowMs: number | null): number[] {
  const times: number[] = []
  for (const { name, at } of way) {
    if (windowMs !== null && times[0] !== undefined && at > times[0] + windowMs) break
    if (name === steps[times.length]) times.push(at)
  }
  return times
}

function usersOf(facts: readonly Fact[]): number {
  return new Set(facts.map((fact) => fact.user)).size
}

function groups<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const found = new Map<K, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = found.get(key)
    if (group) group.push(item)
    else found.set(key, [item])
  }
  return found
}

/** A property's value as text; null where it has none. */
function textOf(value: unknown): string | null {
  return value === undefined || value === null ? null : String(value)
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 100
}

/** By code points, as UTF-8 sorts. */
function byText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
