import { describe, expect, test } from 'vitest'
import { countryHeader, openCountries } from './country.ts'

describe('openCountries', () => {
  test('without a file, every country is unknown', () => expect(openCountries(null)('203.0.113.42')).toBe(null))

  test('bytes that are no such file are refused', () => {
    expect(() => openCountries(Buffer.from('hello'))).toThrow(/^The country file is no MaxMind DB: /)
  })

  test.each([
    ['MaxMind and DB-IP', { country: { iso_code: 'AU' } }, 'AU'],
    ['IPinfo', { country: 'Australia', country_code: 'au' }, 'AU'],
    ['a plain country', { country: 'AU' }, 'AU'],
    ['no country', { continent: 'OC' }, null],
    ['a country without a code', { country: { name: 'Australia' } }, null],
    ['a code that is none', { country: { iso_code: 'Australia' } }, null],
  ])('%s', (_name, record, country) => {
    const countryOf = openCountries(mmdb(record))
    expect(['1.2.3.4', '1.2.3.4', '2.2.3.4'].map(countryOf)).toEqual([country, country, null])
  })

  test('a file of IPv4 addresses knows nothing of IPv6, nor of what is no address', () => {
    const countryOf = openCountries(mmdb({ country: { iso_code: 'AU' } }))
    expect(['0102:0304::', 'unknown', ''].map(countryOf)).toEqual([null, null, null])
  })
})

test.each([
  ['AU', 'AU'],
  ['de', 'DE'],
  ['XX', null],
  ['xx', null],
  ['T1', null],
  ['DEU', null],
  ['D', null],
  ['D\n', null],
  ['', null],
  [undefined, null],
])('countryHeader %j: %s', (value, country) => expect(countryHeader(value)).toBe(country))

type Field = string | number | { [key: string]: Field }

/** A MaxMind DB (format 2.0) that has one record, for 1.0.0.0/8: eight nodes of two 24-bit records each. */
function mmdb(record: Field): Buffer {
  const prefix = [0, 0, 0, 0, 0, 0, 0, 1]
  const absent = prefix.length
  const found = prefix.length + 16 // past the separator, at the first byte of the data
  const tree = prefix.flatMap((bit, depth) => {
    const next = depth === prefix.length - 1 ? found : depth + 1
    return [0, 1].flatMap((side) => [0, 0, side === bit ? next : absent])
  })
  const about = { node_count: prefix.length, record_size: 24, ip_version: 4, binary_format_major_version: 2 }
  const marker = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1')
  return Buffer.concat([Buffer.from(tree), Buffer.alloc(16), encoded(record), marker, encoded(about)])
}

/** A value as the format writes it: the type in the top three bits of a byte, the size in the others. */
function encoded(field: Field): Buffer {
  if (typeof field === 'number') return Buffer.from([(5 << 5) | 2, field >> 8, field & 255])
  if (typeof field === 'string') return Buffer.concat([Buffer.from([(2 << 5) | field.length]), Buffer.from(field)])
  const entries = Object.entries(field)
  return Buffer.concat([Buffer.from([(7 << 5) | entries.length]), ...entries.flatMap(([key, value]) => [encoded(key), encoded(value)])])
}
