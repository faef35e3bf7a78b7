import { Fault } from '../core/errors.ts'
import { deeperThan } from '../core/text.ts'
import { type Scope, before, passedBefore, rangeOf, zoneOf } from '../reports/index.ts'

/** The parts of a question that every report has, as the request says them. */
export interface Asked {
  projectKey?: unknown
  from?: unknown
  to?: unknown
  timezone?: unknown
  filter?: unknown
}

const FILTERS = 10
const KEY_MAX = 255
const VALUE_MAX = 1_000

/** The scope of a report on a project. Throws Fault 'invalid' naming the field. */
export function scopeOf(project: string, asked: Asked): Scope & { timezone: string } {
  return { where: { project }, properties: filtersOf(asked.filter), range: rangeOf({ from: unset(asked.from), to: unset(asked.to) }), timezone: zoneOf(asked.timezone) }
}

/** The same question about the period before: all of it, or as much as has passed of its own by `now` (UTC ms). Throws Fault 'invalid' for an open range. */
export function earlier<Q extends Scope & { timezone: string }>(question: Q, now: number | null): Q {
  const { range, timezone } = question
  if (range.from === null || range.to === null) throw wrong('compare', 'needs from and to')
  const period = { from: range.from, to: range.to, zone: timezone }
  const { from, to } = now === null ? before(period) : passedBefore(period, now)
  return { ...question, range: { from, to } }
}

/** What a form leaves empty is not there. */
function unset(given: unknown): unknown {
  return given === '' ? undefined : given
}

/** Fault 'invalid' for a field. */
export function wrong(field: string, error: string): Fault {
  return new Fault('invalid', `${field} ${error}.`, { errors: [{ field, error }] })
}

/** The name of an event that a question is about. Throws Fault 'invalid' for one that no event can have. */
export function namedEvent(field: string, name: string): string {
  // The store keeps no NUL: PostgreSQL would refuse the very question.
  if (name.includes('\0')) throw wrong(field, 'must be printable')
  return name
}

/** Filters of a query string: `filter[property]=value`. */
export function filtersIn(query: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const filters: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(query)) {
    const key = /^filter\[(.*)\]$/s.exec(name)?.[1]
    if (key !== undefined) Object.defineProperty(filters, key, { value, enumerable: true })
  }
  return filters
}

function filtersOf(filter: unknown): Record<string, string> {
  if (filter === undefined || filter === null) return {}
  if (typeof filter !== 'object' || Array.isArray(filter) || deeperThan(filter, 2)) throw wrong('filter', 'must hold properties and their values')
  const entries = Object.entries(filter)
  if (entries.length > FILTERS) throw wrong('filter', `must name at most ${FILTERS} properties`)
  return Object.fromEntries(
    entries.map(([key, value]) => {
      if (key.length === 0 || key.length > KEY_MAX || key.includes('\0')) throw wrong('filter', `must name properties of 1 to ${KEY_MAX} characters`)
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') throw wrong(`filter[${key}]`, 'must be a text, a number or true or false')
      const text = String(value)
      if (text.length > VALUE_MAX || text.includes('\0')) throw wrong(`filter[${key}]`, `must be at most ${VALUE_MAX} characters`)
      return [key, text]
    }),
  )
}
