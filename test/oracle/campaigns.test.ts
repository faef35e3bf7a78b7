import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { campaignAnalytics, campaignNumbers } from '../../src/email/sending/analytics.ts'
import { type Reporter, createReporter } from '../../src/reports/index.ts'
import type { Cell } from '../../src/store/engine.ts'
import { EVENT_COLUMN_NAMES } from '../../src/store/events.ts'
import { onEveryEngine } from '../support/engines.ts'
import { seed } from '../support/seed.ts'
import { type TestStore, openStore } from '../support/store.ts'
import { dateAt, nextPeriod } from './calendar.ts'

const SETS = process.env.ASSURE === '1' ? 10_000 : 150
/** Clocks in America are set on the first of this month. */
const NOW = Date.UTC(2026, 10, 3, 14, 30)
const DAY = 86_400_000

interface Fact {
  name: string
  ts: number
  lead_id: number
  machine: boolean
  destination_url: string | null
}

const fact: fc.Arbitrary<Fact> = fc.record({
  name: fc.constantFrom('email_sent', 'email_bounced', 'email_opened', 'email_clicked', 'email_clicked', 'email_unsubscribed'),
  ts: fc.integer({ min: NOW - 4 * DAY, max: NOW }),
  lead_id: fc.integer({ min: 1, max: 9 }),
  machine: fc.boolean(),
  destination_url: fc.constantFrom('https://example.com/a', 'https://example.com/b?c=d', 'https://example.com/ü'),
})
const edge = fc.option(fc.integer({ min: NOW - 5 * DAY, max: NOW + DAY }))

onEveryEngine('the numbers of campaigns', (engine) => {
  let store: TestStore
  let reporter: Reporter
  beforeAll(async () => {
    store = await openStore(engine)
    reporter = createReporter({ sql: store.sql, engine: engine.name, settled: async () => undefined, timeoutMs: 10_000, cacheMs: 0 })
  })
  afterAll(() => store.close())

  test(`equal a recount in plain code, in ${SETS} sets from seed ${seed}`, { timeout: 3_600_000 }, async () => {
    let campaign = 0
    await fc.assert(
      fc.asyncProperty(fc.array(fact, { maxLength: 60 }), edge, edge, fc.constantFrom('UTC', 'America/New_York', 'America/Havana', 'Asia/Kathmandu', 'Pacific/Kiritimati'), async (facts, from, to, zone) => {
        if (from !== null && to !== null && from >= to) return
        campaign++
        const rows = facts.map((one) => {
          const event: Record<string, Cell> = { id: newId(), project: 'email', source: 'email', received_at: 0, campaign_id: campaign, person: `l:${one.lead_id}`, ...one, destination_url: one.name === 'email_clicked' ? one.destination_url : null }
          return EVENT_COLUMN_NAMES.map((name) => event[name] ?? null)
        })
        await store.engine.transaction('events', (tx) => tx.append('events', EVENT_COLUMN_NAMES, rows))
        const { top_links: links, by_day: days, ...numbers } = await campaignAnalytics(reporter, campaign, { from, to }, zone)
        const inside = facts.filter(({ ts }) => (from === null || ts >= from) && (to === null || ts < to))
        const { sent, bounced, opens, unique_opens, clicks, unique_clicks, unsubscribes } = countsOf(inside)
        const machines = (name: string) => inside.filter((one) => one.name === name && one.machine).length
        const rate = (part: number, whole: number) => (whole === 0 ? 0 : Math.round((part * 10_000) / whole) / 100)
        expect(numbers).toEqual({
          campaign_id: campaign,
          sent,
          bounced,
          opens: { total: opens, unique: unique_opens, machine: machines('email_opened') },
          clicks: { total: clicks, unique: unique_clicks, machine: machines('email_clicked') },
          unsubscribes,
          open_rate: rate(unique_opens, sent),
          click_rate: rate(unique_clicks, sent),
          click_to_open_rate: rate(unique_clicks, unique_opens),
          unsubscribe_rate: rate(unsubscribes, sent),
        })
        // The period before is asked by them alone.
        expect({ campaign_id: campaign, ...(await campaignNumbers(reporter, campaign, { from, to })) }).toEqual(numbers)
        const urls = [...new Set(inside.filter(({ name }) => name === 'email_clicked').map(({ destination_url: url }) => url))]
        const expected = urls.map((url) => {
          const of = inside.filter((one) => one.name === 'email_clicked' && one.destination_url === url)
          return { url, clicks: of.length, unique_clicks: leads(of.filter(({ machine }) => !machine)), machine_clicks: of.filter(({ machine }) => machine).length }
        })
        expect(new Set(links.map((link) => JSON.stringify(link)))).toEqual(new Set(expected.map((link) => JSON.stringify(link))))
        expect(links.map((link) => link.unique_clicks)).toEqual(links.map((link) => link.unique_clicks).sort((a, b) => b - a))
        const first = from ?? Math.min(...inside.map(({ ts }) => ts))
        const last = to === null ? Math.max(...inside.map(({ ts }) => ts)) : to - 1
        const dates: string[] = []
        // With an end open and nothing there, there is no day to name.
        if (Number.isFinite(first) && Number.isFinite(last)) for (let date = dateAt(zone, first); date <= dateAt(zone, last); date = nextPeriod('day', date)) dates.push(date)
        expect(days).toEqual(dates.map((date) => ({ date, ...countsOf(inside.filter(({ ts }) => dateAt(zone, ts) === date)) })))
      }),
      { numRuns: SETS, seed },
    )
  })
})

function countsOf(facts: readonly Fact[]) {
  const of = (name: string) => facts.filter((one) => one.name === name)
  const people = (name: string) => leads(of(name).filter(({ machine }) => !machine))
  return {
    sent: of('email_sent').length,
    bounced: of('email_bounced').length,
    opens: of('email_opened').length,
    unique_opens: people('email_opened'),
    clicks: of('email_clicked').length,
    unique_clicks: people('email_clicked'),
    unsubscribes: leads(of('email_unsubscribed')),
  }
}

function leads(facts: readonly Fact[]): number {
  return new Set(facts.map(({ lead_id: id }) => id)).size
}
