import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { LRUCache } from 'lru-cache'

/** Whether an address belongs to a proxy whose word is taken for the hop before it. */
export type Trusted = (address: string) => boolean

/** The longest textual IPv6 address, an IPv4 tail included. */
const maxLength = 45

const normalIPv6 = new LRUCache<string, string>({ max: 10_000, memoMethod: normalise })
const networks = new LRUCache<string, string>({ max: 10_000, memoMethod: networkOf })

/**
 * An address in its one normal form: IPv4 as four decimal numbers, IPv6 by RFC 5952, IPv4-mapped IPv6 as the IPv4 address that it is,
 * without a zone. Null when the text is no address; abbreviated, octal and hexadecimal IPv4 notations are none.
 */
export function normalAddress(text: string): string | null {
  if (text.length > maxLength) return null
  const version = isIP(text)
  if (version === 6) return normalIPv6.memo(text)
  return version === 4 ? text : null
}

/**
 * Tells the listed proxies, addresses or CIDR ranges of either family, from all others. Throws Error that names an entry which is
 * neither.
 */
export function trustedProxies(list: readonly string[]): Trusted {
  if (list.length === 0) return () => false
  const ranges = list.map(rangeOf)
  const isListed = (address: string) => isIP(address) !== 0 && ranges.some((range) => isWithin(ipaddr.process(address), range))
  const seen = new LRUCache<string, boolean>({ max: 1000, memoMethod: isListed })
  return (address) => seen.memo(address)
}

/**
 * The client's address: the socket's, or, when that is a trusted proxy's, what `X-Forwarded-For` says, read from right to left up to the
 * first hop that is not trusted. An entry that is no address ends the reading: the hop that passed it on counts.
 */
export function clientAddress(socketAddress: string, forwardedFor: string | undefined, trusted: Trusted): string {
  let address = normalAddress(socketAddress) ?? socketAddress
  if (forwardedFor === undefined || !trusted(address)) return address
  for (const entry of forwardedFor.split(',').reverse()) {
    const hop = hopAddress(entry.trim())
    if (hop === null) break
    address = hop
    if (!trusted(address)) break
  }
  return address
}

/**
 * The scheme that the client used: of several in `X-Forwarded-Proto` the first, when the socket is a trusted proxy's. Waymark itself
 * speaks plain HTTP.
 */
export function clientScheme(socketAddress: string, forwardedProto: string | undefined, trusted: Trusted): 'http' | 'https' {
  if (forwardedProto === undefined || !trusted(socketAddress)) return 'http'
  return forwardedProto.split(',', 1)[0]?.trim().toLowerCase() === 'https' ? 'https' : 'http'
}

/** What limits by address count under: an IPv6 address's /64, which is one customer's, and an IPv4 address as it is. */
export function limitKey(address: string): string {
  return address.includes(':') ? networks.memo(address) : address
}

function normalise(address: string): string {
  return ipaddr.process(address.replace(/%.*/, '')).toString()
}

type Address = ReturnType<typeof ipaddr.process>
type Range = [Address, bits: number]

function rangeOf(entry: string): Range {
  const text = entry.trim()
  const [base = '', bits, ...more] = text.split('/')
  const longest = isIP(base) === 6 ? 128 : 32
  const prefix = bits === undefined ? longest : /^\d{1,3}$/.test(bits) ? Number(bits) : Infinity
  if (isIP(base) === 0 || base.includes('%') || more.length > 0 || prefix > longest) {
    throw new Error(`'${text}' is no IP address or CIDR range`)
  }
  const address = ipaddr.parse(base)
  // A range of IPv4-mapped addresses is a range of IPv4 addresses: that is how clients are compared.
  const unwrapped = ipaddr.process(base)
  return unwrapped.kind() !== address.kind() && prefix >= 96 ? [unwrapped, prefix - 96] : [address, prefix]
}

function isWithin(address: Address, [base, bits]: Range): boolean {
  return address.kind() === base.kind() && address.match(base, bits)
}

/** Some proxies write the client's port beside its address. */
function hopAddress(entry: string): string | null {
  const withPort = /^\[([^[\]]+)\](?::\d{1,5})?$/.exec(entry) ?? /^([\d.]+):\d{1,5}$/.exec(entry)
  return normalAddress(withPort?.[1] ?? entry)
}

function networkOf(address: string): string {
  const normal = normalAddress(address)
  if (normal === null || !normal.includes(':')) return normal ?? address
  const parts = ipaddr.IPv6.parse(normal).parts.slice(0, 4)
  return `${new ipaddr.IPv6([...parts, 0, 0, 0, 0]).toString()}/64`
}
