import fc from 'fast-check'

/** An event as its sender writes it, and what becomes of it by the contract. */
export interface SentEvent {
  /** JSON, in the sender's own spelling. */
  text: string
  /** Whether it is to be stored. */
  good: boolean
  /** The client's id, where it gave one that counts. */
  eventId: string | null
  /** Unique among all events: the session it names. Null where it names none. */
  session: string | null
}

/** A request's body and the events in it. `whole` is false where the body was cut off on its way. */
export interface SentBatch {
  body: string
  whole: boolean
  events: SentEvent[]
}

/** A field's value as JSON text, and whether the contract takes it. */
interface Value {
  text: string
  good: boolean
}

const good = (value: unknown): Value => ({ text: JSON.stringify(value), good: true })
const bad = (text: string): Value => ({ text, good: false })

const hostileText = fc.constantFrom(
  '', '\0', '\ud800', '\udfff x', 'a\tb\nc\rd', '\\N', '\\.', "' or 1=1; --", '"', '\\', '${x}', '{{x}}', '<script>', '\u2028\u2029', '\ufeff', '\u202e', '🙂'.repeat(20), 'é', 'ﷺ', '=1+1', 'NaN', 'null', '%00', '../..',
)
/** Texts of any kind, those that programs stumble over among them. */
export const text = fc.oneof({ weight: 2, arbitrary: hostileText }, fc.string({ maxLength: 30 }), fc.string({ unit: 'binary', maxLength: 20 }), fc.string({ unit: 'grapheme', maxLength: 20 }))
const key = text.filter((name) => !/__proto__|constructor|prototype/.test(name))
const notText = fc.constantFrom('7', '-0', '1e400', '123456789012345678901234567890', 'true', '[]', '["a"]', '{}', '{"a": {}}').map(bad)

const strings = (max: number): fc.Arbitrary<Value> =>
  fc.oneof({ weight: 12, arbitrary: text.map((value) => good(value)) }, { weight: 1, arbitrary: fc.constant(bad(JSON.stringify('x'.repeat(max + 1)))) }, { weight: 1, arbitrary: notText }, { weight: 1, arbitrary: fc.constant(good(null)) })

const trackingId: fc.Arbitrary<Value> = fc.oneof(
  { weight: 12, arbitrary: fc.stringMatching(/^[A-Za-z0-9_-]{1,30}$/).map((value) => good(value)) },
  { weight: 1, arbitrary: text.filter((value) => !/^[A-Za-z0-9_-]{1,100}$/.test(value)).map((value) => bad(JSON.stringify(value))) },
  { weight: 1, arbitrary: notText },
  { weight: 1, arbitrary: fc.constantFrom('null', `"${'x'.repeat(101)}"`, '"a\\u0000"').map(bad) },
)

const eventId: fc.Arbitrary<Value & { id: string | null }> = fc.oneof(
  // From few, so that there are repeats, and from many.
  { weight: 1, arbitrary: fc.nat(1_000).map((at) => ({ ...good(`few-${at}`), id: `few-${at}` })) },
  { weight: 8, arbitrary: fc.nat(10_000_000).map((at) => ({ ...good(`🙂 many ' \\ ${at}`), id: `🙂 many ' \\ ${at}` })) },
  { weight: 2, arbitrary: fc.constant({ ...good(null), id: null }) },
  { weight: 1, arbitrary: fc.constantFrom('""', '"a\\nb"', '"\\ud800"', '"\\u0000"', '7', '{}', `"${'x'.repeat(129)}"`).map((value) => ({ ...bad(value), id: null })) },
)

const clickedAt: fc.Arbitrary<Value> = fc.oneof(
  { weight: 6, arbitrary: fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }).map((date) => good(date.toISOString())) },
  { weight: 2, arbitrary: fc.constantFrom('2026-11-22', '2026-11-22T10:00:00+05:30', '2026-11-22 10:00', '', null).map(good) },
  { weight: 1, arbitrary: text.filter((value) => value !== '' && !/^\d{4}-/.test(value)).map((value) => bad(JSON.stringify(value))) },
  { weight: 1, arbitrary: fc.constantFrom('1732285800000', '"2026-02-30"', '"+010000-01-01T00:00:00Z"', '"1732285800"', '{}').map(bad) },
)

const address: fc.Arbitrary<Value> = fc.oneof(
  { weight: 3, arbitrary: fc.ipV4().map(good) },
  { weight: 3, arbitrary: fc.ipV6().map(good) },
  { weight: 2, arbitrary: fc.constantFrom('', null).map(good) },
  { weight: 1, arbitrary: fc.constantFrom('"256.1.1.1"', '"localhost"', '"1.2.3.4, 5.6.7.8"', '2130706433', '[]').map(bad) },
)

