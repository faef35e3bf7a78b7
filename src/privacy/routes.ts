import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { Fault } from '../core/errors.ts'
import { iso } from '../core/time.ts'
import { route } from '../http/route.ts'
import { type Static, fields } from '../http/validate.ts'
import type { Row } from '../store/sql.ts'
import { type PersonWorld, findPerson, textsOf } from './erase.ts'
import { Found } from './schemas.ts'
import { NAMES, type Selector } from './selector.ts'
import { aliasesOf, answersWith, eventsOf, lettersWith } from './store.ts'

const PAGE = 1_000
const NAME = Type.Optional(Type.String({ minLength: 1, maxLength: 255 }))
const Person = {
  email: Type.Optional(Type.String({ minLength: 1, maxLength: 254, description: 'Also finds a user whose id is this address' })),
  userId: NAME,
  anonymousId: NAME,
  sessionId: NAME,
  projectKey: Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: 'Only in this project; `links` for clicks' })),
}
const Erased = Type.Object({ success: Type.Literal(true), erased: Type.Record(Type.String(), Type.Integer()) })
const Failure = Type.Object({ success: Type.Literal(false), error: Type.String() })

/** Registers what an admin may ask of one person: to see everything, and to erase it. */
export function privacyRoutes(app: FastifyInstance, world: PersonWorld & { erase: (selector: Selector) => Promise<Record<string, number>> }): void {
  route(app, {
    method: 'GET',
    url: '/api/privacy/person',
    family: 'tracking',
    who: 'admin',
    summary: 'Everything held of a person',
    description: 'By exactly one of `email`, `userId`, `anonymousId` and `sessionId`. Aliases, kept answers and what other families hold come with the first page.',
    schema: {
      querystring: fields({
        ...Person,
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE, default: PAGE })),
        cursor: Type.Optional(Type.String({ maxLength: 100, description: '`cursor` of the page before' })),
      }),
      response: { 200: Found, 400: Failure, 409: Failure },
    },
    handler: async (request, reply) => {
      const selector = selectorOf(request.query)
      const { limit = PAGE, cursor } = request.query
      const after = placeOf(cursor)
      const { identities, held } = await findPerson(selector, world)
      const texts = textsOf(selector, identities)
      const events = after.kind === 'e' ? await eventsOf(world.sql, identities, after.id, limit) : []
      const left = limit - events.length
      const letters = left > 0 ? await lettersWith(world.sql, texts, selector.project, after.kind === 'l' ? after.id : '', left) : []
      const last = letters.at(-1) ?? events.at(-1)
      const first = cursor === undefined
      reply.header('cache-control', 'no-store')
      return {
        success: true,
        identities: identities.map(({ project, users, anonymous, sessions }) => ({ project, user_ids: users, anonymous_ids: anonymous, session_ids: sessions })),
        aliases: first ? (await Promise.all(identities.map(async (identity) => (await aliasesOf(world.sql, identity)).map((alias) => ({ project: identity.project, ...view(alias) }))))).flat() : [],
        answers: first ? (await answersWith(world.sql, texts)).map(view) : [],
        ...(first ? held : {}),
        events: events.map(view),
        dead_letters: letters.map(view),
        cursor: events.length + letters.length === limit && last ? `${letters.length > 0 ? 'l' : 'e'}${String(last.id)}` : null,
      }
    },
  })

  route(app, {
    method: 'DELETE',
    url: '/api/privacy/person',
    family: 'tracking',
    who: 'admin',
    summary: 'Erase a person, and leave all numbers as they are',
    description: 'By exactly one of `email`, `userId`, `anonymousId` and `sessionId`. The answer counts what was erased, by kind. Repeating it is harmless.',
    schema: { querystring: fields(Person), response: { 200: Erased, 400: Failure, 409: Failure } },
    handler: async (request) => ({ success: true, erased: await world.erase(selectorOf(request.query)) }),
  })
}

type PersonQuery = Partial<Record<(typeof NAMES)[number] | 'projectKey', Static<typeof NAME>>>

/** The one name that a request gives. Throws Fault 'invalid' for none and for several. */
function selectorOf(query: PersonQuery): Selector {
  const given = NAMES.filter((name) => query[name] !== undefined)
  const [by] = given
  if (by === undefined || given.length > 1) {
    const field = given[1] ?? 'userId'
    throw new Fault('invalid', `Give exactly one of ${NAMES.join(', ')}.`, { errors: [{ field, error: `give exactly one of ${NAMES.join(', ')}` }] })
  }
  return { by, value: query[by] as string, project: query.projectKey ?? null }
}

function placeOf(cursor: string | undefined): { kind: 'e' | 'l'; id: string } {
  if (cursor === undefined) return { kind: 'e', id: '' }
  const [, kind, id] = /^([el])([0-9a-f-]{36})$/.exec(cursor) ?? []
  if (kind === undefined) throw new Fault('invalid', 'cursor is none of ours.', { errors: [{ field: 'cursor', error: 'must be the cursor of an earlier call' }] })
  return { kind: kind as 'e' | 'l', id: id as string }
}

/** A row as it is shown: times in ISO 8601, documents as JSON, and nothing for what is null. */
function view(row: Row): Row {
  const shown: Row = {}
  for (const [name, value] of Object.entries(row)) {
    if (value === null) continue
    if (name === 'properties') shown[name] = JSON.parse(value as string)
    else shown[name] = name === 'ts' || name.endsWith('_at') ? iso(value as number) : value
  }
  return shown
}
