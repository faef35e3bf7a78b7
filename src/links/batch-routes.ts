import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { Fault } from '../core/errors.ts'
import { iso } from '../core/time.ts'
import { type Idempotency, eventIdsOf, givenAnswer } from '../http/idempotency.ts'
import { route } from '../http/route.ts'
import { fields } from '../http/validate.ts'
import type { Ingest, Outcome, Refusal } from '../ingest/index.ts'
import type { Probe } from '../store/probe.ts'
import { BATCH_EVENTS, ClickSchema, type ClickError, type ReadBatch, matchLinks, readBatch, refusalsOf } from './batch.ts'
import type { LinkDirectory } from './directory.ts'
import { BatchAnswer, Failure } from './schemas.ts'

const Health = Type.Object({ status: Type.String({ enum: ['healthy', 'unhealthy'] }), service: Type.String(), timestamp: Type.String({ format: 'date-time' }) })
const BATCH_BYTES = 2 * 1024 * 1024

/** What batches are taken in with. */
export interface BatchWorld {
  directory: LinkDirectory
  ingest: Ingest
  idempotency: Idempotency
  /** Whether a click of a link that does not exist yet is stored or refused. */
  unknownLinks: 'store' | 'reject'
  probe: Probe
  now: () => number
}

/** Registers the routes on which other domains report clicks. */
export function batchRoutes(app: FastifyInstance, world: BatchWorld): void {
  route(app, {
    method: 'POST',
    url: '/api/tracking-ingest/batch',
    family: 'links',
    who: 'ingest key',
    summary: 'Report clicks, up to 1,000 in a batch',
    description: 'Each event stands or falls alone. What is refused is kept in the dead letters as it was sent. 200: all stored; 207: some refused; 400: none valid.',
    schema: {
      body: fields({ events: Type.Array(ClickSchema, { minItems: 1, maxItems: BATCH_EVENTS, examples: [[{ tracking_id: 'linkedin-profile-abc123' }]] }) }),
      response: { 200: BatchAnswer, 207: BatchAnswer, 400: Type.Union([BatchAnswer, Failure]) },
    },
    checksBody: true,
    bodyLimit: BATCH_BYTES,
    repeatable: world.idempotency.hooks(true),
    handler: async (request, reply) => {
      const events: unknown = (request.body as { events?: unknown } | null | undefined)?.events
      if (!Array.isArray(events)) throw wrong('must be an array of events')
      if (events.length === 0) throw wrong('must hold at least one event')
      if (events.length > BATCH_EVENTS) throw new Fault('too_large', `A batch holds at most ${BATCH_EVENTS} events; this one has ${events.length}.`)
      const { idempotency } = request
      const ids = idempotency && eventIdsOf(idempotency)
      const batch = readBatch(events, world.now(), (index) => (ids === null ? undefined : `${ids}:${index}`))
      const unmatched = await match(world, batch)
      const answer = (outcomes: Outcome[]) => answerOf(events.length, outcomes, unmatched.count, [...batch.errors, ...unmatched.errors])
      const refusals: Refusal[] = [...refusalsOf(batch.errors, request), ...refusalsOf(unmatched.errors, request, 'unknown_link')]
      const keep = idempotency
        ? (made: Outcome[]) => {
            const { status, body } = answer(made)
            return givenAnswer(idempotency, status, body, world.now())
          }
        : undefined
      const outcomes = await world.ingest.record(batch.drafts, refusals, keep)
      if (idempotency) idempotency.kept = true
      const { status, body } = answer(outcomes)
      return reply.code(status).send(body)
    },
  })

  route(app, {
    method: 'POST',
    url: '/api/tracking-ingest/test',
    family: 'links',
    who: 'ingest key',
    summary: 'Whether the key and the connection work',
    schema: { response: { 200: Type.Object({ success: Type.Literal(true), message: Type.String(), timestamp: Type.String({ format: 'date-time' }) }) } },
    handler: () => ({ success: true, message: 'The connection works and the key is valid.', timestamp: iso(world.now()) }),
  })

  route(app, {
    method: 'GET',
    url: '/api/tracking-ingest/health',
    family: 'links',
    who: 'public',
    summary: 'Whether clicks can be stored',
    schema: { response: { 200: Health, 503: Health } },
    handler: async (_request, reply) => {
      const healthy = (await world.probe()) !== null
      if (!healthy) reply.header('retry-after', '5')
      return reply.code(healthy ? 200 : 503).send({ status: healthy ? 'healthy' : 'unhealthy', service: 'tracking-ingest', timestamp: iso(world.now()) })
    },
  })
}

/** Ties clicks to links. Where unknown links are refused, their clicks become errors. With the store away nothing is refused for that. */
async function match(world: BatchWorld, batch: ReadBatch): Promise<{ count: number; errors: ClickError[] }> {
  const ids = batch.drafts.map((draft) => draft.trackingId as string)
  const links = world.ingest.storeAway ? null : await world.directory.lookAll(ids).catch(() => null)
  if (links === null) {
    matchLinks(batch.drafts, world.directory.findAll(ids))
    return { count: 0, errors: [] }
  }
  if (world.unknownLinks === 'store') return { count: matchLinks(batch.drafts, links), errors: [] }
  const errors: ClickError[] = []
  batch.drafts = batch.drafts.filter((draft, at) => {
    const known = links.has(draft.trackingId as string)
    if (!known) errors.push({ index: batch.indexes[at] as number, tracking_id: draft.trackingId as string, field: 'tracking_id', error: 'no link has this id' })
    return known
  })
  matchLinks(batch.drafts, links)
  return { count: 0, errors }
}

function answerOf(total: number, outcomes: readonly Outcome[], unmatched: number, errors: ClickError[]) {
  const failed = errors.length
  const successful = outcomes.length
  const duplicates = outcomes.filter((outcome) => outcome.duplicate).length
  const results = { total, successful, duplicates, unmatched, failed, errors: errors.sort((a, b) => a.index - b.index) }
  if (successful === 0) {
    const [first] = results.errors
    return { status: 400, body: { success: false, error: `No valid event. ${first?.field}: ${first?.error}`, message: 'No valid event', results } }
  }
  const stored = `Stored ${successful} ${successful === 1 ? 'event' : 'events'}`
  const message = failed === 0 ? stored : `${stored}, refused ${failed}`
  return { status: failed === 0 ? 200 : 207, body: { success: failed === 0, message, results } }
}

function wrong(error: string): Fault {
  return new Fault('invalid', `events ${error}.`, { errors: [{ field: 'events', error }] })
}
