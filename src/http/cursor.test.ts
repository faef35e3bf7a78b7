import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cursorOf, cursorParts } from './cursor.ts'

describe('a cursor', () => {
  test('is read back, and fit for a URL', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.string({ unit: 'grapheme' }), (number, text) => {
        const cursor = cursorOf([number, text])
        expect(cursor).toMatch(/^[\w-]*$/)
        expect(cursorParts(cursor)).toEqual([number, text])
      }),
    )
  })

  test('that is none of ours is null, whatever it is', () => {
    const others = [[], [1], ['1', 'a'], [1, 2], [1.5, 'a'], [2 ** 60, 'a'], { 0: 1, 1: 'a' }, null, 'x'].map((parts) => Buffer.from(JSON.stringify(parts)).toString('base64url'))
    for (const cursor of ['', ' ', '%', 'x', '{}', ...others]) expect([cursor, cursorParts(cursor)]).toEqual([cursor, null])
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const parts = cursorParts(text)
        if (parts !== null) expect(parts).toEqual([expect.any(Number), expect.any(String)])
      }),
    )
  })
})
