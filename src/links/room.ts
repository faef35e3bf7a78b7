import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { VisitorReader } from '../capture/visitor.ts'
import type { Idempotency } from '../http/idempotency.ts'
import type { Limiter } from '../http/limits.ts'
import type { Adopter, Ingest, Reader, Replayer } from '../ingest/index.ts'
import type { Reporter } from '../reports/index.ts'
import type { Probe } from '../store/probe.ts'
import type { Sql } from '../store/sql.ts'
import { batchRoutes } from './batch-routes.ts'
import { LinkDirectory } from './directory.ts'
import { clickReader, linkAdopter } from './import.ts'
import { lookupRoutes } from './lookup-routes.ts'
import { redirectRoutes } from './redirect-routes.ts'
import { replayClicks } from './replay.ts'
import { linkRoutes } from './routes.ts'

/** What the room stands on. */
export interface LinksSettings {
  sql: Sql
  ingest: Ingest
  reporter: Reporter
  idempotency: Idempotency
  limiter: Limiter
  limitKeyOf: (request: FastifyRequest) => string
  reader: VisitorReader
  /** Whether other nodes change links too. */
  shared: boolean
  baseUrl: () => string
  notFoundUrl: string | null
  honorDnt: boolean
  unknownLinks: 'store' | 'reject'
  probe: Probe
  now: () => number
}

/** The links family: its routes, and what it needs before the first request and at the end. */
export function linksRoom(settings: LinksSettings): {
  routes(app: FastifyInstance): void
  /** Takes refused clicks in again. */
  replay: Replayer
  /** Takes in clicks, and links, from elsewhere. */
  read: Reader
  adopt: Adopter
  /** Reads the links into memory. */
  open(): Promise<void>
  close(): void
} {
  const directory = new LinkDirectory(settings.sql, settings.shared)
  const world = { ...settings, directory }
  return {
    routes(app) {
      linkRoutes(app, world)
      lookupRoutes(app, world)
      redirectRoutes(app, world)
      batchRoutes(app, world)
    },
    replay: (letters) => replayClicks(world, letters),
    read: clickReader(world),
    adopt: linkAdopter(world),
    open: () => directory.follow(),
    close: () => directory.close(),
  }
}
