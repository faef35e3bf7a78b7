// What a zone's clocks show, asked of Intl moment by moment: slow, plain, and nothing like the server's arithmetic.

export type Interval = 'hour' | 'day' | 'week' | 'month'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** The calendar date (`2024-03-31`) that a zone's clocks show at a moment (UTC ms). */
export function dateAt(zone: string, at: number): string {
  return formatterOf(`date ${zone}`, () => new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' })).format(at)
}

/** The name of the bucket a date lies in: the date itself, its week's Monday, or the first of its month. */
export function periodOf(interval: Exclude<Interval, 'hour'>, date: string): string {
  if (interval === 'day') return date
  if (interval === 'month') return `${date.slice(0, 8)}01`
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay()
  return addDays(date, -((weekday + 6) % 7))
}

/** The period after one. */
export function nextPeriod(interval: Exclude<Interval, 'hour'>, period: string): string {
  return interval === 'month' ? periodOf('month', addDays(period, 31)) : addDays(period, interval === 'week' ? 7 : 1)
}

/** How many periods lie between two. */
export function periodsBetween(interval: 'day' | 'week', earlier: string, later: string): number {
  return (Date.parse(`${later}T00:00:00Z`) - Date.parse(`${earlier}T00:00:00Z`)) / (interval === 'week' ? 7 * DAY : DAY)
}

/** The first moment (UTC ms) at which the clocks show this date or a later one. */
export function beginningOf(zone: string, date: string): number {
  const key = `${zone} ${date}`
  const known = beginnings.get(key)
  if (known !== undefined) return known
  const middle = Date.parse(`${date}T00:00:00Z`)
  const first = firstWhere(middle - 2 * DAY, middle + 2 * DAY, (at) => dateAt(zone, at) >= date)
  beginnings.set(key, first)
  return first
}

/** The moment at which the clock hour around a moment began; clocks that are set within an hour begin another one. */
export function hourOf(zone: string, at: number): number {
  const label = hourLabel(zone, at)
  const minute = Math.floor(at / MINUTE) * MINUTE
  return firstWhere(minute - HOUR, minute, (moment) => hourLabel(zone, moment) === label)
}

/** The beginnings of all buckets between two moments that have a part of them, oldest first. */
export function bucketsIn(zone: string, interval: Interval, from: number, to: number): number[] {
  const buckets: number[] = []
  if (interval === 'hour') {
    for (let at = hourOf(zone, from); at < to; ) {
      buckets.push(at)
      const label = hourLabel(zone, at)
      at = firstWhere(at, at + HOUR, (moment) => hourLabel(zone, moment) !== label)
    }
    return buckets
  }
  const last = periodOf(interval, dateAt(zone, to - 1))
  for (let period = periodOf(interval, dateAt(zone, from)); period <= last; period = nextPeriod(interval, period)) {
    // A date that the clocks leave out has no moment of its own.
    if (beginningOf(zone, period) < beginningOf(zone, nextPeriod(interval, period))) buckets.push(beginningOf(zone, period))
  }
  return buckets
}

/** The beginning of the bucket a moment lies in. */
export function bucketOf(zone: string, interval: Interval, at: number): number {
  return interval === 'hour' ? hourOf(zone, at) : beginningOf(zone, periodOf(interval, dateAt(zone, at)))
}

const beginnings = new Map<string, number>()
const formatters = new Map<string, Intl.DateTimeFormat>()

function formatterOf(key: string, make: () => Intl.DateTimeFormat): Intl.DateTimeFormat {
  const known = formatters.get(key) ?? make()
  formatters.set(key, known)
  return known
}

/** Date, hour and offset, such as `10/27/2024, 02 GMT+01:00`. */
function hourLabel(zone: string, at: number): string {
  return formatterOf(
    `hour ${zone}`,
    () => new Intl.DateTimeFormat('en-US', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', hourCycle: 'h23', timeZoneName: 'longOffset' }),
  ).format(at)
}

/** The first whole minute in (low, high] that has a property which high has, and all minutes after the first. */
function firstWhere(low: number, high: number, holds: (at: number) => boolean): number {
  let before = low
  let first = high
  while (first - before > MINUTE) {
    const middle = before + Math.floor((first - before) / 2 / MINUTE) * MINUTE
    if (holds(middle)) first = middle
    else before = middle
  }
  return first
}

function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10)
}
