import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { engagement } from '../../src/partners/engagement.ts'
import { type Reporter, createReporter } from '../../src/reports/index.ts'
import type { Cell } from '../../src/store/engine.ts'
import { EVENT_COLUMN_NAMES } from '../../src/store/events.ts'
import { onEveryEngine } from '../support/engines.ts'
import { seed } from '../support/seed.ts'
import { type TestStore, openStore } from '../support/store.ts'

const SETS = process.env.ASSURE === '1' ? 10_000 : 150
const NOW = Date.UTC(2026, 10, 22, 14, 30)
const DAY = 86_400_000

/** Where outbound events lead, and the name that a reader sees. */
const SITES: [url: string | null, name: string | null][] = [
  ['https://www.kickstarter.com/projects/1?ref=a', 'Kickstarter'],
  ['http://kickstarter.com:8080/', 'Kickstarter'],
  ['https://shop.example.co.uk/', 'Example'],
  ['https://xn--mnchen-3ya.de/', 'München'],
  ['https://203.0.113.9:8443/a/b', '203.0.113.9'],
  ['http://[2001:db8::1]:8080/', '[2001:db8::1]'],
  [null, null],
]

interface Fact {
  ts: number | null
  name: string
  campaign: string | null
  site: (typeof SITES)[number]
  machine: boolean
}

const fact: fc.Arbitrary<Fact> = fc.record({
  ts: fc.oneof({ weight: 8, arbitrary: fc.integer({ min: NOW - 5 * DAY, max: NOW + DAY }) }, { weight: 1, arbitrary: fc.integer({ min: -2e12, max: 2e12 }) }, { weight: 1, arbitrary: fc.constant(null) }),
  name: fc.constantFrom('inbound', 'outbound', 'link_clicked'),
  campaign: fc.constantFrom(null, 'fall', 'Ünï', "o'", ''),
  site: fc.constantFrom(...SITES),
  machine: fc.boolean(),
})

onEveryEngine('the numbers of partners', (engine) => {
  let store: TestStore
  let reporter: Reporter
  beforeAll(async () => {
    store = await openStore(engine)
    reporter = createReporter({ sql: store.sql, engine: engine.name, settled: async () => undefined, timeoutMs: 10_000, cacheMs: 0 })
  })
  afterAll(() => store.close())

  test(`equal a recount in plain code, in ${SETS} sets from seed ${seed}`, { timeout: 3_600_000 }, async () => {
    let sets = 0
    await fc.assert(
      fc.asyncProperty(fc.array(fact, { maxLength: 70 }), fc.integer({ min: 1, max: 7 }), fc.constantFrom('public', 'private'), async (facts, days, access) => {
        const referrer = `partner-${++sets}`
        const rows = facts.map(({ site, ...one }) => {
          const event: Record<string, Cell> = { id: newId(), project: 'tracking', source: 'web', received_at: 0, referrer, destination_url: site[0], ...one }
          return EVENT_COLUMN_NAMES.map((name) => event[name] ?? null)
        })
        await store.engine.transaction('events', (tx) => tx.append('events', EVENT_COLUMN_NAMES, rows))
        const { recentActivity, topCampaigns, destinations, ...numbers } = await engagement(reporter, referrer, { access, days, now: NOW })
        const timed = facts.filter(({ ts }) => ts !== null) as (Fact & { ts: number })[]
        const outbound = timed.filter(({ name }) => name === 'outbound')
        const [all, conversions] = [parts(timed), parts(outbound)]
        expect(numbers).toEqual({
          trackingId: referrer,
          access,
          totalClicks: all.clicks,
          humanClicks: all.humanClicks,
          machineClicks: all.machineClicks,
          totalConversions: conversions.clicks,
          humanConversions: conversions.humanClicks,
          machineConversions: conversions.machineClicks,
          conversionRate: all.humanClicks === 0 ? 0 : Math.round((conversions.humanClicks / all.humanClicks) * 100),
          clicksByDay: Array.from({ length: days }, (_, ago) => new Date(NOW - ago * DAY).toISOString().slice(0, 10)).map((date) => ({
            date,
            ...parts(timed.filter(({ ts }) => new Date(ts).toISOString().startsWith(date))),
          })),
        })
        const told = access === 'private'
        expect(sorted(topCampaigns)).toEqual(sorted(told ? groups(timed, ({ campaign }) => campaign).map(([campaign, of]) => ({ campaign, ...parts(of) })) : []))
        expect(sorted(destinations)).toEqual(sorted(told ? groups(outbound, ({ site }) => site[1]).map(([name, of]) => ({ name, ...parts(of) })) : []))
        for (const list of [topCampaigns, destinations]) expect(list.map(({ clicks }) => clicks)).toEqual(list.map(({ clicks }) => clicks).sort((a, b) => b - a))
        const latest = timed.sort((a, b) => b.ts - a.ts).slice(0, 50)
        expect(recentActivity.map(({ timestamp }) => timestamp)).toEqual(told ? latest.map(({ ts }) => new Date(ts).toISOString()) : [])
        const inMoment = new Map(timed.map((one) => [one.ts, timed.filter(({ ts }) => ts === one.ts).map(activity)]))
        for (const one of recentActivity) expect(inMoment.get(Date.parse(one.timestamp))).toContainEqual(one)
      }),
      { numRuns: SETS, seed },
    )
  })
})

function parts(facts: readonly Fact[]) {
  const machineClicks = facts.filter(({ machine }) => machine).length
  return { clicks: facts.length, humanClicks: facts.length - machineClicks, machineClicks }
}

function groups<T extends Fact>(facts: readonly T[], keyOf: (one: T) => string | null): [string, T[]][] {
  const keys = new Set(facts.map(keyOf).filter((key) => key !== null))
  return [...keys].map((key) => [key, facts.filter((one) => keyOf(one) === key)])
}

function activity({ ts, name, campaign, site, machine }: Fact & { ts: number }) {
  return { timestamp: new Date(ts).toISOString(), campaign, destination: site[1], eventType: name === 'outbound' ? 'outbound' : 'inbound', machine }
}

/** In an order that is the same for lists of the same things. */
function sorted(list: readonly object[]): string[] {
  return list.map((one) => JSON.stringify(one)).sort()
}
