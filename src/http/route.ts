import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod, RouteOptions, preHandlerHookHandler } from 'fastify'
import type { Static, TSchema } from '@sinclair/typebox'
import { Fault } from '../core/errors.ts'
import type { ApiFamily } from './errors.ts'
import type { Repeatable } from './idempotency.ts'
import { inflateBody } from './inflate.ts'
import { type Limiter, countRequest } from './limits.ts'

/** Who may call a route. `ingest key` is a machine with `X-API-Key`; `admin` may do all that `viewer` may. */
export type Who = 'public' | 'ingest key' | 'viewer' | 'admin'

/** Who is calling, once it is known. */
export interface Caller {
  kind: Exclude<Who, 'public'>
  /** Stable name of the key or user: what limits and idempotency keys are counted by. */
  id: string
  /** The user's e-mail address, for people. */
  email?: string
  /** For people, the session that was shown. */
  sessionId?: string
  /** What the answer to this caller carries. */
  headers?: Record<string, string>
}

/** Tells callers apart; given by the accounts room. */
export interface Guard {
  /** The caller of a request that shows an ingest key or a session, null for nobody; throws Fault 'unauthorized' for a wrong one. */
  callerOf(request: FastifyRequest): Promise<Caller | null> | Caller | null
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null
    /** A JSON body as it was sent, null where there is none. */
    bodyBytes: Buffer | null
    /** Its text, made of the bytes each time it is asked for. */
    bodyText: string
  }
  interface FastifyContextConfig {
    family?: ApiFamily
    who?: readonly Who[]
    /** The handler looks at the body's items one by one, at their keys too. */
    checksBody?: boolean
    /** JSON may come as `text/plain` too. */
    beacon?: boolean
    /** What its body may be beside JSON. */
    takes?: 'form' | 'csv'
    /** Pages of other origins call it without credentials. */
    anonymous?: boolean
  }
  interface FastifyInstance {
    guard: Guard
    /** Counts the calls of people on routes that are not public. */
    peopleLimiter: Limiter
  }
}

/** The parts of a request a route checks; what is not named is kept out. */
export interface RouteSchema {
  params?: TSchema
  querystring?: TSchema
  headers?: TSchema
  body?: TSchema
  /** Answers by status, for the reference. */
  response?: Record<number, TSchema>
}

type Part<S extends RouteSchema, K extends keyof RouteSchema> = S[K] extends TSchema ? Static<S[K]> : unknown

/** A request whose parts have the types of its route's schema. */
export type RouteRequest<S extends RouteSchema> = FastifyRequest<{
  Params: Part<S, 'params'>
  Querystring: Part<S, 'querystring'>
  Body: Part<S, 'body'>
}>

/** A route: its address, who may call it, what it takes, and the one call that answers it. */
export interface Route<S extends RouteSchema> {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  url: string
  family: ApiFamily
  who: Who | readonly Who[]
  summary: string
  description?: string
  schema?: S
  /** In bytes, after inflation; 64 KiB unless told. */
  bodyLimit?: number
  /** Content types of the answer beside JSON, for the reference. */
  produces?: readonly string[]
  /** Run before the handler, after the caller is known: limits and the like. */
  before?: preHandlerHookHandler | readonly preHandlerHookHandler[]
  /** The handler checks the body itself, item by item: the schema only describes it. */
  checksBody?: boolean
  /** Takes its JSON as `text/plain` too, as which `navigator.sendBeacon` sends a text. */
  beacon?: boolean
  /** What its body may be beside JSON: a form's fields (those of multipart/form-data are not read), or CSV as a Buffer. */
  takes?: 'form' | 'csv'
  /** Takes no session: pages of the allowed origins call it without credentials, and no cookie has a meaning. */
  anonymous?: boolean
  /** Makes the route repeatable by `Idempotency-Key`. */
  repeatable?: Repeatable
  hidden?: boolean
  handler: (request: RouteRequest<S>, reply: FastifyReply) => unknown
}

