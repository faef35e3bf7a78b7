import { Fault } from '../core/errors.ts'
import { deeperThan } from '../core/text.ts'
import { DAY_MS, parseTime } from '../core/time.ts'
import { isZone } from '../core/zones.ts'
import type { Range, Scope } from '../reports/index.ts'

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
  return { where: { project }, properties: filtersOf(asked.filter), range: rangeOf(asked), timezone: zoneOf(asked.timezone) }
}

/** From when to when; a `to` that is a date alone means that whole day. */
export function rangeOf(asked: { from?: unknown; to?: unknown }): Range {
  const from = timeOf('from', asked.from)
  const last = timeOf('to', asked.to)
  const to = last !== null && /^\d{4}-\d{2}-\d{2}$/.test(String(asked.to)) ? last + DAY_MS : last
  if (from !== null && to !== null && from >= to) throw wrong('from', 'must be before to')
  return { from, to }
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

function zoneOf(given: unknown): string {
  if (given === undefined || given === null || given === '') return 'UTC'
  if (typeof given === 'string' && isZone(given)) return given
  throw wrong('timezone', 'must be an IANA time zone, such as Europe/Berlin')
}

function timeOf(field: string, given: unknown): number | null {
  if (given === undefined || given === null || given === '') return null
  const time = typeof given === 'string' ? parseTime(given) : null
  if (time === null) throw wrong(field, 'must be an ISO 8601 time or date')
  return time
}
