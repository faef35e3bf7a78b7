import { type LookupAddress, lookup } from 'node:dns'
import { type LookupFunction, isIP } from 'node:net'
import { isPrivateHost } from '../core/hosts.ts'
import { parseHttpUrl } from '../core/urls.ts'

/** What a webhook may be sent to. */
export interface TargetRules {
  /** Whether addresses of private networks and of this machine are allowed. */
  allowPrivate: boolean
  /** Whether `http:` is allowed. */
  allowHttp: boolean
  /** Looks a name up, as `dns.lookup` does. */
  resolve: (hostname: string, options: { all: true }, done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void) => void
}

/** The system's own resolver. */
export const systemResolver: TargetRules['resolve'] = (hostname, options, done) => lookup(hostname, options, done)

export const URL_MAX = 2_048
const LOWEST_FREE_PORT = 1_024

/** What is wrong with an address as it stands, before any name is looked up; null when nothing is. */
export function targetError(text: string, rules: TargetRules): string | null {
  const url = parseHttpUrl(text, URL_MAX)
  if (url === null || (url.protocol === 'http:' && !rules.allowHttp)) {
    return `must be an ${rules.allowHttp ? 'http or https' : 'https'} URL of at most ${URL_MAX} characters, without user info`
  }
  // The ports of mail, files and the like are no place for a request that a stranger has chosen.
  if (url.port !== '' && !['80', '443'].includes(url.port) && Number(url.port) < LOWEST_FREE_PORT) return `must have port 80, 443 or one from ${LOWEST_FREE_PORT}`
  return !rules.allowPrivate && isPrivateHost(url.hostname) ? PRIVATE : null
}

/** The same, with the name looked up; a name that nobody knows may be known later, so nothing is wrong with it here. */
export async function resolvedTargetError(text: string, rules: TargetRules): Promise<string | null> {
  const error = targetError(text, rules)
  if (error !== null) return error
  const name = new URL(text).hostname.replace(/^\[(.*)\]$/, '$1')
  if (rules.allowPrivate || isIP(name) !== 0) return null
  const addresses = await new Promise<LookupAddress[]>((resolve) => rules.resolve(name, { all: true }, (failure, found) => resolve(failure ? [] : found)))
  return addresses.some(({ address }) => isPrivateHost(address)) ? PRIVATE : null
}

const PRIVATE = 'must lead to a public host, not to a private or loopback address'

/** The error of a connection that would lead to a private address. */
export class PrivateAddress extends Error {
  readonly code = 'PRIVATE_ADDRESS'
}

/**
 * A look-up for `net.connect`: the connection is made to the very addresses that were checked here, so a name that changes between
 * two look-ups gains nothing. One private address among several refuses them all.
 */
export function guardedLookup(rules: TargetRules): LookupFunction {
  return (hostname, options, done) =>
    rules.resolve(hostname, { all: true }, (error, addresses) => {
      const [first] = addresses ?? []
      if (error || !first) return done(error ?? Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), '')
      if (!rules.allowPrivate && addresses.some(({ address }) => isPrivateHost(address))) return done(new PrivateAddress('private address'), '')
      if (options.all) done(null, addresses)
      else done(null, first.address, first.family)
    })
}
