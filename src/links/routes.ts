import type { FastifyInstance } from 'fastify'
import QRCode from 'qrcode'
import { Type } from '@sinclair/typebox'
import { Fault, type FieldError } from '../core/errors.ts'
import { deeperThan } from '../core/text.ts'
import { cursorOf, cursorParts } from '../http/cursor.ts'
import type { Idempotency } from '../http/idempotency.ts'
import { type Who, route } from '../http/route.ts'
import { checkOf, fields, maybe } from '../http/validate.ts'
import { type Reporter, freshQuery, rangeOf, reporterFor } from '../reports/index.ts'
import { TRACKING_ID_PATTERN, URL_MAX } from './link.ts'
import { BULK_LINKS, type LinkWorld, type NewLink, changeLink, createLink, createLinks, existingLink } from './links.ts'
import { BulkAnswer, Failure, LinkAnswer, ListAnswer, StatsAnswer } from './schemas.ts'
import { linkStats, withClicks } from './stats.ts'
import { listLinks } from './store.ts'
import { linkView } from './view.ts'

const WRITERS = ['ingest key', 'admin'] as const satisfies readonly Who[]
const READERS = ['ingest key', 'viewer'] as const satisfies readonly Who[]
const BULK_BYTES = 2 * 1024 * 1024

const text = (maxLength: number) => maybe(Type.String({ maxLength }))
const NewLinkSchema = fields({
  original_url: Type.String({ minLength: 1, maxLength: URL_MAX, description: 'Where the link leads: http or https' }),
  tracking_id: maybe(Type.String({ pattern: TRACKING_ID_PATTERN, description: 'Your own choice; made for you when missing' })),
  link_function: maybe(Type.String({ minLength: 1, maxLength: 50, description: 'LinkedIn, Calendly, Portfolio, GitHub, Website or your own; decides the path' })),
  link_type: text(50),
  job_id: text(100),
  application_id: text(100),
  description: text(1_000),
  campaign: text(255),
  partner: maybe(Type.String({ pattern: '^[A-Za-z0-9_-]{1,255}$', description: 'Tracking id of the partner whose link it is' })),
  expires_at: maybe(Type.String({ description: 'ISO 8601' })),
  metadata: maybe(Type.Object({}, { additionalProperties: true })),
})
const ChangeSchema = fields({
  original_url: Type.Optional(Type.String({ minLength: 1, maxLength: URL_MAX })),
  is_active: Type.Optional(Type.Boolean()),
  description: text(1_000),
  expires_at: maybe(Type.String({ description: 'ISO 8601; null for never' })),
})
const IdSchema = fields({ id: Type.String({ pattern: TRACKING_ID_PATTERN, description: 'Tracking id' }) })
const checkNewLink = checkOf(NewLinkSchema)

