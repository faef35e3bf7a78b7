import { isIP } from 'node:net'
import { LRUCache } from 'lru-cache'
import { Reader, type Response } from 'mmdb-lib'

/** The country of an address as an ISO 3166-1 alpha-2 code in upper case, null when unknown. */
export type CountryOf = (address: string) => string | null

/**
 * Countries by a MaxMind DB file (GeoLite2, DB-IP, IPinfo), given as its bytes; without one every country is unknown. The last 10,000
 * addresses are remembered. Throws Error when the bytes are no such file.
 */
export function openCountries(mmdb: Buffer | null): CountryOf {
  if (mmdb === null) return () => null
  const reader = read(mmdb)
  const countries = new LRUCache<string, string>({ max: 10_000, memoMethod: (address) => lookUp(reader, address) ?? '' })
  return (address) => countries.memo(address) || null
}

/**
 * The country that a proxy's header (`CF-IPCountry` and its like) states: two letters, in upper case; null for unknown (`XX`), Tor
 * (`T1`) or anything else.
 */
export function countryHeader(value: string | undefined): string | null {
  if (value === undefined || !/^[A-Za-z]{2}$/.test(value)) return null
  const code = value.toUpperCase()
  return code === 'XX' ? null : code
}

function read(mmdb: Buffer): Reader<Response> {
  try {
    return new Reader(mmdb)
  } catch (error) {
    throw new Error(`The country file is no MaxMind DB: ${(error as Error).message}`, { cause: error })
  }
}

function lookUp(reader: Reader<Response>, address: string): string | null {
  const version = isIP(address)
  // A file of IPv4 addresses would take the first bits of an IPv6 one for an address of its own.
  if (version === 0 || version > reader.metadata.ipVersion) return null
  return codeOf(reader.get(address))
}

/** MaxMind and DB-IP say `country.iso_code`, IPinfo `country_code` or a plain `country`. */
function codeOf(record: unknown): string | null {
  const { country, country_code: plain } = (record ?? {}) as { country?: { iso_code?: unknown } | string; country_code?: unknown }
  const code = typeof country === 'object' ? country?.iso_code : (plain ?? country)
  return typeof code === 'string' ? countryHeader(code) : null
}
