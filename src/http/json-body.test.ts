import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Fault } from '../core/errors.ts'
import { parseJson } from './json-body.ts'

describe('a JSON body', () => {
  test.each([
    ['{"a": 1}', { a: 1 }],
    [' [1, "x", null] ', [1, 'x', null]],
    ['"text"', 'text'],
    ['null', null],
    ['', undefined],
    [' \r\n\t', undefined],
    ['{"constructor": "Bob the builder", "prototype": 1}', { constructor: 'Bob the builder', prototype: 1 }],
    ['{"constructor": {"name": "x"}}', { constructor: { name: 'x' } }],
    ['{"a": "__proto__"}', { a: '__proto__' }],
    ['{"\\u0061": "\\u0062"}', { a: 'b' }],
    ['{"toString": 1, "hasOwnProperty": 2}', { toString: 1, hasOwnProperty: 2 }],
  ])('%s is read', (text, value) => {
    expect(parseJson(text)).toEqual(value)
  })

  test.each(['{', '{"a":}', "{'a':1}", 'undefined', '{"a":1}}', '01', '"\n"', '{"a":1,}', 'NaN'])('%j is none', (text) => {
    expect(() => parseJson(text)).toThrow(expect.objectContaining({ code: 'invalid', message: expect.stringMatching(/^The body is not valid JSON: /) }))
  })

  test.each([
    '{"__proto__": null}',
    '{"a": [{"b": {"__proto__": {"admin": true}}}]}',
    '{"\\u005f\\u005fproto\\u005F_": 1}',
    '{"__prot\\u006f__": 1}',
    '{"constructor": {"prototype": {"admin": true}}}',
    '{"c\\u006fnstructor": {"prototyp\\u0065": 1}}',
    `${'['.repeat(100_000)}{"__proto__": 1}${']'.repeat(100_000)}`,
  ])('a key that reaches a prototype is refused, however it is written (%#)', (text) => {
    expect(() => parseJson(text)).toThrow(new Fault('invalid', 'The body has a key named __proto__ or constructor.prototype.'))
  })

  test('is read as JSON.parse reads it, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value)
        if (/__proto__|constructor/.test(text)) return
        expect(JSON.stringify(parseJson(text))).toBe(text)
      }),
    )
  })
})
