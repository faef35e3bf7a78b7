import { type ListedHost, isPublicHost } from '../core/hosts.ts'
import { parseHttpUrl } from '../core/urls.ts'
import { isSigned } from './signature.ts'

/** What tells a destination of ours from any other. */
export interface Destinations {
  secret: string
  listed: ListedHost
}

const LONGEST = 8_192

/**
 * Where a click may be sent, as the WHATWG URL rules write it, or null: an https URL without user info whose host is public, and
 * listed, unless this server wrote the link into the mail of this token itself and signed it. What was checked is what is sent.
 */
export function destinationOf(token: string, url: unknown, signature: unknown, { secret, listed }: Destinations): string | null {
  if (typeof url !== 'string') return null
  const parsed = parseHttpUrl(url, LONGEST)
  if (parsed === null || parsed.protocol !== 'https:' || !isPublicHost(parsed.hostname)) return null
  const signed = typeof signature === 'string' && isSigned(token, url, signature, secret)
  return signed || listed(parsed.host) ? parsed.href : null
}
