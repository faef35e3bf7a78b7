import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { route } from './route.ts'

/** The interactive reference at /swagger and the OpenAPI 3.1 document at /apispec.json, made from the routes' schemas alone. Register it before the routes. */
export async function serveReference(app: FastifyInstance, info: { version: string; publicUrl: string }): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Waymark', version: info.version, description: 'Links, campaigns, emails and products: every touchpoint is one event, and every number comes from them.' },
      servers: [{ url: info.publicUrl }],
      tags: [
        { name: 'links', description: 'Tracked links, their redirects and click batches' },
        { name: 'product', description: 'Projects, their events and reports; the store’s health' },
        { name: 'tracking', description: 'Campaigns, partners, accounts and keys' },
        { name: 'email', description: 'Leads, campaigns and their mailings, opens, clicks and opt-outs; webhooks' },
        { name: 'operations', description: 'Health, metrics and this reference' },
      ],
      components: {
        securitySchemes: {
          ingestKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An ingest key, for machines' },
          session: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The token of POST /api/auth/login, for people; pages of this server may send it as the cookie that the login sets' },
        },
      },
    },
  })
  await app.register(swaggerUi, {
    routePrefix: '/swagger',
    staticCSP: true,
    // A server on plain http in somebody's own network must not ask for its scripts by https.
    transformStaticCSP: (header) => header.replace(/upgrade-insecure-requests;?/, ''),
    uiConfig: { layout: 'BaseLayout', docExpansion: 'list', validatorUrl: null },
  })
  route(app, {
    method: 'GET',
    url: '/apispec.json',
    family: 'operations',
    who: 'public',
    summary: 'The OpenAPI 3.1 document of this server',
    handler: () => app.swagger(),
  })
}
