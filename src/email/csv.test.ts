import fc from 'fast-check'
import { expect, test } from 'vitest'
import { leadsFromCsv } from './csv.ts'

/** As RFC 4180 writes a cell. */
const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`
const bare = (cell: string): string => (/[",;\t\r\n]/.test(cell) ? quoted(cell) : cell)

/** What stands in cells: letters of the world, and all that means something in a CSV. No byte order mark, which trimming takes for a space. */
const cell = fc
  .string({ unit: fc.oneof(fc.constantFrom('"', ',', ';', '\t', '\n', '\r\n', "'", '=', '+', '-', '@', ' ', 'é', '名', '😀'), fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 1 })), maxLength: 12 })
  .map((text) => text.trim())
  // The quote before a formula is an export's, and is taken away: told by its own test.
  .filter((text) => !/^'[=+\-@\t\r\n]/.test(text))

const table = fc.record({
  columns: fc.uniqueArray(fc.stringMatching(/^f[a-z]{1,8}$/).filter((name) => !/^(firstname|familyname)$/.test(name)), { maxLength: 6 }),
  rows: fc.array(fc.array(cell, { minLength: 8, maxLength: 8 }), { minLength: 1, maxLength: 12 }),
  end: fc.constantFrom('\r\n', '\n'),
  delimiter: fc.constantFrom(',', ';', '\t'),
  all: fc.boolean(),
  encoding: fc.constantFrom('utf8', 'utf8 with a mark', 'utf16le'),
})

test('whatever table is written as a CSV is read back as it was', async () => {
  await fc.assert(
    fc.asyncProperty(table, async ({ columns, rows, end, delimiter, all, encoding }) => {
      const header = ['email', 'first_name', ...columns]
      const cells = rows.map((row, at) => [`lead${at}@example.com`, ...row.slice(0, header.length - 1)])
      const text = [header, ...cells].map((line) => line.map(all ? quoted : bare).join(delimiter)).join(end) + end
      const bytes = encoding === 'utf16le' ? Buffer.from(`\ufeff${text}`, 'utf16le') : Buffer.from(encoding === 'utf8' ? text : `\ufeff${text}`)
      const expected = cells.map(([email, first, ...others]) => {
        const fields = columns.flatMap((name, at) => (others[at] ? [[name, others[at]]] : []))
        return { email, ...(first ? { first_name: first } : {}), ...(fields.length > 0 ? { fields: Object.fromEntries(fields) as object } : {}) }
      })
      expect(await leadsFromCsv(bytes, null)).toEqual(expected)
    }),
    { numRuns: 500 },
  )
})

test('whatever bytes come are a list or a refusal that says why', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, headed) => {
      try {
        expect((await leadsFromCsv(Buffer.concat([Buffer.from(headed ? 'email,x\n' : ''), bytes]), null)).length).toBeGreaterThan(0)
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid' })
      }
    }),
    { numRuns: 1_000 },
  )
})

test('a long list is read in pieces, between which others have their turn', async () => {
  const text = `email,a,b\n${Array.from({ length: 10_000 }, (_, at) => `reader-${at}@example.com,${'x'.repeat(50)},"${'y'.repeat(50)}"\n`).join('')}`
  let turns = 0
  const timer = setInterval(() => turns++, 0)
  const leads = await leadsFromCsv(Buffer.from(text), null)
  clearInterval(timer)
  expect(leads).toHaveLength(10_000)
  expect(leads.at(-1)).toEqual({ email: 'reader-9999@example.com', fields: { a: 'x'.repeat(50), b: 'y'.repeat(50) } })
  expect(turns).toBeGreaterThan(50)
})

test.each([
  ['a header of a million columns', `${'a,'.repeat(1_000_000)}\nx`, 'must have at most 100 columns'],
  ['one behind a quoted line break', `email,"x\ny",${'a,'.repeat(50_000)}\nx`, 'must have at most 100 columns'],
  ['a longer one', `email,"x\ny",${'a,'.repeat(500_000)}\nx`, 'has a row of more than 262144 bytes, or a quote that is never closed'],
  ['a row of a million cells', `email\n${'a,'.repeat(1_000_000)}`, 'has a row of more than 262144 bytes, or a quote that is never closed'],
])('%s is refused', async (_, text, error) => {
  await expect(leadsFromCsv(Buffer.from(text), null)).rejects.toMatchObject({ code: 'invalid', more: { errors: [{ field: 'body', error }] } })
})
