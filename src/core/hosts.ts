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
