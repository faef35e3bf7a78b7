import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clip, deeperThan, isPrintable, wellFormed } from './text.ts'

describe('deeperThan', () => {
  test.each([
    ['a scalar is flat', 'x', 0, false],
    ['null is flat', null, 0, false],
    ['an object is one deep', {}, 0, true],
    ['an object within one', {}, 1, false],
    ['an array counts as well', [[]], 1, true],
    ['the deepest branch decides', { a: 1, b: [{ c: [] }] }, 3, true],
    ['at the limit', { a: 1, b: [{ c: [] }] }, 4, false],
    ['an own __proto__ is looked into', JSON.parse('{"__proto__":{"a":{}}}'), 2, true],
  ])('%s', (_name, value, limit, deeper) => expect(deeperThan(value, limit)).toBe(deeper))

  test('a hostile value does not exhaust the stack', () => {
    let value: unknown = []
    for (let level = 0; level < 100_000; level++) value = level % 2 ? [value] : { value }
    expect(deeperThan(value, 32)).toBe(true)
  })

  test('agrees with the depth that a value was built to', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.nat(8), (json, limit) => {
        const value = JSON.parse(json) as unknown
        expect(deeperThan(value, limit)).toBe(depth(value) > limit)
      }),
    )
  })
})

test.each([
  ['a', true],
  ['order 66 – ünïcødé 注文 🎉', true],
  ['👩‍👩‍👧', true],
  ['a'.repeat(128), true],
  ['🎉'.repeat(128), true],
  ['', false],
  ['a'.repeat(129), false],
  ['🎉'.repeat(129), false],
  ['a\nb', false],
  ['a\0', false],
  ['\u007f', false],
  ['\u0085', false],
  ['\u2028', false],
  ['\ud83c', false],
])('isPrintable %j: %s', (text, printable) => expect(isPrintable(text, 1, 128)).toBe(printable))

test.each([
  ['abc', 3, 'abc'],
  ['abcd', 3, 'abc'],
  ['ab🎉', 3, 'ab'],
  ['ab🎉', 4, 'ab🎉'],
  ['🎉', 1, ''],
  ['a', 0, ''],
  ['\ud83cab', 2, '\ud83ca'],
])('clip %j to %i: %j', (text, max, clipped) => expect(clip(text, max)).toBe(clipped))

describe('wellFormed', () => {
  test.each([
    ['plain 🎉', 'plain 🎉'],
    ['a\0b\0', 'a\ufffdb\ufffd'],
    ['\ud83c!', '\ufffd!'],
    ['\udf89\ud83c', '\ufffd\ufffd'],
  ])('%j', (text, formed) => expect(wellFormed(text)).toBe(formed))

  test('survives UTF-8 and changes nothing twice', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }), (text) => {
        const formed = wellFormed(text)
        expect(Buffer.from(formed).toString()).toBe(formed)
        expect(formed).not.toContain('\0')
        expect(formed).toHaveLength(text.length)
        expect(wellFormed(formed)).toBe(formed)
      }),
    )
  })
})

function depth(value: unknown): number {
  return typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0
}
