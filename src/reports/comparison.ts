import { iso } from '../core/time.ts'
import { type Interval, momentOf, offsetAt } from '../core/zones.ts'
import type { PlainDimension } from './dimensions.ts'
import type { Where } from './report.ts'
import type { Reporter } from './run.ts'

const COUNTS = ['events', 'human_events', 'machine_events'] as const
const LARGEST = 10

/** The sources that numbers are compared of, each with what its largest parts are named by. */
export const NAMED_BY = { link: 'tracking_id', web: 'campaign', product: 'event', email: 'event' } as const satisfies Record<string, PlainDimension>
export type ComparedSource = keyof typeof NAMED_BY

/** A period with both ends (UTC ms), by a zone's clocks. */
export interface Period {
  from: number
  to: number
  zone: string
}

/** What is asked of each source; `now` (UTC ms) says how much of the period has passed. */
export interface Compared {
  period: Period
  interval: Interval
  where: Where
  now: number
}

/** The period before one, as long by the zone's clocks. */
export function before({ from, to, zone }: Period): Period {
  const start = from + offsetAt(zone, from)
  const length = to + offsetAt(zone, to) - start
  return { from: momentOf(zone, start - length), to: from, zone }
}

/** As much of the period before as has passed of a period, so that a morning is not held against a whole day. */
export function passedBefore(period: Period, now: number): Period {
  const earlier = before(period)
  const passed = Math.max(1, Math.min(period.to, now) - period.from)
  return { ...earlier, to: Math.min(earlier.to, earlier.from + passed) }
}

/**
 * One source in a period, beside the period before: totals, series and the largest parts. Of the period before the total holds
 * as much as has passed of this one; its series is whole.
 */
export async function compared(reporter: Reporter, source: ComparedSource, { period, interval, where, now }: Compared) {
  const earlier = before(period)
  const scope = ({ from, to }: { from: number; to: number }) => ({ where: { ...where, source }, range: { from, to }, timezone: period.zone, interval })
  const total = (range: { from: number; to: number }) => reporter.run({ ...scope(range), metrics: [...COUNTS, 'visitors'] })
  const series = (range: Period) => reporter.series({ ...scope(range), metrics: COUNTS })
  const [[all], [allBefore], byTime, byTimeBefore, top] = await Promise.all([
    total(period),
    total(passedBefore(period, now)),
    series(period),
    series(earlier),
    reporter.run({ ...scope(period), metrics: COUNTS, by: [NAMED_BY[source]], limit: LARGEST }),
  ])
  return {
    source,
    total: { ...counts(all as Counts), visitors: all?.visitors as number },
    series: byTime.map((row) => ({ timestamp: iso(row.time), ...counts(row as unknown as Counts) })),
    before: {
      from: iso(earlier.from),
      to: iso(earlier.to),
      total: { ...counts(allBefore as Counts), visitors: allBefore?.visitors as number },
      series: byTimeBefore.map((row) => ({ timestamp: iso(row.time), ...counts(row as unknown as Counts) })),
    },
    top: top.flatMap((row) => {
      const name = row[NAMED_BY[source]]
      return typeof name === 'string' ? [{ name, ...counts(row as Counts) }] : []
    }),
  }
}

type Counts = Record<(typeof COUNTS)[number], number>

function counts(row: Counts) {
  return { events: row.events, humanEvents: row.human_events, machineEvents: row.machine_events }
}
