import { createHmac } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { AGENT_MAX } from './agent.ts'

/** What stands in for a visitor while one key lives. */
export interface Privacy {
  /** See `hashAddress`. */
  hash(address: string): string
  /** See `visitorOf`. */
  visitor(address: string, userAgent: string | null): string
}

/**
 * Hashes under one key, remembering the latest. Make another when the key changes and let go of this one: what it remembers, addresses
 * included, goes with it.
 */
export function privacyFor(key: Buffer): Privacy {
  // By address first: an agent's text alone is looked up without reading it again, an address joined to it is not.
  const seen = new LRUCache<string, { hash: string; visitors: Map<string, string> }>({
    max: 10_000,
    memoMethod: (address) => ({ hash: hashAddress(key, address), visitors: new Map() }),
  })
  return {
    hash: (address) => seen.memo(address).hash,
    visitor(address, userAgent) {
      const { visitors } = seen.memo(address)
      const agent = userAgent ?? ''
      const known = visitors.get(agent)
      if (known !== undefined) return known
      const visitor = visitorOf(key, address, userAgent)
      if (visitors.size === AGENTS_AN_ADDRESS) visitors.clear()
      visitors.set(agent, visitor)
      return visitor
    },
  }
}

/** Behind one address there may be a whole company. */
const AGENTS_AN_ADDRESS = 500

/** An address as 32 hex digits: HMAC-SHA256 under the key, cut to 128 bits. Give it in its normal form. */
export function hashAddress(key: Buffer, address: string): string {
  return createHmac('sha256', key).update(address).digest('hex').slice(0, 32)
}

/** A name for a visitor without a cookie: `v:` and 22 base64url characters, 128 bits of an HMAC-SHA256 over address and user agent. */
export function visitorOf(key: Buffer, address: string, userAgent: string | null): string {
  return visitorFrom(key, nameOf(address, userAgent))
}

/** Whether a visitor asked not to be tracked: `DNT: 1` (Tracking Preference Expression) or `Sec-GPC: 1` (Global Privacy Control). */
export function optedOut(headers: Readonly<Record<string, string | string[] | undefined>>): boolean {
  return headers['dnt'] === '1' || headers['sec-gpc'] === '1'
}

/** No address holds a line feed, so no two visitors share this, nor does it equal an address alone. */
function nameOf(address: string, userAgent: string | null): string {
  const agent = userAgent ?? ''
  return `${address}\n${agent.length > AGENT_MAX ? agent.slice(0, AGENT_MAX) : agent}`
}

function visitorFrom(key: Buffer, who: string): string {
  return `v:${createHmac('sha256', key).update(who).digest().toString('base64url', 0, 16)}`
}
