import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { elementSpans } from './json-spans.ts'

const slices = (json: string, key = 'events') => elementSpans(json, key).map(([start, end]) => json.slice(start, end))

describe('elementSpans', () => {
  test.each([
    ['elements in their own bytes', '{"events":[{ "a" : 1.0 }, 2e3,"x" ,[ ] ]}', ['{ "a" : 1.0 }', '2e3', '"x"', '[ ]']],
    ['white space of every kind', ' \n{\t"a"\r:\n[ 0 ] ,\n"events" : [\n{}\t,\r{}\n] }\n', ['{}', '{}']],
    ['other members before and after', '{"a":{"events":[1]},"b":"[","events":[true],"c":[2]}', ['true']],
    ['brackets and quotes inside strings', '{"x":"\\"events\\":[9]","events":["]","\\\\","\\"}"]}', ['"]"', '"\\\\"', '"\\"}"']],
    ['a key written with escapes', '{"\\u0065vents":[1]}', ['1']],
    ['the last of a repeated key', '{"events":[1,2],"events":[3]}', ['3']],
    ['the last of a repeated key, no array', '{"events":[1,2],"events":{}}', []],
    ['an empty array', '{"events":[ ]}', []],
    ['no such key', '{"event":[1]}', []],
    ['no array', '{"events":"[1]"}', []],
    ['an empty object', '{}', []],
    ['a byte order mark', '\ufeff{"events":[1]}', ['1']],
  ])('%s', (_name, json, expected) => expect(slices(json)).toEqual(expected))

  test('each slice parses to the element that JSON.parse gives', () => {
    const name = fc.constantFrom('events', 'even\\u0074s', 'other', '__proto__', 'a\\"b')
    const list = fc.array(fc.json()).map((elements) => `[${elements.join(' ,\n')}]`)
    const members = fc.array(fc.tuple(name, fc.oneof(fc.json(), list)))
    const object = members.map((all) => `{ ${all.map(([key, value]) => `"${key}" : ${value}`).join(', ')} }`)
    fc.assert(
      fc.property(object, fc.constantFrom('events', 'other', '__proto__', 'a"b'), (json, key) => {
        const parsed = Object.getOwnPropertyDescriptor(JSON.parse(json), key)?.value as unknown
        expect(slices(json, key).map((slice) => JSON.parse(slice) as unknown)).toEqual(Array.isArray(parsed) ? parsed : [])
      }),
      { numRuns: 1000 },
    )
  })

  test('pretty-printed text gives pretty-printed elements', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.nat(3), (events, indent) => {
        const json = JSON.stringify({ before: [1], events, after: {} }, null, indent)
        expect(slices(json).map((slice) => JSON.parse(slice) as unknown)).toEqual((JSON.parse(json) as { events: unknown[] }).events)
      }),
    )
  })

  test('comes to an end even on what is no JSON', () => {
    const nearly = fc.string({ unit: fc.constantFrom(...'{}[]",:e1 ') })
    fc.assert(
      fc.property(nearly, (text) => {
        expect(elementSpans(text, 'e').length).toBeLessThanOrEqual(text.length)
      }),
    )
  })

  test('depth costs no stack, length no more than one pass', () => {
    const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`
    expect(slices(`{"events":[${deep},1]}`)).toEqual([deep, '1'])
  })
})