/** Numbers as a sender may write them: JSON knows no bounds. */
const number = fc.oneof(fc.double().map((value) => JSON.stringify(value)), fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(String), fc.constantFrom('1e400', '-0.0', '1E-400', '0.1e+2'))
/** JSON of any shape as a sender may write it. */
export const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('null', 'true', 'false', '{}', '[]'),
    number,
    text.map((value) => JSON.stringify(value)),
    fc.array(tie('json'), { maxLength: 3 }).map((items) => `[ ${items.join(' ,')} ]`),
    fc.array(fc.tuple(key, tie('json')), { maxLength: 3 }).map((fields) => `{${fields.map(([name, value]) => `${JSON.stringify(name)}:\n${value}`).join(',')}}`),
  ),
}))
const metadata: fc.Arbitrary<Value> = fc.oneof(
  { weight: 10, arbitrary: fc.array(fc.tuple(key, json), { maxLength: 4 }).map((fields) => ({ text: `{${fields.map(([name, value]) => `${JSON.stringify(name)}: ${value}`).join(', ')}}`, good: true })) },
  { weight: 1, arbitrary: fc.constantFrom('null', `${'{"a":'.repeat(31)}{}${'}'.repeat(31)}`, `{"a": ${'['.repeat(31)}1${']'.repeat(31)}}`).map((value) => ({ text: value, good: true })) },
  { weight: 1, arbitrary: fc.constantFrom('[]', '"{}"', '1', `${'{"a":'.repeat(32)}{}${'}'.repeat(32)}`, `{"a": ${'['.repeat(2_000)}${']'.repeat(2_000)}}`, `{"a": "${'x'.repeat(33_000)}"}`).map(bad) },
  { weight: 1, arbitrary: fc.constantFrom('{"__proto__": 1}', '{"a": [{"__proto__": {"b": 1}}]}', '{"constructor": {"prototype": {}}}', '{"\\u005f_proto__": null}').map(bad) },
)

let sessions = 0

const object: fc.Arbitrary<SentEvent> = fc
  .record(
    { trackingId, eventId, clickedAt, address, agent: strings(8_192), referrer: strings(1_000), source: strings(50), metadata, unknown: fc.tuple(key.filter((name) => !KNOWN.has(name)), json), clickAgain: fc.boolean() },
    { requiredKeys: ['trackingId'] },
  )
  .map((fields) => {
    const session = `session-${++sessions}`
    const named: [name: string, value: Value | undefined][] = [
      ['event_id', fields.eventId],
      ['clicked_at', fields.clickedAt],
      ['ip_address', fields.address],
      ['user_agent', fields.agent],
      ['referrer_url', fields.referrer],
      ['click_source', fields.source],
      ['metadata', fields.metadata],
      ['tracking_id', fields.trackingId],
      ['session_id', good(session)],
    ]
    const given = named.filter((field): field is [string, Value] => field[1] !== undefined)
    const members = given.map(([name, value]) => `"${name}" : ${value.text}`)
    if (fields.unknown) members.unshift(`${JSON.stringify(fields.unknown[0])}:${fields.unknown[1]}`)
    // Of a name that repeats, the last one counts.
    if (fields.clickAgain) members.unshift('"tracking_id": "a first one, which does not count"')
    return { text: `{ ${members.join(',')} }`, good: given.every(([, value]) => value.good), eventId: fields.eventId?.id ?? null, session }
  })
const KNOWN = new Set(['tracking_id', 'event_id', 'clicked_at', 'ip_address', 'user_agent', 'referrer_url', 'click_source', 'session_id', 'metadata'])

const nothing: fc.Arbitrary<SentEvent> = fc
  .constantFrom('null', '17', '"tracking_id"', '[]', '[{"tracking_id": "x"}]', 'true', '{}', '{"tracking": "x"}')
  .map((value) => ({ text: value, good: false, eventId: null, session: null }))

/** Batches of one to eight events: good, bad and repeated, in hostile spellings; some are cut off on their way. */
export const batches: fc.Arbitrary<SentBatch> = fc
  .tuple(fc.array(fc.oneof({ weight: 9, arbitrary: object }, { weight: 1, arbitrary: nothing }), { minLength: 1, maxLength: 8 }), fc.nat(99), fc.double({ min: 0, max: 0.99, noNaN: true }))
  .map(([events, chance, part]) => {
    const body = `{"events": [${events.map((event) => event.text).join(chance % 2 ? ',' : ' ,\r\n\t')}]${chance % 3 ? '' : ', "more": []'}}`
    return chance === 0 ? { body: body.slice(0, Math.floor(body.length * part)), whole: false, events: [] } : { body, whole: true, events }
  })
