import { useMemo } from 'react'
import { useSearchParams } from 'wouter'
import { momentOf, offsetAt } from '../../src/core/zones.ts'

const DAY = 86_400_000

/** The periods that have a name; `custom` has its dates in the address. */
export const PERIODS = [
  ['today', 'Today'],
  ['7d', '7 days'],
  ['30d', '30 days'],
  ['90d', '90 days'],
  ['12m', '12 months'],
  ['custom', 'Dates'],
] as const
export type PeriodName = (typeof PERIODS)[number][0]
type Interval = 'hour' | 'day' | 'week' | 'month'

/** What a page shows, all of it in its address, so that whoever is sent the address sees the same. */
export interface View {
  period: PeriodName
  /** The first day and the last, by the zone's clocks, as in `2026-11-22`. */
  firstDay: string
  lastDay: string
  /** The same as moments: `from` belongs to it, `to` does not. */
  from: string
  to: string
  interval: Interval
  zone: string
  /** Whether the period before is shown. */
  comparing: boolean
  /** A filter of the page's own, '' when it is not set. */
  get: (name: string) => string
  /** Changes the address; '' takes a name out of it. */
  set: (changes: Record<string, string>) => void
}

const OWN_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'

/** The view that the address describes. */
export function useView(fallback: PeriodName = '30d'): View {
  const [search, setSearch] = useSearchParams()
  const text = search.toString()
  return useMemo(() => {
    const params = new URLSearchParams(text)
    const zone = zoneOf(params.get('tz'))
    const named = PERIODS.find(([name]) => name === params.get('period'))?.[0] ?? fallback
    const [first, last] = daysOf(named, params, zone)
    const days = (last - first) / DAY + 1
    return {
      period: named,
      firstDay: dateOf(first),
      lastDay: dateOf(last),
      from: new Date(momentOf(zone, first)).toISOString(),
      to: new Date(momentOf(zone, last + DAY)).toISOString(),
      interval: days <= 2 ? 'hour' : days <= 92 ? 'day' : days <= 200 ? 'week' : 'month',
      zone,
      comparing: params.get('compare') !== 'off',
      get: (name) => params.get(name) ?? '',
      set(changes) {
        setSearch((before) => {
          const after = new URLSearchParams(before)
          for (const [name, value] of Object.entries(changes)) {
            if (value === '') after.delete(name)
            else after.set(name, value)
          }
          return after
        })
      },
    }
  }, [text, fallback, setSearch])
}

/** The first day and the last, each as its midnight written as if it were UTC. */
function daysOf(period: PeriodName, params: URLSearchParams, zone: string): [number, number] {
  const now = Date.now()
  const today = Math.floor((now + offsetAt(zone, now)) / DAY) * DAY
  if (period === 'custom') {
    const [first, last] = [Date.parse(params.get('from') ?? ''), Date.parse(params.get('to') ?? '')]
    if (first <= last && first % DAY === 0 && last % DAY === 0) return [first, last]
    return [today - 29 * DAY, today]
  }
  if (period === '12m') {
    const date = new Date(today)
    return [Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - 11, 1), today]
  }
  return [today - ({ today: 1, '7d': 7, '30d': 30, '90d': 90 }[period] - 1) * DAY, today]
}

function dateOf(day: number): string {
  return new Date(day).toISOString().slice(0, 10)
}

function zoneOf(given: string | null): string {
  if (given === null) return OWN_ZONE
  try {
    return new Intl.DateTimeFormat('en', { timeZone: given }).resolvedOptions().timeZone
  } catch {
    return OWN_ZONE
  }
}

/** The zones to choose from, the reader's own first. */
export function zones(chosen: string): string[] {
  return [...new Set([chosen, OWN_ZONE, 'UTC', ...Intl.supportedValuesOf('timeZone')])]
}
