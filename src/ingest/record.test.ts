import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EVENT_COLUMN_NAMES } from '../store/events.ts'
import { type Part, RecordWriter, decodeGroup } from './record.ts'

const columns = EVENT_COLUMN_NAMES.length
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\0', '\ud800', '"', '\\', '],"deadLetters":[', '\u2028'))
const cell = fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null))
const cells = fc.array(cell, { minLength: columns, maxLength: columns + 1 })
const letter = fc.record({ id: text, received_at: fc.nat(), family: text, project: text, reason: text, field: fc.option(text), error: text, original: text })
const answer = fc.record({ scope: text, key: text, bodyHash: text, status: fc.nat(599), answer: text, createdAt: fc.nat() })

/** What a decoded text is after its way through UTF-8: halves of a surrogate pair are escaped in JSON and survive. */
const part = (events: unknown[], letters: unknown[], given: unknown): Part => ({
  events: events.map((one) => JSON.stringify(one)),
  deadLetters: letters.map((one) => JSON.stringify(one)),
  ...(given === null ? {} : { answer: JSON.stringify(given) }),
  bytes: 0,
})

const written = (parts: Part[]): Buffer => new RecordWriter().write(parts, 'journal', 1)

describe('a journal record', () => {
  test('reads back as the parts it was made of, in their order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.array(cells, { maxLength: 3 }), fc.array(letter, { maxLength: 2 }), fc.option(answer)), { maxLength: 5 }), (parts) => {
        expect(decodeGroup(written(parts.map(([events, letters, given]) => part(events, letters, given))))).toEqual({
          events: parts.flatMap(([events]) => events),
          deadLetters: parts.flatMap(([, letters]) => letters),
          answers: parts.flatMap(([, , given]) => (given === null ? [] : [given])),
        })
      }),
    )
  })

  test('of a part that marks a place holds nothing', () => {
    expect(decodeGroup(written([{ events: [], deadLetters: [], bytes: 0 }]))).toEqual({ events: [], deadLetters: [], answers: [] })
  })

  test('of an earlier version, with fewer columns, is widened by nulls; the mark of a suspect stays last', () => {
    const older = Buffer.from(JSON.stringify({ columns: columns - 2, events: [Array(columns - 2).fill('x'), [...Array(columns - 2).fill('y'), true]], deadLetters: [], answers: [] }))
    expect(decodeGroup(older).events).toEqual([
      [...Array(columns - 2).fill('x'), null, null],
      [...Array(columns - 2).fill('y'), null, null, true],
    ])
  })

  test('that is damaged is refused with a sentence', () => {
    const record = written([part([Array(columns).fill('x')], [], null)])
    for (const damaged of [record.subarray(0, -1), record.subarray(1), Buffer.from(record.map((byte, at) => (at === record.length - 9 ? byte ^ 1 : byte))), Buffer.alloc(0), Buffer.from('null'), Buffer.alloc(10)]) {
      expect(() => decodeGroup(damaged)).toThrow(expect.objectContaining({ code: 'unavailable', message: expect.stringMatching(/^A journal record of \d+ bytes cannot be read: /) }))
    }
  })
})
