import { toUSVString } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { privacyFor } from '../capture/privacy.ts'
import { DAY_MS } from '../core/time.ts'
import { EVENT_COLUMN_NAMES } from '../store/events.ts'
import type { Draft, Event } from './event.ts'
import { type PipelineWorld, encodeEvent, toEvent } from './pipeline.ts'

const START = Date.UTC(2026, 10, 22, 14, 30)
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0'
const day = privacyFor(Buffer.alloc(32, 7))

const world = (over: Partial<PipelineWorld> = {}): PipelineWorld => ({ ipStorage: 'hash', privacy: () => day, country: (address) => (address.startsWith('203.') ? 'DE' : null), onStep: () => undefined, ...over })
const draft = (over: Partial<Draft> = {}): Draft => ({ family: 'links', project: 'links', source: 'link', name: 'link_clicked', ts: START, address: null, userAgent: null, agentSeen: false, ...over })
const event = (over: Partial<Draft> = {}, of = world()) => toEvent(draft(over), START, of)

describe('a draft becomes an event', () => {
  test('whole', () => {
    const made = event({
      eventId: 'e',
      sessionId: 's',
      trackingId: 't',
      clickSource: 'linkedin',
      referrer: 'partner',
      campaign: 'c',
      destinationUrl: 'https://example.com/',
      referrerUrl: 'https://www.Indeed.com/job',
      address: '203.0.113.42',
      userAgent: FIREFOX,
      agentSeen: true,
      properties: '{"a":1}',
    })
    expect(made).toEqual({
      ...Object.fromEntries(EVENT_COLUMN_NAMES.map((name) => [name, null])),
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      project: 'links',
      source: 'link',
      name: 'link_clicked',
      ts: START,
      received_at: START,
      event_id: 'e',
      session_id: 's',
      person: 's:s',
      tracking_id: 't',
      click_source: 'linkedin',
      referrer: 'partner',
      campaign: 'c',
      destination_url: 'https://example.com/',
      referrer_url: 'https://www.Indeed.com/job',
      referrer_host: 'indeed.com',
      ip_hash: day.hash('203.0.113.42'),
      country: 'DE',
      user_agent: FIREFOX,
      browser: 'Firefox',
      os: 'Linux',
      device: 'desktop',
      machine: false,
      machine_reason: null,
      properties: '{"a":1}',
    })
    expect(Object.keys(made)).toEqual(EVENT_COLUMN_NAMES)
  })

  test.each<[string, number | null, number | null, string | null]>([
    ['believed as it is', START - 365 * DAY_MS, START - 365 * DAY_MS, null],
    ['believed when it runs a day ahead', START + DAY_MS, START + DAY_MS, null],
    ['replaced when it runs further, and kept beside', START + DAY_MS + 1, START, '{"sent_time":"2026-11-23T14:30:00.001Z"}'],
    ['left open when there is none', null, null, null],
  ])('clock: a client’s time is %s', (_, ts, stored, properties) => {
    expect(event({ ts })).toMatchObject({ ts: stored, received_at: START, properties })
  })

  test('clock: what a client’s clock said stands beside what it sent', () => {
    expect(event({ ts: START + 9 * DAY_MS, properties: '{"a":1,"sent_time":"mine"}' }).properties).toBe('{"a":1,"sent_time":"2026-12-01T14:30:00.000Z"}')
  })

  test.each([
    ['hash', { ip_hash: day.hash('203.0.113.1'), ip_address: null }],
    ['raw', { ip_hash: null, ip_address: '203.0.113.1' }],
    ['none', { ip_hash: null, ip_address: null }],
  ] as const)('address: is kept as %s says', (ipStorage, kept) => {
    expect(event({ address: '203.0.113.1' }, world({ ipStorage }))).toMatchObject({ ...kept, country: 'DE' })
    expect(event({}, world({ ipStorage }))).toMatchObject({ ip_hash: null, ip_address: null, country: null })
  })

  test('address: a country that is known already is not looked up', () => {
    expect(event({ address: '203.0.113.1', country: 'FR' }).country).toBe('FR')
  })

  test.each<[Partial<Draft>, boolean, string | null]>([
    [{ userAgent: FIREFOX, agentSeen: true }, false, null],
    [{ userAgent: 'curl/8.0', agentSeen: true }, true, 'agent_tool'],
    [{ userAgent: 'curl/8.0', agentSeen: false }, true, 'agent_tool'],
    [{ userAgent: null, agentSeen: true }, true, 'agent_missing'],
    // A batch that leaves the agent out says nothing of its visitor.
    [{ userAgent: null, agentSeen: false }, false, null],
    [{ userAgent: FIREFOX, agentSeen: true, purpose: 'prefetch' }, true, 'prefetch'],
  ])('machine: %j is %s, %s', (over, machine, machine_reason) => {
    expect(event(over)).toMatchObject({ machine, machine_reason })
  })

  test.each<[Partial<Draft>, string | null]>([
    [{ userId: 'u', anonymousId: 'a', leadId: 7, sessionId: 's', address: '203.0.113.1' }, 'u:u'],
    [{ anonymousId: 'a', leadId: 7, sessionId: 's', address: '203.0.113.1' }, 'a:a'],
    [{ leadId: 7, sessionId: 's', address: '203.0.113.1' }, 'l:7'],
    [{ sessionId: 's', address: '203.0.113.1' }, 's:s'],
    [{ address: '203.0.113.1', userAgent: FIREFOX }, day.visitor('203.0.113.1', FIREFOX)],
    [{}, null],
  ])('person: %j is %s', (over, person) => {
    expect(event(over).person).toBe(person)
  })

  test.each([['https://www.google.com/search', 'google.com'], ['android-app://com.linkedin.android/', 'com.linkedin.android'], ['not a URL', null], ['', null]])('origin: %j is %s', (referrerUrl, referrer_host) => {
    expect(event({ referrerUrl })).toMatchObject({ referrer_url: referrerUrl, referrer_host })
  })

  test.each<[string, Partial<Draft>, Partial<Event>]>([
    ['a landing page', { landingPage: '/about?utm_source=facebook&utm_medium=cpc&utm_campaign=nov%202026&utm_term=shoes&utm_content=b' }, { utm_source: 'facebook', utm_medium: 'cpc', utm_campaign: 'nov 2026', utm_term: 'shoes', utm_content: 'b' }],
    ['where a link leads', { destinationUrl: 'https://example.com/a?x=1&utm_source=news+letter#utm_medium=no' }, { utm_source: 'news letter', utm_medium: null }],
    ['the landing page, not where a visitor went on to', { landingPage: '/about', destinationUrl: 'https://example.com/?utm_source=us' }, { utm_source: null }],
    ['the first of two', { landingPage: '?utm_source=a&utm_source=b' }, { utm_source: 'a' }],
    ['nothing, where it is empty, in the path or behind the hash', { landingPage: '/utm_source=a?utm_source=#?utm_campaign=c' }, { utm_source: null, utm_campaign: null }],
    ['255 characters of it', { landingPage: `?utm_campaign=${'é'.repeat(300)}&utm_term=%` }, { utm_campaign: 'é'.repeat(255), utm_term: '%' }],
  ])('origin: the campaign is that of %s', (_, over, stored) => {
    expect(event(over)).toMatchObject(stored)
  })

  test('each step is named and timed, for one event in 64', () => {
    const steps: string[] = []
    const timed = world({ onStep: (step, seconds) => steps.push(seconds >= 0 ? step : 'negative') })
    for (let i = 0; i < 128; i++) event({}, timed)
    expect(steps).toEqual([...Array(2)].flatMap(() => ['clock', 'address', 'agent', 'machine', 'person', 'origin']))
  })
})

