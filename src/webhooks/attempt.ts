import { iso } from '../core/time.ts'
import type { Feed } from '../ingest/index.ts'
import type { LinkFeed } from '../links/index.ts'
import type { Delivery } from './delivery.ts'
import { type Endpoint, type EventType, TEST_TYPE } from './endpoint.ts'
import { eventBody, linkBody, testBody } from './message.ts'
import { GIVE_UP_MS, nextAttempt } from './schedule.ts'
import type { Seal } from './seal.ts'
import { type Attempt, type SendWorld, post } from './send.ts'
import { signedHeaders } from './signature.ts'
import type { EndpointChange } from './store.ts'

/** What an attempt is made with. */
export interface AttemptWorld {
  feed: Feed
  links: LinkFeed
  seal: Seal
  send: SendWorld
  /** Signs the tokens of mails. */
  tokenSecret: string
  now: () => number
}

/** What became of an attempt; `null` stands for one that was broken off, `nothing` for one with nothing left to tell. */
export type Result = Attempt | 'nothing' | null

/** Makes a message of what a delivery tells of, signs it and sends it once. Throws Fault 'unavailable' while the store is away. */
export async function attempt(world: AttemptWorld, endpoint: Endpoint, delivery: Delivery, signal?: AbortSignal): Promise<Result> {
  const body = await bodyOf(world, delivery)
  if (body === null) return 'nothing'
  const text = JSON.stringify(body)
  const now = world.now()
  const sealed = [endpoint.secret, ...(endpoint.oldSecret !== null && now < (endpoint.oldSecretUntil ?? 0) ? [endpoint.oldSecret] : [])]
  const secrets = sealed.map((one) => world.seal.open(one))
  if (!secrets.every((secret) => secret !== null)) return { delivered: false, status: null, reason: 'the secret cannot be read since JWT_SECRET has changed; rotate it', retryAfterMs: null }
  return post(endpoint.url, signedHeaders(delivery.id, now, text, secrets), text, world.send, signal)
}

async function bodyOf({ feed, links, tokenSecret, now }: AttemptWorld, { eventType, subject }: Delivery): Promise<object | null> {
  if (eventType === TEST_TYPE) return testBody(now())
  const type = eventType as EventType
  if (type === 'link.created' || type === 'link.updated') {
    const [link] = await links.at([subject])
    return link ? linkBody(type, link) : null
  }
  const [event] = await feed.at([Number(subject)])
  return event ? eventBody(type, event, tokenSecret) : null
}

/** What an attempt makes of its delivery, and, where it changes, of the endpoint. `random` is a number from 0 to 1. */
export function settled(delivery: Delivery, endpoint: Endpoint, result: NonNullable<Result>, now: number, random: number): { delivery: Delivery; change: EndpointChange | null } {
  const made = { ...delivery, attempts: delivery.attempts + 1, attemptedAt: now }
  if (result === 'nothing') return { delivery: { ...delivery, state: 'failed', status: null, reason: 'what it tells of is no longer there' }, change: null }
  if (result.delivered) {
    return { delivery: { ...made, state: 'delivered', status: result.status, reason: null }, change: endpoint.failingSince === null ? null : { failingSince: null } }
  }
  const { status, reason, retryAfterMs } = result
  const failed = { ...made, status, reason }
  if (status === 410) return { delivery: { ...failed, state: 'failed' }, change: { isActive: false, disabledReason: `It answered 410 Gone at ${iso(now)}.`, updatedAt: now } }
  const dueAt = delivery.eventType === TEST_TYPE ? null : nextAttempt(made.attempts, delivery.since, now, retryAfterMs, random)
  const since = endpoint.failingSince ?? now
  const change = endpoint.failingSince === null ? { failingSince: now } : null
  return {
    delivery: dueAt === null ? { ...failed, state: 'failed' } : { ...failed, dueAt },
    change: now - since >= GIVE_UP_MS ? { isActive: false, disabledReason: `Nothing could be delivered since ${iso(since)}; the last attempt: ${reason}.`, updatedAt: now } : change,
  }
}
