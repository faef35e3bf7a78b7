import type { FastifyInstance } from 'fastify'
import { type EngagementWorld, engagementRoute } from './engagement-route.ts'
import type { PartnersWorld } from './partners.ts'
import { partnerRoutes } from './routes.ts'

/** Partners: who may see the numbers of a referrer, and these numbers. */
export function partnersRoom(world: PartnersWorld & EngagementWorld): { routes(app: FastifyInstance): void } {
  return {
    routes(app) {
      partnerRoutes(app, world)
      engagementRoute(app, world)
    },
  }
}