describe('an event’s journal text', () => {
  const cellsOf = (text: string) => JSON.parse(text) as unknown[]

  test('has its cells in the order of the columns, and one more for a suspect', () => {
    const made = event({ eventId: 'e', properties: '{"a":1}' })
    expect(cellsOf(encodeEvent(made, false))).toEqual(EVENT_COLUMN_NAMES.map((name) => made[name]))
    expect(cellsOf(encodeEvent(made, true))).toEqual([...EVENT_COLUMN_NAMES.map((name) => made[name]), true])
  })

  test('holds nothing that a store cannot: no NUL, no half of a pair, in texts, keys and values', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\0', 'a\0b', '\ud800', 'x\udfff', '\ud83d\ude42', 'C:\\users\\u0000', '\\u0000', '"\\'))
    fc.assert(
      fc.property(text, text, fc.dictionary(text, fc.oneof(text, fc.array(text), fc.dictionary(text, text))), (session, agent, metadata) => {
        const cells = cellsOf(encodeEvent(event({ sessionId: session, userAgent: agent, properties: JSON.stringify(metadata) }), false)) as (string | null)[]
        const [sessionCell, agentCell, properties] = ['session_id', 'user_agent', 'properties'].map((name) => cells[EVENT_COLUMN_NAMES.indexOf(name as never)] ?? '')
        expect(sessionCell).toBe(clean(session))
        expect(agentCell).toBe(clean(agent))
        for (const one of textsOf(JSON.parse(properties ?? ''))) expect(one).toBe(clean(one))
        const sound = !/[\0\ud800-\udfff]/.test([...textsOf(metadata)].join(''))
        if (sound) expect(JSON.parse(properties ?? '')).toEqual(metadata)
      }),
      { numRuns: 200 },
    )
  })
})

/** What a store can hold of a text. */
function clean(text: string): string {
  return toUSVString(text).replaceAll('\0', '\ufffd')
}

/** Every text in a JSON value, keys too. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, inner]) => [...(Array.isArray(value) ? [] : [key]), ...textsOf(inner)])
}
