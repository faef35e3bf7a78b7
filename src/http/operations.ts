import type { FastifyInstance } from 'fastify'
import { type Probe, writeProbe } from '../store/probe.ts'
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
  sql: Sql
  metrics: Metrics
}

/** Registers health, the store's health, and the metrics. */
export function operationsRoutes(app: FastifyInstance, world: OperationsWorld): void {
  const startedAt = performance.now()

  route(app, {
    method: 'GET',
    url: '/',
    family: 'operations',
    who: 'public',
    summary: 'To the reference',
    hidden: true,
    handler: (_request, reply) => reply.redirect('/swagger'),
  })

  route(app, {
    method: 'GET',
    url: '/health',
    family: 'operations',
    who: 'public',
    summary: 'Whether the server is up',
    handler: () => ({ status: 'ok', version: world.version, uptimeSeconds: Math.floor((performance.now() - startedAt) / 1000) }),
  })

  route(app, {
    method: 'GET',
    url: '/db/health',
    family: 'product',
    who: 'public',
    summary: 'Whether the store commits, and how fast',
    handler: async (_request, reply) => {
      const latency = await world.probe()
      if (latency === null) return reply.code(503).header('retry-after', '5').send({ status: 'unavailable', engine: world.engine, error: 'The store does not commit.' })
      return { status: 'ok', engine: world.engine, latencyMs: Math.round(latency * 100) / 100 }
    },
  })

  route(app, {
    method: 'POST',
    url: '/db/test-insert',
    family: 'product',
    who: world.open ? 'public' : 'admin',
    summary: 'Write and remove a probe row',
    handler: async () => ({ success: true, id: await writeProbe(world.sql) }),
  })

  route(app, {
    method: 'GET',
    url: '/metrics',
    family: 'operations',
    who: 'public',
    summary: 'All figures, in the Prometheus text format',
    produces: ['text/plain'],
    handler: async (_request, reply) => reply.type(world.metrics.contentType).send(await world.metrics.text()),
  })
}
