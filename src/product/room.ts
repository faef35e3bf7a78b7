import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type VisitorReader, visitorOf } from '../capture/visitor.ts'
import type { Idempotency } from '../http/idempotency.ts'
import type { Limiter } from '../http/limits.ts'
import type { Adopter, Ingest, Reader, Replayer } from '../ingest/index.ts'
import type { Reporter } from '../reports/index.ts'
import type { Sql } from '../store/sql.ts'
import { ProjectDirectory } from './directory.ts'
import { eventReader, projectAdopter } from './import.ts'
import { queryRoute } from './query-route.ts'
import { replayEvents } from './replay.ts'
import { reportRoutes } from './report-routes.ts'
import { productRoutes } from './routes.ts'

/** What the room stands on. */
export interface ProductSettings {
  sql: Sql
  ingest: Ingest
  reporter: Reporter
  idempotency: Idempotency
  limiter: Limiter
  limitKeyOf: (request: FastifyRequest) => string
  reader: VisitorReader
  /** Whether other nodes change projects too. */
  shared: boolean
  /** Whether projects and reports are open to everybody: not in production. */
  open: boolean
  now: () => number
}

/** The product family: its routes, the way back in for refused events, and the way in for events and projects from elsewhere. */
export function productRoom(settings: ProductSettings): { routes(app: FastifyInstance): void; replay: Replayer; read: Reader; adopt: Adopter } {
  const directory = new ProjectDirectory(settings.sql, settings.shared)
  const world = {
    ...settings,
    directory,
    who: settings.open ? ('public' as const) : ('admin' as const),
    senderOf: (request: FastifyRequest) => visitorOf(request.socket.remoteAddress ?? '', request.headers, settings.reader),
  }
  return {
    routes(app) {
      productRoutes(app, world)
      reportRoutes(app, world)
      queryRoute(app, world)
    },
    replay: (letters) => replayEvents(settings.ingest, letters),
    read: eventReader(world),
    adopt: projectAdopter(world),
  }
}
