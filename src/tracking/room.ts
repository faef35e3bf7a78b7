import type { FastifyInstance } from 'fastify'
import type { Reader, Replayer } from '../ingest/index.ts'
import type { Reporter } from '../reports/index.ts'
import { type CaptureWorld, captureRoute } from './capture-route.ts'
import { readCaptures } from './import.ts'
import { replayCaptures } from './replay.ts'
import { statsRoutes } from './stats-routes.ts'

/** What the room stands on. */
export interface TrackingSettings extends CaptureWorld {
  reporter: Reporter
}

/** The campaigns' part of the tracking family: its routes, the way back in for refused captures, and the way in for those from elsewhere. */
export function trackingRoom(settings: TrackingSettings): { routes(app: FastifyInstance): void; replay: Replayer; read: Reader } {
  return {
    routes(app) {
      captureRoute(app, settings)
      statsRoutes(app, settings)
    },
    replay: (letters) => replayCaptures(settings.ingest, letters),
    read: readCaptures,
  }
}
