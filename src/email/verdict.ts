import { type MailReason, type Verdict, judge } from '../capture/machine.ts'

/** Who came to an address of a mail, as far as the request tells. */
export interface Caller {
  address: string
  userAgent: string | null
  purpose: string | undefined
}

/** What there is to judge an open or a click by. Times are UTC ms. */
export interface Signs extends Caller {
  event: 'open' | 'click'
  /** When the token was made. */
  sentAt: number
  now: number
  /** What this node remembers of the token. */
  remembered: MailReason | null
}

/** A mail is not delivered, seen and opened within this time by anybody who reads. */
const SOON_MS = 10_000

/**
 * Services that fetch a picture at the moment at which their reader opens the mail: these opens are people's, seen through a proxy.
 * Apple's fetches what nobody has opened, and Gmail's look ahead has another name: both stay machines.
 */
const READERS_PROXY: readonly [name: string, sign: RegExp][] = [
  ['google', /googleimageproxy|ggpht\.com/i],
  ['yahoo', /yahoomailproxy/i],
]

/** The service through which a person opened the mail, or null. */
export function proxyOf(userAgent: string | null): string | null {
  return READERS_PROXY.find(([, sign]) => sign.test(userAgent ?? ''))?.[0] ?? null
}

/**
 * Machine or human, for an open or a click at the time at which it comes: by the agent's name, by what was asked of this token
 * before, by how soon it is. What only those beside it tell is judged by `bursts.ts` once they are there.
 */
export function judgeMail({ event, userAgent, purpose, sentAt, now, remembered }: Signs): Verdict {
  const verdict = judge({ userAgent, agentKnown: true, purpose })
  const seenThrough = event === 'open' && verdict.reason === 'agent_mail_proxy' && proxyOf(userAgent) !== null
  if (verdict.machine && !seenThrough) return verdict
  if (remembered !== null) return { machine: true, reason: remembered }
  // A token from the future was made where a clock is ahead, or by local time: that tells nothing.
  if (now >= sentAt && now - sentAt < SOON_MS) return { machine: true, reason: 'soon_after_sending' }
  return { machine: false, reason: null }
}
