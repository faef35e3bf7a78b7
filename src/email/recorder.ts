import type { FastifyRequest } from 'fastify'
import { purposeOf } from '../capture/machine.ts'
import { optedOut } from '../capture/privacy.ts'
import { type VisitorReader, visitorOf } from '../capture/visitor.ts'
import { iso } from '../core/time.ts'
import type { Limiter } from '../http/limits.ts'
import type { Draft, Ingest, StoredEvent } from '../ingest/index.ts'
import type { Existence } from './existence.ts'
import { type Token, makeToken } from './token.ts'
import type { Traces } from './traces.ts'
import { judgeMail, proxyOf } from './verdict.ts'

/** The project of all mail events. */
export const EMAIL_PROJECT = 'email'

/** What opens and clicks are recorded with. */
export interface RecorderWorld {
  ingest: Ingest
  existence: Existence
  traces: Traces
  reader: VisitorReader
  /** How long opens and clicks of a token count, in ms. */
  tokenMs: number
  honorDnt: boolean
  limits: { opens: Limiter; clicks: Limiter; address: Limiter; token: Limiter }
  limitKeyOf: (request: FastifyRequest) => string
  now: () => number
}

/** An open or a click that came in. */
export interface Touch {
  event: 'open' | 'click'
  /** The token as it was sent, and what it says. */
  text: string
  token: Token
  /** Where a click goes. */
  destination: string | null
  /** Whether nobody who reads the mail can see the link. */
  invisible: boolean
}

/** Who asks, as `Caller` of the verdict and as a draft has it. */
export function callerOf(request: FastifyRequest, reader: VisitorReader) {
  return { ...visitorOf(request.socket.remoteAddress ?? '', request.headers, reader), purpose: purposeOf(request.headers) }
}

/**
 * Records what came in, as far as it counts, and says whether there are such a campaign and lead; null when the store is away. Waits
 * for the journal at most as long as a visitor may; never throws. HEAD records nothing, but is remembered.
 */
export async function recordTouch(world: RecorderWorld, request: FastifyRequest, touch: Touch): Promise<boolean | null> {
  const { ingest, existence, traces, now } = world
  const at = now()
  const caller = callerOf(request, world.reader)
  const { campaignId, leadId, at: sent } = touch.token
  const there = await existence.both(campaignId, leadId)
  if (request.method !== 'GET') {
    traces.note(touch.text, caller, 'head_before_get', at)
    return there
  }
  const drop = await reasonToDrop(world, request, touch, there, at)
  if (drop !== null) {
    ingest.drop('email', drop)
    return there
  }
  if (touch.invisible) traces.note(touch.text, caller, 'invisible_link', at)
  const verdict = judgeMail({ ...caller, event: touch.event, sentAt: sent * 1000, now: at, remembered: traces.of(touch.text, caller, at) })
  if (touch.event === 'click') traces.clicked(touch.text, at)
  const through = touch.event === 'open' ? proxyOf(caller.userAgent) : null
  await ingest.recordSoon({
    ...mailDraft(touch.event === 'open' ? 'email_opened' : 'email_clicked', touch.token, caller, at),
    destinationUrl: touch.destination,
    verdict,
    ...(through === null ? {} : { properties: JSON.stringify({ sent_at: sentAt(sent), seen_through: through }) }),
  })
  return there
}

/** What happened to a mail, as the pipeline takes it. */
export function mailDraft(name: string, { campaignId, leadId, at: sent }: Token, { address, country, userAgent, purpose }: ReturnType<typeof callerOf>, at: number): Draft {
  return {
    family: 'email',
    project: EMAIL_PROJECT,
    source: 'email',
    name,
    ts: at,
    campaignId,
    leadId,
    address,
    country,
    userAgent,
    agentSeen: true,
    purpose,
    properties: JSON.stringify({ sent_at: sentAt(sent) }),
  }
}

/** The token by which a mail's event came, made again from what the event says; null where it came without one. */
export function tokenOf({ campaign_id: campaignId, lead_id: leadId, properties }: Pick<StoredEvent, 'campaign_id' | 'lead_id' | 'properties'>, secret: string): string | null {
  const { sent_at: sent } = (properties === null ? {} : JSON.parse(properties)) as { sent_at?: string }
  return campaignId === null || leadId === null || sent === undefined ? null : makeToken({ campaignId, leadId, at: Date.parse(sent) / 1000 }, secret)
}

function sentAt(seconds: number): string {
  return iso(seconds * 1000)
}

async function reasonToDrop(world: RecorderWorld, request: FastifyRequest, { event, text, token }: Touch, there: boolean | null, at: number) {
  if (there === false) return 'unknown_lead'
  if (at >= token.at * 1000 + world.tokenMs) return 'expired'
  if (world.honorDnt && optedOut(request.headers)) return 'opted_out'
  const { limits } = world
  const counts = [[limits.token, text], [limits.address, world.limitKeyOf(request)], [event === 'open' ? limits.opens : limits.clicks, 'all']] as const
  for (const [limiter, key] of counts) if (!(await limiter.take(key)).allowed) return 'limited'
  return null
}
