import { Fault, invalidField } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import { isPrintable } from '../core/text.ts'
import { DAY_MS } from '../core/time.ts'
import type { Sql } from '../store/sql.ts'
import { type AttemptWorld, attempt, settled } from './attempt.ts'
import { type Delivery, ofTest } from './delivery.ts'
import { type Endpoint, type EventType, MOST_ENDPOINTS, checkWanted } from './endpoint.ts'
import { newSigningSecret } from './signature.ts'
import { allEndpoints, deleteEndpoint, deliveryById, endpointById, insertDeliveries, insertEndpoint, recordAttempt, requeue, updateEndpoint } from './store.ts'
import { resolvedTargetError } from './target.ts'

/** How long the secret before the last rotation signs as well. */
export const OVERLAP_MS = DAY_MS

/** What endpoints are kept with. */
export interface EndpointsWorld extends AttemptWorld {
  sql: Sql
}

/** What people say of an endpoint. */
export interface WantedEndpoint {
  url?: string
  description?: string | null
  events?: EventType[]
  goals?: string[] | null
  include_machines?: boolean
  is_active?: boolean
}

/** Makes an endpoint and its secret, which is shown this once. Throws Fault 'invalid' naming the field, 'conflict' where there are too many. */
export async function createEndpoint(world: EndpointsWorld, wanted: WantedEndpoint & { url: string; events: EventType[] }): Promise<{ endpoint: Endpoint; secret: string }> {
  const now = world.now()
  const secret = newSigningSecret()
  const endpoint: Endpoint = {
    id: newId(),
    url: await checkedUrl(world, wanted.url),
    description: checkedText('description', wanted.description ?? null),
    events: wanted.events,
    goals: checkedGoals(wanted.goals ?? []),
    includeMachines: wanted.include_machines ?? false,
    secret: world.seal.close(secret),
    oldSecret: null,
    oldSecretUntil: null,
    isActive: wanted.is_active ?? true,
    disabledReason: null,
    failingSince: null,
    createdAt: now,
    updatedAt: now,
  }
  checkWanted(endpoint)
  if ((await allEndpoints(world.sql)).length >= MOST_ENDPOINTS) throw new Fault('conflict', `There are ${MOST_ENDPOINTS} webhooks already. Delete one that is not needed.`)
  await insertEndpoint(world.sql, endpoint)
  return { endpoint, secret }
}

/** Changes what is named of an endpoint. Switched on, it starts anew: what was wrong before is forgotten. Throws Fault 'invalid' naming the field, 'not_found'. */
export async function changeEndpoint(world: EndpointsWorld, id: string, wanted: WantedEndpoint): Promise<Endpoint> {
  const known = existing(await endpointById(world.sql, id))
  const { url, description, events = known.events, goals, include_machines: includeMachines = known.includeMachines, is_active: isActive = known.isActive } = wanted
  // The address is checked anew whatever is changed: what was allowed once may not be now.
  const change = {
    url: await checkedUrl(world, url ?? known.url),
    description: description === undefined ? known.description : checkedText('description', description),
    events,
    goals: goals === undefined ? known.goals : checkedGoals(goals ?? []),
    includeMachines,
    isActive,
    updatedAt: world.now(),
    ...(wanted.is_active === undefined ? {} : { disabledReason: null, failingSince: null }),
  }
  checkWanted(change)
  return existing(await updateEndpoint(world.sql, id, change))
}

/** Puts a new secret in the place of the old one, which signs as well for `OVERLAP_MS`. Throws Fault 'not_found'. */
export async function rotateSecret({ sql, seal, now }: EndpointsWorld, id: string): Promise<{ endpoint: Endpoint; secret: string }> {
  const known = existing(await endpointById(sql, id))
  const secret = newSigningSecret()
  // One that nobody can open any more signs nothing.
  const old = seal.open(known.secret) === null ? null : known.secret
  const change = { secret: seal.close(secret), oldSecret: old, oldSecretUntil: old === null ? null : now() + OVERLAP_MS, updatedAt: now() }
  return { endpoint: existing(await updateEndpoint(sql, id, change)), secret }
}

/** Removes an endpoint with its log. Throws Fault 'not_found'. */
export async function removeEndpoint({ sql }: EndpointsWorld, id: string): Promise<void> {
  if (!(await deleteEndpoint(sql, id))) throw notFound()
}

/** Sends a message at once, to an endpoint that is switched off too, and gives what became of it; it is not tried again. Throws Fault 'not_found'. */
export async function testEndpoint(world: EndpointsWorld, id: string): Promise<Delivery> {
  const endpoint = existing(await endpointById(world.sql, id))
  const now = world.now()
  const queued = { ...ofTest(endpoint, newId(), now), state: 'failed' as const, reason: 'broken off' }
  // In the log before it goes out, in a state in which no courier takes it.
  await world.sql.write(insertDeliveries([queued]))
  const result = await attempt(world, endpoint, queued)
  if (result === null) return queued
  const { delivery, change } = settled(queued, endpoint, result, world.now(), 0)
  // A test says how things are: it does not begin a time of failure, but ends one.
  await recordAttempt(world.sql, delivery, change?.failingSince === null || change?.isActive === false ? change : null)
  return delivery
}

/** Queues a delivery again, under the same id. Throws Fault 'not_found', 'conflict' where its endpoint is switched off. */
export async function replayDelivery({ sql, now }: EndpointsWorld, id: string): Promise<Delivery> {
  const known = await deliveryById(sql, id)
  const endpoint = known && (await endpointById(sql, known.webhookId))
  if (!endpoint) throw noDelivery()
  if (!endpoint.isActive) throw new Fault('conflict', 'The webhook is switched off. Set its is_active to true first.')
  const queued = await requeue(sql, id, now())
  if (queued === null) throw noDelivery()
  return queued
}

/** The endpoint, where there is one. Throws Fault 'not_found'. */
export function existing(endpoint: Endpoint | null): Endpoint {
  if (endpoint) return endpoint
  throw notFound()
}

async function checkedUrl({ send }: EndpointsWorld, text: string): Promise<string> {
  const error = await resolvedTargetError(text, send.rules)
  if (error !== null) throw invalidField('url', error)
  return new URL(text).href
}

const TEXT_MAX = 255

function checkedText(field: string, text: string | null): string | null {
  if (text === null || text.trim() === '') return null
  if (!isPrintable(text, 1, TEXT_MAX)) throw invalidField(field, `must be at most ${TEXT_MAX} printable characters`)
  return text.trim()
}

function checkedGoals(goals: readonly string[]): string[] {
  for (const [at, goal] of goals.entries()) if (!isPrintable(goal, 1, TEXT_MAX)) throw invalidField(`goals.${at}`, `must be 1 to ${TEXT_MAX} printable characters`)
  return [...new Set(goals)]
}

function notFound(): Fault {
  return new Fault('not_found', 'There is no webhook of that id.')
}

function noDelivery(): Fault {
  return new Fault('not_found', 'There is no delivery of that id.')
}
