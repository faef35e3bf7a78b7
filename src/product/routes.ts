import { randomBytes } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Type } from '@sinclair/typebox'
import { Fault } from '../core/errors.ts'
import { wellFormed } from '../core/text.ts'
import { iso } from '../core/time.ts'
import { type Idempotency, eventIdsOf, givenAnswer } from '../http/idempotency.ts'
import { type Limiter, countRequest } from '../http/limits.ts'
import { type Who, route } from '../http/route.ts'
import { fields } from '../http/validate.ts'
import type { Ingest, Outcome } from '../ingest/index.ts'
import type { Sql } from '../store/sql.ts'
import { BATCH_EVENTS, EventSchema, type ReadBatch, type Sender, readBatch, refusalsOf } from './batch.ts'
import type { ProjectDirectory } from './directory.ts'
import { PROJECT_KEY_PATTERN, type Project, isProjectKey } from './project.ts'
import { wrong } from './question.ts'
import { Failure, ProjectAnswer } from './report-schemas.ts'
import { insertProject, projects, updateProject } from './store.ts'

const BATCH_BYTES = 2 * 1024 * 1024
const NAME = Type.String({ minLength: 1, maxLength: 255, examples: ['Demo App'] })

const BatchAnswer = Type.Object({
  received: Type.Integer(),
  inserted: Type.Integer(),
  duplicates: Type.Integer(),
  errors: Type.Array(Type.Object({ index: Type.Integer(), field: Type.String(), error: Type.String() })),
})

const EXAMPLE = [
  { eventName: 'app_open', timestamp: '2025-01-06T10:00:00Z', anonymousId: 'anon-1' },
  { eventName: 'purchase_success', timestamp: '2025-01-06T10:05:00Z', anonymousId: 'anon-1', userId: 'user-123' },
]

/** What the routes of projects and their events stand on. */
export interface ProductWorld {
  sql: Sql
  ingest: Ingest
  idempotency: Idempotency
  directory: ProjectDirectory
  limiter: Limiter
  limitKeyOf: (request: FastifyRequest) => string
  senderOf: (request: FastifyRequest) => Sender
  /** Who may make, list and change projects, and read their reports. */
  who: Who
  now: () => number
}

/** Registers the projects and the way in for their events. */
export function productRoutes(app: FastifyInstance, world: ProductWorld): void {
  route(app, {
    method: 'POST',
    url: '/v1/projects',
    family: 'product',
    who: world.who,
    summary: 'Make a project',
    schema: { body: fields({ name: NAME }), response: { 200: ProjectAnswer, 400: Failure } },
    repeatable: world.idempotency.hooks(),
    handler: async (request) => {
      const project: Project = { project_key: randomBytes(6).toString('hex'), name: wellFormed(request.body.name), created_at: world.now(), is_active: true }
      await insertProject(world.sql, project)
      world.directory.put(project)
      return view(project)
    },
  })

  route(app, {
    method: 'GET',
    url: '/v1/projects',
    family: 'product',
    who: world.who,
    summary: 'List projects, newest first, or find the one of a key',
    schema: {
      querystring: fields({ projectKey: Type.Optional(Type.String({ maxLength: 100 })) }),
      response: { 200: Type.Object({ projects: Type.Array(ProjectAnswer) }) },
    },
    handler: async (request) => {
      const { projectKey = null } = request.query
      const found = projectKey === null || isProjectKey(projectKey) ? await projects(world.sql, projectKey) : []
      return { projects: found.map(view) }
    },
  })

  route(app, {
    method: 'PATCH',
    url: '/v1/projects/:projectKey',
    family: 'product',
    who: world.who,
    summary: 'Rename a project, or switch it off and on',
    schema: {
      params: fields({ projectKey: Type.String({ pattern: PROJECT_KEY_PATTERN }) }),
      body: fields({ name: Type.Optional(NAME), isActive: Type.Optional(Type.Boolean()) }),
      response: { 200: ProjectAnswer, 404: Failure },
    },
    handler: async (request) => {
      const { name, isActive } = request.body
      const { projectKey } = request.params
      const project = await updateProject(world.sql, projectKey, { ...(name === undefined ? {} : { name: wellFormed(name) }), ...(isActive === undefined ? {} : { is_active: isActive }) })
      if (!project) throw new Fault('not_found', `Project with key '${projectKey}' not found`)
      world.directory.put(project)
      return view(project)
    },
  })

  route(app, {
    method: 'POST',
    url: '/v1/events/batch',
    family: 'product',
    who: 'public',
    summary: 'Send events, up to 1,000 in a batch',
    description: 'JSON, also sent as `text/plain`, as `navigator.sendBeacon` does. Each event stands or falls alone. 600 batches a minute by address.',
    schema: {
      body: fields({ projectKey: Type.String({ examples: ['a1b2c3d4e5f6'] }), events: Type.Array(EventSchema, { minItems: 1, maxItems: BATCH_EVENTS, examples: [EXAMPLE] }) }),
      response: { 200: BatchAnswer, 400: Type.Union([BatchAnswer, Failure]), 403: Failure },
    },
    checksBody: true,
    beacon: true,
    anonymous: true,
    bodyLimit: BATCH_BYTES,
    before: (request, reply) => countRequest(world.limiter, world.limitKeyOf(request), reply),
    repeatable: world.idempotency.hooks(true),
    handler: async (request, reply) => {
      const { projectKey, events } = (request.body ?? {}) as { projectKey?: unknown; events?: unknown }
      if (typeof projectKey !== 'string') throw wrong('projectKey', 'must be a string')
      const { project_key: project } = await world.directory.active(projectKey)
      if (!Array.isArray(events)) throw wrong('events', 'must be an array of events')
      if (events.length === 0) throw wrong('events', 'must hold at least one event')
      if (events.length > BATCH_EVENTS) throw new Fault('too_large', `A batch holds at most ${BATCH_EVENTS} events; this one has ${events.length}.`)
      const { idempotency } = request
      const ids = idempotency && eventIdsOf(idempotency)
      const batch = readBatch(project, events, world.senderOf(request), (index) => (ids === null ? undefined : `${ids}:${index}`))
      const answer = (outcomes: Outcome[]) => answerOf(batch, outcomes)
      const outcomes = await world.ingest.record(
        batch.drafts,
        refusalsOf(project, batch.errors, request),
        idempotency ? (made) => givenAnswer(idempotency, statusOf(batch), answer(made), world.now()) : undefined,
      )
      if (idempotency) idempotency.kept = true
      return reply.code(statusOf(batch)).send(answer(outcomes))
    },
  })
}

function statusOf(batch: ReadBatch): number {
  return batch.drafts.length > 0 ? 200 : 400
}

function answerOf({ drafts, errors }: ReadBatch, outcomes: readonly Outcome[]) {
  const duplicates = outcomes.filter((outcome) => outcome.duplicate).length
  const [first] = errors
  return {
    ...(drafts.length === 0 && first ? { error: `No valid event. ${first.field}: ${first.error}` } : {}),
    received: drafts.length + errors.length,
    inserted: drafts.length - duplicates,
    duplicates,
    errors,
  }
}

function view(project: Project) {
  return { name: project.name, projectKey: project.project_key, createdAt: iso(project.created_at), isActive: project.is_active }
}
