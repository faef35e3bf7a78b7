import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { armed, toCsv } from './csv.ts'

test.each([
  ['=1+1', `"'=1+1"`],
  ['+1', `"'+1"`],
  ['-1', `"'-1"`],
  ['@x', `"'@x"`],
  ['\tx', `"'\tx"`],
  ["'x", `"''x"`],
  ['', '""'],
  ['a"b', '"a""b"'],
  ['a,b', '"a,b"'],
  [null, ''],
  [-1, '-1'],
  [true, 'true'],
])('%j is written as %s', (value, cell) => {
  expect(toCsv(['a'], [{ a: value }])).toBe(`a\r\n${cell}\r\n`)
})

test('any text comes back as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom("'=", "''", '=', '\r\n', '"')), { minLength: 1, maxLength: 5 }), (texts) => {
      const columns = texts.map((_, at) => `c${at}`)
      const rows = parse(toCsv(columns, [Object.fromEntries(texts.map((text, at) => [`c${at}`, text]))]), { columns: true }) as Record<string, string>[]
      expect(columns.map((name) => armed(rows[0]?.[name] ?? ''))).toEqual(texts)
    }),
  )
})
