import { DAY_MS, HOUR_MS } from './time.ts'

/** From a moment on (UTC ms), local time is UTC plus so much (ms). */
export interface Shift {
  from: number
  offset: number
}

/** Zones are known from here to there; before and after, the offset at the edge stands. */
const FIRST = Date.UTC(1970, 0, 1)
const LAST = Date.UTC(2100, 0, 1)

/** Whether a name is one of the IANA time zones that this machine knows. */
export function isZone(name: string): boolean {
  return name === 'UTC' || formatterOf(name) !== null
}

/**
 * The offsets of a zone between two moments (UTC ms), oldest first: the first one holds from `from` on, each other from
 * its own moment. A zone with summer time has two a year.
 */
export function shiftsOf(zone: string, from: number, to: number): Shift[] {
  const start = clamp(from)
  const end = clamp(to)
  const shifts: Shift[] = [{ from, offset: offsetAt(zone, start) }]
  for (let at = start; at < end; at += 7 * DAY_MS) {
    const next = Math.min(at + 7 * DAY_MS, end)
    const offset = offsetAt(zone, next)
    if (offset !== (shifts.at(-1) as Shift).offset) shifts.push({ from: turn(zone, at, next), offset })
  }
  return shifts
}

/** How far a zone's clocks are ahead of UTC at a moment, in ms. */
export function offsetAt(zone: string, at: number): number {
  if (zone === 'UTC') return 0
  const formatter = formatterOf(zone)
  if (!formatter) throw new Error(`${zone} is no time zone`)
  const moment = clamp(at)
  const parts: Record<string, number> = {}
  for (const { type, value } of formatter.formatToParts(moment)) parts[type] = Number(value)
  const local = Date.UTC(parts.year as number, (parts.month as number) - 1, parts.day, parts.hour, parts.minute, parts.second)
  return local - Math.floor(moment / 1000) * 1000
}

/** The moment (UTC ms) at which a zone's clocks show a local time, given as if it were UTC. A time that a clock skips is the moment of the skip. */
export function momentOf(zone: string, local: number): number {
  const before = local - offsetAt(zone, local - DAY_MS)
  const after = local - offsetAt(zone, local + DAY_MS)
  if (before === after || before + offsetAt(zone, before) === local) return before
  if (after + offsetAt(zone, after) === local) return after
  return turn(zone, local - DAY_MS, local + DAY_MS)
}

const formatters = new Map<string, Intl.DateTimeFormat | null>()

function formatterOf(zone: string): Intl.DateTimeFormat | null {
  const known = formatters.get(zone)
  if (known !== undefined) return known
  let formatter: Intl.DateTimeFormat | null = null
  // Names alone: the offsets that some versions take too are no zones.
  if (/^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/.test(zone)) {
    try {
      formatter = new Intl.DateTimeFormat('en-US', {
        timeZone: zone,
        calendar: 'gregory',
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      })
    } catch {
      formatter = null
    }
  }
  if (formatters.size < 1_000) formatters.set(zone, formatter)
  return formatter
}

/** The first moment between two at which the zone has the offset of the later one, to the second. */
function turn(zone: string, before: number, after: number): number {
  const offset = offsetAt(zone, after)
  // Whole seconds, as clocks are set at: between others the halving would come to stand still.
  let low = Math.floor(before / 1_000) * 1_000
  let high = Math.ceil(after / 1_000) * 1_000
  while (high - low > 1_000) {
    const middle = Math.floor((low + high) / 2_000) * 1_000
    if (offsetAt(zone, middle) === offset) high = middle
    else low = middle
  }
  return high
}

function clamp(at: number): number {
  return Math.min(Math.max(at, FIRST), LAST)
}

/** The widths of time buckets. */
export type Interval = 'hour' | 'day' | 'week' | 'month'

/** Widths in ms; a month has none. */
export const WIDTH: Record<Exclude<Interval, 'month'>, number> = { hour: HOUR_MS, day: DAY_MS, week: 7 * DAY_MS }
/** 1970-01-01 was a Thursday; weeks begin on Monday (ISO 8601). */
export const MONDAY = 4 * DAY_MS
