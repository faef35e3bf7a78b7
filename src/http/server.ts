import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { Fault } from '../core/errors.ts'
import { type AllowedOrigin, allowOrigins } from './cors.ts'
import { errorAnswer, familyOf, faultOf, internalAnswer } from './errors.ts'
import { readJsonBodies } from './json-body.ts'
import type { Limiter } from './limits.ts'
import { learnPaths, refuseMethod, refuseTunnels } from './methods.ts'
import type { Metrics } from './metrics.ts'
import type { Guard } from './route.ts'
import { validatorFor } from './validate.ts'

/** A request must be here whole after this long; slower ones are cut. */
const REQUEST_TIMEOUT_MS = 30_000
const KEEP_ALIVE_MS = 72_000
const DRAIN_MS = 5_000
const SWEEP_MS = 20
const ROUTER = { maxParamLength: 2_048, ignoreTrailingSlash: true }
/** Where no page is. */
const ASKED_BY_PROGRAMS = /^\/(api|v1)\//
/** What stands in mails has an answer whatever a mail programme made of its address. */
const IN_MAILS = '/api/v1/tracking/'

/** What the server is made of. */
export interface ServerParts {
  guard: Guard
  /** Counts the calls of people on routes that are not public, by user. */
  peopleLimiter: Limiter
  metrics: Metrics
  /** Whose pages may read answers. */
  allowedOrigin: AllowedOrigin
  /** Answers the browser of a person who followed an address that leads nowhere, with 404; left out, they are answered as programs are. */
  astray?: (request: FastifyRequest, reply: FastifyReply) => FastifyReply
  log: FastifyBaseLogger
}

/** A server without routes: bodies, origins, errors, callers and measures are in place. */
export function createServer({ guard, peopleLimiter, metrics, allowedOrigin, astray, log }: ServerParts): FastifyInstance {
  const app: FastifyInstance = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    // What still arrives on an open connection while the server ends is answered like any other.
    return503OnClosing: false,
    rewriteUrl: ({ url = '/' }) => decodable(url),
    routerOptions: ROUTER,
    frameworkErrors: (error, request, reply) => {
      const { status, headers, body } = errorAnswer(faultOf(error) ?? new Fault('invalid', 'The request is malformed.'), familyOf(request.url))
      return (reply as FastifyReply).code(status).headers(headers).send(body)
    },
  })
  app.decorate('guard', guard)
  app.decorate('peopleLimiter', peopleLimiter)
  app.decorateRequest('caller', null)
  app.decorateRequest('idempotency', null)
  app.setValidatorCompiler(validatorFor)
  readJsonBodies(app)
  observe(app, metrics)
  learnPaths(app, ROUTER)
  refuseTunnels(app)
  allowOrigins(app, allowedOrigin)
  answerErrors(app, astray)
  return app
}

/** The URL, of whose path in a mail a broken percent-encoding is taken as it is written. */
function decodable(url: string): string {
  if (!url.startsWith(IN_MAILS) || !url.includes('%')) return url
  const query = url.indexOf('?')
  const path = query === -1 ? url : url.slice(0, query)
  try {
    decodeURIComponent(path)
    return url
  } catch {
    return path.replaceAll('%', '%25') + url.slice(path.length)
  }
}

/** Stops taking requests, lets those in flight finish, and cuts what is still open after 5 s. */
export async function drain(app: FastifyInstance): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS)
  // Closing ends the connections that are idle at that moment; those in flight become so later, and would be kept alive.
  const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS)
  await app.close()
  clearTimeout(timer)
  clearInterval(sweep)
}

function observe(app: FastifyInstance, metrics: Metrics): void {
  const durations = metrics.durations('waymark_http_request_seconds', 'Duration of requests, by route and status', ['method', 'route', 'status'])
  app.addHook('onResponse', (request, reply, done) => {
    // A stream is no slow answer: it lasts as long as somebody looks at the page.
    if (reply.raw.getHeader('content-type') === 'text/event-stream') return done()
    durations.of(request.method, request.known?.url ?? request.routeOptions.url ?? 'none', reply.statusCode).observe(reply.elapsedTime / 1000)
    done()
  })
}

function answerErrors(app: FastifyInstance, astray: ServerParts['astray']): void {
  app.setErrorHandler((error, request, reply) => {
    const family = request.routeOptions.config?.family ?? familyOf(request.url)
    const fault = faultOf(error)
    const { status, headers, body } = fault ? errorAnswer(fault, family) : internalAnswer(request.id, family)
    if (!fault) request.log.error({ err: error, route: request.routeOptions.url, requestId: request.id }, 'request failed')
    else if (status === 503) request.log.warn({ reason: fault.message, route: request.routeOptions.url }, 'request refused')
    // Never the sentence: it may quote what was sent.
    else request.log.warn({ code: fault.code, fields: (fault.more.errors ?? []).map(({ field }) => field), route: request.routeOptions.url }, 'request not as expected')
    // Whoever waits for this key's answer goes on, and the request may be repeated.
    return reply.code(status).headers(headers).send(body)
  })
  const nothing = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    if (request.known) return refuseMethod(request, reply, request.known)
    if (astray && wantsPage(request)) return astray(request, reply.code(404))
    const { status, body } = errorAnswer(new Fault('not_found', `There is nothing at ${request.method} ${request.url.split('?')[0]?.slice(0, 200)}.`), familyOf(request.url))
    return reply.code(status).send(body)
  }
  // Before a body is looked at: whatever it is, it is for nobody.
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) void nothing(request, reply)
    else done()
  })
  app.setNotFoundHandler(nothing)
}

/** Whether this is a person's browser, at an address where no program asks. */
function wantsPage({ method, url, headers }: FastifyRequest): boolean {
  return method === 'GET' && !ASKED_BY_PROGRAMS.test(url) && /\btext\/html\b/i.test(headers.accept ?? '')
}
