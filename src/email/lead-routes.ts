import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { Fault, invalidField } from '../core/errors.ts'
import { cursorOf, cursorParts } from '../http/cursor.ts'
import type { Idempotency } from '../http/idempotency.ts'
import { route } from '../http/route.ts'
import { fields, maybe } from '../http/validate.ts'
import { NAME_MAX } from './lead.ts'
import { type LeadsWorld, changeLead, createLead, eraseLead, importLeads, leadOf } from './leads.ts'
import { Failure, ImportAnswer, LeadAnswer, LeadStatus, LeadsAnswer } from './schemas.ts'
import { countLeads, listLeads } from './store.ts'
import { view } from './view.ts'

const EMAIL_MAX = 254
const IMPORT_BYTES = 2 * 1024 * 1024
const PAGE = 1_000
const WRITERS = ['ingest key', 'admin'] as const
const READERS = ['ingest key', 'viewer'] as const

const email = Type.String({ maxLength: EMAIL_MAX, description: 'Kept in lower case; one lead has it' })
const more = {
  first_name: maybe(Type.String({ maxLength: NAME_MAX })),
  last_name: maybe(Type.String({ maxLength: NAME_MAX })),
  fields: maybe(Type.Object({}, { additionalProperties: true, description: 'Whatever else you know, at most 32 KiB; mails can be filled in with it' })),
}
const NewLead = fields({ email, ...more })
const Change = fields({ email: Type.Optional(email), ...more, email_unsubscribed: Type.Optional(Type.Boolean({ description: '`true` opts the lead out; nothing opts it in again' })) })
const Id = { params: fields({ id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) }) }
const flag = (description: string) => Type.Optional(Type.Boolean({ description }))

/** Registers what is done with leads. */
export function leadRoutes(app: FastifyInstance, world: LeadsWorld & { idempotency: Idempotency }): void {
  const url = '/api/v1/leads'
  const one = `${url}/:id`
  route(app, {
    method: 'POST',
    url,
    family: 'email',
    who: WRITERS,
    summary: 'Make a lead',
    description: 'An address that is there, in whatever case, is 409.',
    schema: { body: NewLead, response: { 201: LeadAnswer, 400: Failure, 409: Failure } },
    repeatable: world.idempotency.hooks(),
    handler: async (request, reply) => reply.code(201).send(view(await createLead(world, request.body))),
  })

  route(app, {
    method: 'POST',
    url: `${url}/import`,
    family: 'email',
    who: WRITERS,
    summary: 'Take in leads from a CSV',
    description:
      'Up to 10,000 rows with a header line; `email` is required, `first_name` and `last_name` are known, and other columns become `fields`. Comma, semicolon or tab; UTF-8, or what `charset` or a byte order mark says, else Windows-1252. Each row stands or falls alone: 200 when all are there, 207 when some are not, 400 when none is. Addresses that are there already stay as they are, so it may be sent again.',
    schema: { body: Type.Unsafe<Buffer>({ description: 'CSV' }), response: { 200: ImportAnswer, 207: ImportAnswer, 400: Type.Union([ImportAnswer, Failure]), 413: Failure, 415: Failure } },
    bodyLimit: IMPORT_BYTES,
    checksBody: true,
    takes: 'csv',
    handler: async (request, reply) => {
      if (!Buffer.isBuffer(request.body)) throw new Fault('unsupported', 'Send the list as text/csv.')
      const charset = /;\s*charset="?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1] ?? null
      const answer = await importLeads(world, request.body, charset)
      return reply.code(answer.failed === 0 ? 200 : answer.failed < answer.total ? 207 : 400).send(answer)
    },
  })

  route(app, {
    method: 'GET',
    url,
    family: 'email',
    who: READERS,
    summary: 'List the leads',
    description: 'Newest first, as they are with all that was acknowledged before.',
    schema: {
      querystring: fields({
        email_opened: flag('Whether a person has opened a mail'),
        email_clicked: flag('Whether a person has followed a link'),
        email_unsubscribed: flag('Whether the lead has opted out'),
        status: Type.Optional(LeadStatus),
        counts: flag('With how many there are on all pages, and how many of them may be mailed'),
        q: Type.Optional(Type.String({ maxLength: EMAIL_MAX, description: 'Part of the address or of a name, whatever its case' })),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE, default: 100 })),
        cursor: Type.Optional(Type.String({ maxLength: 100, description: '`cursor` of the page before' })),
      }),
      response: { 200: LeadsAnswer, 400: Failure },
    },
    handler: async (request) => {
      const { email_opened: opened = null, email_clicked: clicked = null, email_unsubscribed: unsubscribed = null, status = null, q = null, limit = 100, cursor, counts = false } = request.query
      const filter = { opened, clicked, unsubscribed, status, q }
      const before = cursor === undefined ? null : cursorParts(cursor)
      if (cursor !== undefined && before === null) throw invalidField('cursor', 'must be the cursor of an earlier call')
      await world.follower.caughtUp()
      const leads = await listLeads(world.sql, filter, before?.[0] ?? null, limit + 1)
      const last = leads[limit - 1]
      const page = { leads: leads.slice(0, limit).map(view), cursor: leads.length > limit && last ? cursorOf([last.id, '']) : null }
      return counts ? { ...page, counts: await countLeads(world.sql, filter) } : page
    },
  })

  route(app, {
    method: 'GET',
    url: one,
    family: 'email',
    who: READERS,
    summary: 'A lead',
    schema: { ...Id, response: { 200: LeadAnswer, 400: Failure, 404: Failure } },
    handler: async (request) => view(await leadOf(world, request.params.id)),
  })

  route(app, {
    method: 'PATCH',
    url: one,
    family: 'email',
    who: WRITERS,
    summary: 'Change a lead',
    description: 'What is left out stays as it is. A lead that has opted out stays so: `email_unsubscribed: false` is 409 then.',
    schema: { ...Id, body: Change, response: { 200: LeadAnswer, 400: Failure, 404: Failure, 409: Failure } },
    handler: async (request) => view(await changeLead(world, request.params.id, request.body)),
  })

  route(app, {
    method: 'DELETE',
    url: one,
    family: 'email',
    who: WRITERS,
    summary: 'Erase a lead and the person',
    description: 'As `DELETE /api/privacy/person` does by the address: lead, address and whatever identifies the person in events; all numbers stay. The answer counts what was erased, by kind.',
    schema: { ...Id, response: { 200: Type.Object({ erased: Type.Record(Type.String(), Type.Integer()) }), 400: Failure, 404: Failure } },
    handler: async (request) => ({ erased: await eraseLead(world, request.params.id) }),
  })
}
