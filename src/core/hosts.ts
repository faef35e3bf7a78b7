import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/**
 * Whether a URL's host, as the WHATWG rules write it, is on nobody's public network: an address literal of a private, loopback,
 * link-local or otherwise special range (the IANA special-purpose registries), or `localhost` and the names below it (RFC 6761,
 * 6.3). Other names are not looked up.
 */
export function isPrivateHost(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, '')
  const literal = name.replace(/^\[(.*)\]$/, '$1')
  if (isIP(literal) === 0) return name === 'localhost' || name.endsWith('.localhost')
  const address = ipaddr.process(literal)
  if (address.range() !== 'unicast') return true
  // All global unicast IPv6 addresses are in 2000::/3; what stands elsewhere may hide an IPv4 address.
  return address instanceof ipaddr.IPv6 && ((address.parts[0] as number) & 0xe000) !== 0x2000
}

/** Endings of names that lead into a private network (RFC 6761, 6762, 8375, and ICANN's .internal). */
const SPECIAL = /\.(?:local|localhost|localdomain|internal|intranet|lan|home|corp|home\.arpa)$/

/**
 * Whether a host, as the WHATWG rules write it, is one that everybody can reach under this name: no address literal of a special
 * range, and a name that has a dot, does not end in one, and is not kept for private or special use. Nothing is looked up.
 */
export function isPublicHost(hostname: string): boolean {
  if (isPrivateHost(hostname) || hostname.endsWith('.')) return false
  return hostname.startsWith('[') || isIP(hostname) !== 0 || (hostname.includes('.') && !SPECIAL.test(hostname))
}

/** Whether a URL's host, with its port where that is not the scheme's own, is in a list. */
export type ListedHost = (host: string) => boolean

/**
 * Reads a list of hosts for https URLs: exact ones such as `example.com`, and `*.example.com` for one or more levels below it. A
 * port other than 443 counts only where the entry names it. Throws Error that names an entry which is neither.
 */
export function listedHosts(entries: readonly string[]): ListedHost {
  const exact = new Set<string>()
  const below: string[] = []
  for (const entry of entries) {
    const [, star = '', name = ''] = /^(\*\.)?([^*/?#@\\\s]+)$/.exec(entry) ?? []
    const url = name !== '' && URL.canParse(`https://${name}/`) ? new URL(`https://${name}/`) : null
    if (url === null || !url.hostname.includes('.') || url.hostname.endsWith('.')) throw new Error(`'${entry}' is no host such as example.com or *.example.com`)
    if (star === '') exact.add(url.host)
    else below.push(`.${url.host}`)
  }
  return (host) => exact.has(host) || below.some((ending) => host.endsWith(ending) && host.length > ending.length)
}
