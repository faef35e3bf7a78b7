import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from '../support/app.ts'
import { onEveryEngine } from '../support/engines.ts'
import { seed } from '../support/seed.ts'

const QUESTIONS = process.env.ASSURE === '1' ? 10_000 : 1_000

/** What breaks SQL, JSON paths, patterns, numbers and times. */
const hostile = fc.constantFrom(
  '', '\0', 'a\0b', '\ud800', "'", "''", "' or '1'='1", "'; drop table events; --", '"', '`', '\\', '\\\\', "E'\\x00'", '$1', '$$', '%', '_', '%00', ';', '--', '/*', '*/', '{{x}}', '${x}', '$.', '$.a.b', '$[*]', '/', '/a~', '~', '~2', '~0~1', 'a.b', 'a"b', '[0]', '*', '**', '#>', '->>', '?', '@', ':name', 'null', 'NULL', 'NaN', 'Infinity', '-Infinity', '1e400', '-1', '0', '9223372036854775808', '1e21', '٣', '\u2028', '\ufeff', '🙂'.repeat(60), 'x'.repeat(300), 'x'.repeat(8_192), '__proto__', 'constructor', 'toString', 'first_at', 'time', 'event', 'property:', 'property:a.b', "property:'", 'property:\0', 'property:$.x', 'events', 'users', 'day', 'hour', 'week', 'month',
  '2025-01-01', '0001-01-01', '9999-12-31T23:59:59.999Z', '2025-02-30', '2025-01-01T00:00:00+99:99', '1969-12-31', '2024-03-31T01:00:00.500Z', '2024-10-06T15:30:00.001Z', 'UTC', 'Europe/Berlin', 'Australia/Lord_Howe', 'GMT+1', '../../etc/passwd',
)
const text = fc.oneof({ weight: 3, arbitrary: hostile }, fc.string({ maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 20 }))
const json = fc.oneof({ weight: 6, arbitrary: text as fc.Arbitrary<unknown> }, fc.array(text, { maxLength: 5 }), fc.dictionary(text, fc.oneof(text, fc.integer(), fc.boolean(), fc.array(text)), { maxKeys: 3 }), fc.double(), fc.constantFrom(null, true, false, 0, -0, 1, 100, 1e9, -1, [], {}, [[]]))

/** Each report with what it takes, and answers well to. */
const GOOD: [method: 'GET' | 'POST', report: string, fields: Record<string, unknown>][] = [
  ['GET', 'overview', {}],
  ['GET', 'top-events', { limit: '10' }],
  ['GET', 'events-timeseries', { interval: 'day', eventName: 'open' }],
  ['GET', 'conversion', { eventName: 'open' }],
  ['GET', 'retention', { interval: 'week', periods: '3' }],
  ['POST', 'funnel', { steps: ['open', 'buy'], windowSeconds: 60, filter: {} }],
  ['POST', 'paths', { eventName: 'open', direction: 'after', steps: 2, limit: 10, filter: {} }],
  ['POST', 'query', { metrics: ['events', 'users'], by: ['time', 'property:plan'], where: { name: 'open' }, filter: {}, interval: 'day', limit: 10 }],
]
const SCOPE = ['from', 'to', 'timezone', 'projectKey']

interface Question {
  method: 'GET' | 'POST'
  report: string
  fields: Record<string, unknown>
}

/** A good question with one or two of its fields, or of the lists and maps in them, made any value. */
const question: fc.Arbitrary<Question> = fc.constantFrom(...GOOD).chain(([method, report, good]) => {
  const value: fc.Arbitrary<unknown> = method === 'GET' ? text : json
  const changed = fc.tuple(fc.constantFrom(...Object.keys(good), ...SCOPE), value).map(([name, bad]) => ({ [name]: bad }))
  const filter = fc.tuple(text, text).map(([key, wanted]) => (method === 'GET' ? { [`filter[${key}]`]: wanted } : { filter: Object.fromEntries([[key, wanted]]) }))
  const listed = fc.array(text, { minLength: 2, maxLength: 20 }).map((names) => (report === 'funnel' ? { steps: names } : report === 'query' ? { by: names.slice(0, 2) } : {}))
  const named = fc.tuple(text, text).map(([key, wanted]) => (report === 'query' ? { by: [`property:${key}`], where: { name: [wanted], campaign: wanted } } : {}))
  const change = fc.oneof({ weight: 4, arbitrary: changed as fc.Arbitrary<Record<string, unknown>> }, { weight: 2, arbitrary: filter }, listed, named)
  return fc.array(change, { minLength: 1, maxLength: 2 }).map((changes) => ({ method, report, fields: Object.assign({}, good, ...changes) as Record<string, unknown> }))
})

onEveryEngine('any question', (engine) => {
  let app: TestApp
  let projectKey: string
  beforeAll(async () => {
    app = await testApp(engine)
    projectKey = ((await app.ask('POST', '/v1/projects', { body: { name: 'Any' } })).body as { projectKey: string }).projectKey
    const events = ['2024-03-31T00:30:00Z', '2024-10-05T15:40:00Z', '2025-01-06T10:00:00Z'].flatMap((timestamp, at) =>
      ['open', 'buy'].map((eventName) => ({ eventName, timestamp, anonymousId: `a${at}`, properties: { plan: 'pro', 'a.b': "'", $: { x: 1 } } })),
    )
    const { status, body } = await app.ask('POST', '/v1/events/batch', { body: { projectKey, events } })
    if (status !== 200) throw new Error(`No events, but ${status}: ${JSON.stringify(body)}`)
  })
  afterAll(() => app.close())

  test(`is answered, or refused with a reason, ${QUESTIONS} times from seed ${seed}`, { timeout: 600_000 }, async () => {
    const answers = new Map<number, number>()
    await fc.assert(
      fc.asyncProperty(question, async ({ method, report, fields }) => {
        const all = { projectKey, ...fields }
        const url = `/v1/reports/${report}`
        const asked = method === 'GET' ? { method, url: `${url}?${new URLSearchParams(all as Record<string, string>)}` } : { method, url, payload: all }
        const { statusCode, body } = await app.app.server.inject(asked)
        answers.set(statusCode, (answers.get(statusCode) ?? 0) + 1)
        if (statusCode !== 200) expect([statusCode, JSON.parse(body)]).toEqual([statusCode === 403 ? 403 : 400, { error: expect.stringMatching(/./) }])
      }),
      { seed, numRuns: QUESTIONS, endOnFailure: true },
    )
    // Not all are refused before they come to the store.
    expect(answers.get(200)).toBeGreaterThan(QUESTIONS / 5)
    if (process.env.ASSURE === '1') console.log(`${engine.name}: ${[...answers].map(([status, times]) => `${times} × ${status}`).join(', ')}`)
  })
})