/** Registers the routes that make, list, change and count links. */
export function linkRoutes(app: FastifyInstance, world: LinkWorld & { reporter: Reporter; idempotency: Idempotency }): void {
  route(app, {
    method: 'POST',
    url: '/api/link-tracking/links',
    family: 'links',
    who: WRITERS,
    summary: 'Make a tracked link',
    schema: { body: NewLinkSchema, response: { 201: LinkAnswer, 400: Failure, 409: Failure } },
    repeatable: world.idempotency.hooks(),
    handler: async (request, reply) => {
      const issue = metadataIssue(request.body)
      if (issue) throw new Fault('invalid', `${issue.field} ${issue.error}`, { errors: [issue] })
      return reply.code(201).send(linkView(await createLink(world, request.body)))
    },
  })

  route(app, {
    method: 'POST',
    url: '/api/link-tracking/links/bulk',
    family: 'links',
    who: WRITERS,
    summary: 'Make up to 1,000 tracked links',
    description: 'Each stands or falls alone: `results` says for each, by its index, the link or what is wrong.',
    schema: { body: fields({ links: Type.Array(Type.Unknown(), { minItems: 1, description: `At most ${BULK_LINKS}` }) }), response: { 201: BulkAnswer, 207: BulkAnswer, 400: BulkAnswer } },
    bodyLimit: BULK_BYTES,
    repeatable: world.idempotency.hooks(),
    handler: async (request, reply) => {
      const { links } = request.body
      if (links.length > BULK_LINKS) throw new Fault('too_large', `At most ${BULK_LINKS} links can be made at once; these are ${links.length}.`)
      const wanted = links.map((item) => checkNewLink(item) ?? metadataIssue(item as NewLink) ?? (item as NewLink))
      const results = (await createLinks(world, wanted)).map((made, index) =>
        'field' in made ? { index, success: false, field: made.field, error: made.error } : { index, success: true, link: linkView(made) },
      )
      const successful = results.filter((result) => result.success).length
      const failed = results.length - successful
      const status = failed === 0 ? 201 : successful === 0 ? 400 : 207
      return reply.code(status).send({ success: failed === 0, total: results.length, successful, failed, results })
    },
  })

  route(app, {
    method: 'GET',
    url: '/api/link-tracking/links',
    family: 'links',
    who: READERS,
    summary: 'List and search links, newest first',
    schema: {
      querystring: fields({
        q: Type.Optional(Type.String({ maxLength: 200, description: 'Part of an id, a destination or a description' })),
        is_active: Type.Optional(Type.Boolean()),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 50 })),
        cursor: Type.Optional(Type.String({ maxLength: 500, description: '`cursor` of the page before' })),
        counts: Type.Optional(Type.Boolean({ description: 'With the clicks of each link, of all time' })),
      }),
      response: { 200: ListAnswer, 400: Failure },
    },
    handler: async (request) => {
      const { q, is_active, limit = 50, cursor, counts = false } = request.query
      const after = cursor === undefined ? null : cursorParts(cursor)
      if (cursor !== undefined && after === null) throw new Fault('invalid', 'cursor is none of ours.', { errors: [{ field: 'cursor', error: 'must be the cursor of an earlier page' }] })
      const links = await listLinks(world.sql, { q: q || null, isActive: is_active ?? null, limit, after: after && { createdAt: after[0], trackingId: after[1] } })
      const last = links.at(-1)
      const views = links.map(linkView)
      return { links: counts ? await withClicks(world.reporter, views) : views, cursor: last && links.length === limit ? cursorOf([last.created_at, last.tracking_id]) : null }
    },
  })

  route(app, {
    method: 'GET',
    url: '/api/link-tracking/links/:id',
    family: 'links',
    who: READERS,
    summary: 'One link',
    schema: { params: IdSchema, response: { 200: LinkAnswer, 404: Failure } },
    handler: async (request) => linkView(await existingLink(world, request.params.id)),
  })

  route(app, {
    method: 'PATCH',
    url: '/api/link-tracking/links/:id',
    family: 'links',
    who: WRITERS,
    summary: 'Change where a link leads, its description or expiry, or switch it off',
    schema: { params: IdSchema, body: ChangeSchema, response: { 200: LinkAnswer, 400: Failure, 404: Failure } },
    repeatable: world.idempotency.hooks(),
    handler: async (request) => linkView(await changeLink(world, request.params.id, request.body)),
  })

  route(app, {
    method: 'GET',
    url: '/api/link-tracking/links/:id/stats',
    family: 'links',
    who: READERS,
    summary: "A link's numbers",
    description: 'Counts hold every click; `human_clicks` and `machine_clicks` are its parts. `from` belongs to the range, `to` does not; days are UTC. The lists hold the 100 largest, `recent` the last 50 clicks.',
    schema: {
      params: IdSchema,
      querystring: fields({
        from: Type.Optional(Type.String({ description: 'ISO 8601' })),
        to: Type.Optional(Type.String({ description: 'ISO 8601' })),
        ...freshQuery,
      }),
      response: { 200: StatsAnswer, 400: Failure, 404: Failure },
    },
    handler: async (request) => {
      await existingLink(world, request.params.id)
      return linkStats(reporterFor(request, world.reporter), request.params.id, rangeOf(request.query))
    },
  })

  route(app, {
    method: 'GET',
    url: '/api/link-tracking/links/:id/qr',
    family: 'links',
    who: READERS,
    summary: "A link's QR code",
    schema: {
      params: IdSchema,
      querystring: fields({
        format: Type.Optional(Type.String({ enum: ['svg', 'png'], default: 'svg' })),
        size: Type.Optional(Type.Integer({ minimum: 64, maximum: 2_048, default: 512, description: 'Width in pixels' })),
      }),
      response: { 200: Type.String({ description: 'The picture' }) },
    },
    produces: ['image/svg+xml', 'image/png'],
    handler: async (request, reply) => {
      const link = await existingLink(world, request.params.id)
      const { format = 'svg', size = 512 } = request.query
      const options = { width: size, margin: 2, errorCorrectionLevel: 'M' } as const
      if (format === 'png') return reply.type('image/png').send(await QRCode.toBuffer(link.redirect_url, options))
      return reply.type('image/svg+xml').send(await QRCode.toString(link.redirect_url, { ...options, type: 'svg' }))
    },
  })
}

const METADATA_DEPTH = 32

function metadataIssue(link: NewLink): FieldError | null {
  if (!link.metadata) return null
  if (deeperThan(link.metadata, METADATA_DEPTH)) return { field: 'metadata', error: `must not be nested deeper than ${METADATA_DEPTH}` }
  if (JSON.stringify(link.metadata).length > 32 * 1024) return { field: 'metadata', error: 'must be at most 32 KiB' }
  return null
}
