/** What the `utm_` parameters of an address say of the campaign behind a visit. */
export interface Utm {
  utm_source: string | null
  utm_medium: string | null
  utm_campaign: string | null
  utm_term: string | null
  utm_content: string | null
}

const MAX = 255

/** Reads the `utm_` parameters of a URL or a path, each at most 255 characters long; null where it has none. The first of a name counts. */
export function utmOf(address: string | null): Utm | null {
  // Most addresses have none, and this is asked for every event.
  if (address === null || !address.includes('utm_')) return null
  const [beforeHash = ''] = address.split('#', 1)
  const start = beforeHash.indexOf('?')
  if (start < 0) return null
  const query = new URLSearchParams(beforeHash.slice(start + 1))
  const said = (name: string): string | null => query.get(name)?.slice(0, MAX) || null
  return { utm_source: said('utm_source'), utm_medium: said('utm_medium'), utm_campaign: said('utm_campaign'), utm_term: said('utm_term'), utm_content: said('utm_content') }
}
