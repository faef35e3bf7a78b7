import type { Interval } from './calendar.ts'
import type { Scope, SentEvent } from './product.ts'

/** Events as they are sent, batch by batch, and what is then asked of them; all of it told by one seed. */
export interface Scene {
  seed: number
  batches: SentEvent[][]
  scope: Scope
  top: { limit: number }
  series: { interval: Interval; eventName: string | null }
  funnel: { steps: string[]; windowSeconds: number | null }
  conversion: { eventName: string }
  retention: { interval: 'day' | 'week'; periods: number }
  paths: { eventName: string; direction: 'after' | 'before'; steps: number; limit: number }
  query: { by: 'event' | 'time' | `property:${string}`; interval: Interval }
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'America/Sao_Paulo', 'Pacific/Apia', 'Asia/Kathmandu']
/** Moments around which things go wrong: clocks that are set, in each of the zones, and the ends of months and years. */
const MOMENTS: [zone: string | null, moment: string][] = [
  ['Europe/Berlin', '2024-03-31T01:00:00Z'],
  ['Europe/Berlin', '2025-10-26T01:00:00Z'],
  ['America/New_York', '2024-03-10T07:00:00Z'],
  ['America/New_York', '2024-11-03T06:00:00Z'],
  // Half an hour, the other way round.
  ['Australia/Lord_Howe', '2024-04-06T15:00:00Z'],
  ['Australia/Lord_Howe', '2024-10-05T15:30:00Z'],
  // At midnight: a day that begins at 1:00, and one whose last hour comes twice.
  ['America/Sao_Paulo', '2018-11-04T03:00:00Z'],
  ['America/Sao_Paulo', '2018-02-18T02:00:00Z'],
  // A day that was left out.
  ['Pacific/Apia', '2011-12-30T10:00:00Z'],
  // A quarter of an hour.
  ['Asia/Kathmandu', '1985-12-31T18:30:00Z'],
  [null, '2024-02-29T00:00:00Z'],
  [null, '2000-02-29T12:00:00Z'],
  [null, '2023-02-28T23:59:59.999Z'],
  [null, '2023-12-31T23:59:59.999Z'],
  [null, '2024-04-30T22:00:00Z'],
  // Zones are known from 1970 on; before, UTC alone tells one day from another.
  [null, '1970-05-01T00:00:00Z'],
  ['UTC', '1969-12-29T00:00:00Z'],
  [null, '2026-11-20T00:00:00Z'],
]
const NAMES = ['open', 'view', 'buy', 'Buy', 'größe', '🛒', 'a"b\'c', '=1+1']
const KEYS = ['plan', 'a.b', 'x"y', '$.plan', '/plan', '~1', "it's", 'größe', '0', 'a b']
const TEXTS = ['free', 'pro', 'Pro', '', 'ü', "o'neil", '"', '%', '_', 'null', 'true', '7']

/** Makes the scene of a seed. */
export function sceneOf(seed: number): Scene {
  const random = randomOf(seed)
  const below = (limit: number): number => Math.floor(random() * limit)
  const one = <T>(all: readonly T[]): T => all[below(all.length)] as T
  const chance = (part: number): boolean => random() < part

  const [home, moment] = one(MOMENTS)
  const timezone = home === 'UTC' || (home !== null && chance(0.7)) ? home : one(ZONES)
  const spread = one([MINUTE, 2 * HOUR, 2 * HOUR, DAY, 5 * DAY, 30 * DAY, 100 * DAY])
  const anchor = Date.parse(moment)
  const time = (): number => {
    const at = anchor + Math.round((random() * 2 - 1) * spread)
    return chance(0.3) ? Math.round(at / (30 * MINUTE)) * 30 * MINUTE : at
  }
  // Drawn from few moments, so that many events share one.
  const times = Array.from({ length: 1 + below(40) }, time)
  times.push(anchor, anchor - 1)

  const names = NAMES.slice(0, 1 + below(NAMES.length))
  const keys = [one(KEYS), one(KEYS)]
  const texts = [one(TEXTS), one(TEXTS), one(TEXTS)]
  const value = (): unknown => (chance(0.7) ? one(texts) : one([true, false, null, 0, 7, -1.5, 12_345]))
  const event = (at: number): SentEvent => {
    const anonymous = chance(0.75)
    return {
      eventName: one(names),
      ...(chance(0.06) ? one([{}, { timestamp: null }, { timestamp: 'yesterday' }, { timestamp: 1_700_000_000 }]) : { timestamp: written(one(times), one([0, 0, 330, -210, 60])) }),
      ...(anonymous ? { anonymousId: `a${below(5)}` } : {}),
      ...(!anonymous || chance(0.2) ? { userId: `${one(['u', 'a'])}${below(4)}` } : {}),
      ...(chance(0.5) ? { properties: Object.fromEntries(keys.filter(() => chance(0.7)).map((key) => [key, value()])) } : {}),
      ...(chance(0.15) ? { eventId: `e${at % 7}` } : {}),
    }
  }
  const batches = Array.from({ length: 1 + below(3) }, () => Array.from({ length: 1 + below(chance(0.2) ? 60 : 15) }, (_, at) => event(at)))

  const [a, b] = [one(times), one(times) + one([0, 1, HOUR, DAY])].sort((x, y) => x - y) as [number, number]
  const width = b - a || 1
  const interval = one<Interval>(spread >= 30 * DAY ? ['day', 'week', 'month'] : spread >= 5 * DAY ? ['day', 'day', 'week', 'month', 'hour'] : ['hour', 'hour', 'day', 'week', 'month'])
  return {
    seed,
    batches,
    scope: {
      from: chance(0.6) ? a : null,
      to: chance(0.6) ? a + width : null,
      timezone,
      filter: chance(0.25) ? { [keys[0] as string]: chance(0.8) ? one(texts) : one(['true', '7', '-1.5', '']) } : {},
    },
    top: { limit: one([1, 2, 3, 10, 100]) },
    series: { interval, eventName: chance(0.4) ? one(NAMES) : null },
    funnel: { steps: Array.from({ length: 2 + below(chance(0.1) ? 19 : 4) }, () => one(names)), windowSeconds: chance(0.5) ? one([1, 60, 1_800, 86_400, 1_000_000]) : null },
    conversion: { eventName: one(NAMES) },
    retention: { interval: one(['day', 'week']), periods: one([1, 2, 8, 90]) },
    paths: { eventName: one(names), direction: one(['after', 'before']), steps: 1 + below(5), limit: one([1, 2, 10, 100]) },
    query: { by: one<Scene['query']['by']>(['event', 'time', `property:${one(keys)}`, `property:${one(keys)}`]), interval },
  }
}

/** A moment with an offset in minutes. */
function written(at: number, offset: number): string {
  const local = new Date(at + offset * MINUTE).toISOString()
  const two = (value: number): string => String(value).padStart(2, '0')
  return offset === 0 ? local : `${local.slice(0, -1)}${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`
}

/** Numbers from 0 to 1, the same ones for a seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
