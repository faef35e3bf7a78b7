import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { type Probe, writeProbe } from '../store/probe.ts'
import type { ReplicaState } from '../store/replicas.ts'
import type { Sql } from '../store/sql.ts'
import type { Metrics } from './metrics.ts'
import { route } from './route.ts'

/** What these routes tell of. */
export interface OperationsWorld {
  version: string
  engine: string
  /** Whether anybody may make the store write a probe: not in production. */
  open: boolean
  probe: Probe
  /** How the replicas are, from which reports are read. */
  replicas: () => readonly ReplicaState[]
  sql: Sql
  metrics: Metrics
}

const StoreHealth = Type.Object({
  status: Type.Literal('ok'),
  engine: Type.String(),
  latencyMs: Type.Number(),
  replicas: Type.Optional(
    Type.Array(
      Type.Object({
        number: Type.Integer({ description: 'Its place in DATABASE_REPLICA_URLS, from 1' }),
        state: Type.Union(['used', 'behind', 'away'].map((state) => Type.Literal(state))),
        lagMs: Type.Union([Type.Number(), Type.Null()]),
        answers: Type.Integer({ description: 'Questions it has answered since the start' }),
      }),
    ),
  ),
})

/** Registers health, the store's health, and the metrics. */
export function operationsRoutes(app: FastifyInstance, world: OperationsWorld): void {
  const startedAt = performance.now()

  route(app, {
    method: 'GET',
    url: '/health',
    family: 'operations',
    who: 'public',
    summary: 'Whether the server is up',
    schema: { response: { 200: Type.Object({ status: Type.Literal('ok'), version: Type.String(), uptimeSeconds: Type.Integer() }) } },
    handler: () => ({ status: 'ok', version: world.version, uptimeSeconds: Math.floor((performance.now() - startedAt) / 1000) }),
  })

  route(app, {
    method: 'GET',
    url: '/db/health',
    family: 'product',
    who: 'public',
    summary: 'Whether the store commits, and how fast; and how far its replicas are behind',
    schema: { response: { 200: StoreHealth, 503: Type.Object({ status: Type.Literal('unavailable'), engine: Type.String(), error: Type.String() }) } },
    handler: async (_request, reply) => {
      const latency = await world.probe()
      if (latency === null) return reply.code(503).header('retry-after', '5').send({ status: 'unavailable', engine: world.engine, error: 'The store does not commit.' })
      const replicas = world.replicas()
      return { status: 'ok', engine: world.engine, latencyMs: Math.round(latency * 100) / 100, ...(replicas.length > 0 ? { replicas } : {}) }
    },
  })

  route(app, {
    method: 'POST',
    url: '/db/test-insert',
    family: 'product',
    who: world.open ? 'public' : 'admin',
    summary: 'Write and remove a probe row',
    schema: { response: { 200: Type.Object({ success: Type.Literal(true), id: Type.String() }) } },
    handler: async () => ({ success: true, id: await writeProbe(world.sql) }),
  })

  route(app, {
    method: 'GET',
    url: '/metrics',
    family: 'operations',
    who: 'public',
    summary: 'All figures, in the Prometheus text format',
    schema: { response: { 200: Type.String({ description: 'The figures' }) } },
    produces: ['text/plain'],
    handler: async (_request, reply) => reply.type(world.metrics.contentType).send(await world.metrics.text()),
  })
}