const BODY_LIMIT = 64 * 1024

/** Registers a route. Callers are checked before a byte of the body is read. */
export function route<const S extends RouteSchema>(app: FastifyInstance, spec: Route<S>): void {
  const who: readonly Who[] = typeof spec.who === 'string' ? [spec.who] : spec.who
  const { response, ...checked } = spec.schema ?? ({} as S)
  const options: RouteOptions = {
    method: spec.method,
    url: spec.url,
    bodyLimit: spec.bodyLimit ?? BODY_LIMIT,
    config: { family: spec.family, who, ...(spec.checksBody ? { checksBody: true } : {}), ...(spec.beacon ? { beacon: true } : {}), ...(spec.takes ? { takes: spec.takes } : {}), ...(spec.anonymous ? { anonymous: true } : {}) },
    schema: {
      ...checked,
      ...(response ? { response } : {}),
      tags: [spec.family],
      summary: spec.summary,
      description: [spec.description, `Who may call: ${who.join(' or ')}.`].filter(Boolean).join('\n\n'),
      security: securityOf(who),
      hide: spec.hidden ?? false,
      ...(spec.produces ? { produces: spec.produces } : {}),
      ...(spec.beacon ? { consumes: ['application/json', 'text/plain'] } : {}),
      ...(spec.takes ? { consumes: [spec.takes === 'csv' ? 'text/csv' : 'application/x-www-form-urlencoded'] } : {}),
    },
    ...(who.includes('public') ? {} : { onRequest: (request: FastifyRequest, reply: FastifyReply) => admit(app, request, reply, who) }),
    ...(spec.schema?.body ? { preParsing: inflateBody } : {}),
    preHandler: [...[spec.before ?? []].flat(), ...(spec.repeatable ? [spec.repeatable.before as preHandlerHookHandler] : [])],
    ...(spec.checksBody ? { validatorCompiler: () => () => true } : {}),
    ...(spec.repeatable ? { onSend: spec.repeatable.after } : {}),
    // Answers are serialised as they are: a schema that leaves out a field must not leave it out of the answer.
    serializerCompiler: () => JSON.stringify,
    handler: spec.handler as RouteHandlerMethod,
  }
  app.route(options)
}

/** Lets in who may call. A person's calls are counted, also those that are then refused; a machine's with its key are not. */
async function admit(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply, who: readonly Who[]): Promise<void> {
  const caller = await app.guard.callerOf(request)
  if (caller === null) {
    throw new Fault('unauthorized', `This needs ${who.map((kind) => NEEDS[kind]).join(' or ')}.`, { headers: { 'www-authenticate': challengeOf(who) } })
  }
  if (caller.kind !== 'ingest key') await countRequest(app.peopleLimiter, caller.id, reply)
  if (!who.includes(caller.kind) && !(caller.kind === 'admin' && who.includes('viewer'))) {
    throw new Fault('forbidden', `This needs ${who.map((kind) => NEEDS[kind]).join(' or ')}.`)
  }
  request.caller = caller
  if (caller.headers) reply.headers(caller.headers)
}

const NEEDS: Record<Who, string> = {
  public: 'nothing',
  'ingest key': 'an ingest key in the X-API-Key header',
  viewer: 'a signed-in user',
  admin: 'a signed-in admin',
}

/** Ingest keys have no registered scheme; `ApiKey` is what many call it. */
function challengeOf(who: readonly Who[]): string {
  return [...new Set(who.map((kind) => (kind === 'ingest key' ? 'ApiKey' : 'Bearer')))].join(', ')
}

function securityOf(who: readonly Who[]): Record<string, string[]>[] {
  if (who.includes('public')) return []
  const schemes = new Set(who.map((kind) => (kind === 'ingest key' ? 'ingestKey' : 'session')))
  return [...schemes].map((scheme) => ({ [scheme]: [] }))
}
