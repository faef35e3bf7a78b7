import { LRUCache } from 'lru-cache'
import { growing } from '../core/growing.ts'
import type { MailReason } from '../capture/machine.ts'
import type { Caller } from './verdict.ts'

const TOKENS = 50_000
/** How long a HEAD or a hit on an invisible link tells of the same caller's next request. */
const TELLING_MS = 60_000
/** Whoever asks for two addresses of one mail within this time reads neither. */
export const BURST_MS = 2_000

type Mark = Pick<Caller, 'address' | 'userAgent'> & { at: number; reason: MailReason }

/** What this node remembers of the tokens that were used a moment ago: who probed them, and when a link of theirs was last followed. */
export class Traces {
  readonly #marks = new LRUCache<string, Mark[]>(growing(TOKENS))
  readonly #clicks = new LRUCache<string, number>(growing(TOKENS))

  /** Notes that a caller showed itself as a machine to this token; `now` is UTC ms. */
  note(token: string, { address, userAgent }: Caller, reason: MailReason, now: number): void {
    const marks = (this.#marks.get(token) ?? []).filter(({ at }) => now - at < TELLING_MS)
    this.#marks.set(token, [...marks.slice(-3), { address, userAgent, reason, at: now }])
  }

  /** Why this caller is a machine by what it did to this token before; by address or agent, since gateways come from many addresses. */
  of(token: string, { address, userAgent }: Caller, now: number): MailReason | null {
    const mark = this.#marks.get(token)?.find((one) => now - one.at < TELLING_MS && (one.address === address || (userAgent !== null && one.userAgent === userAgent)))
    return mark?.reason ?? null
  }

  /** Notes that a link of this token's mail was followed. */
  clicked(token: string, now: number): void {
    this.#clicks.set(token, now)
  }

  /** Whether a link of this token's mail was followed just now. */
  justClicked(token: string, now: number): boolean {
    const at = this.#clicks.get(token)
    return at !== undefined && now - at < BURST_MS
  }
}
