import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import findMyWay from 'find-my-way'
import { type ApiFamily, errorBody } from './errors.ts'

/** A path at which something is, by other methods than the one that was asked with. */
export interface KnownPath {
  /** With its parameters, as it was registered. */
  url: string
  family: ApiFamily
  anonymous: boolean
  methods: Set<string>
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Where nothing answers a request: what it would find there by another method. */
    readonly known: KnownPath | null
  }
}

/**
 * Learns the paths of all routes that are registered from now on, and looks up those of requests that nothing answers. One table
 * does for all methods there are: a route that refuses, for each of them at each path, would be some thousands.
 */
export function learnPaths(app: FastifyInstance, options: { maxParamLength: number; ignoreTrailingSlash: boolean }): void {
  const paths = findMyWay(options)
  const known = new Map<string, KnownPath>()
  app.decorateRequest('known', {
    getter() {
      return this.is404 ? ((paths.find('GET', this.url)?.store as KnownPath | undefined) ?? null) : null
    },
  })
  app.addHook('onRoute', ({ url, method, config }) => {
    if (!config?.family) return
    let there = known.get(url)
    if (!there) {
      there = { url, family: config.family, anonymous: config.anonymous ?? false, methods: new Set() }
      known.set(url, there)
      paths.on('GET', url, () => undefined, there)
    }
    for (const one of [method].flat()) there.methods.add(one)
  })
}

/** Answers a method that a path does not take: 405 with `Allow` (RFC 9110, 15.5.6), and OPTIONS, which changes nothing. */
export function refuseMethod({ method }: FastifyRequest, reply: FastifyReply, { family, methods }: KnownPath): FastifyReply {
  const allow = [...methods, 'OPTIONS'].join(', ')
  reply.header('allow', allow)
  if (method === 'OPTIONS') return reply.code(204).send()
  return reply.code(405).send(errorBody(family, `${method} is not allowed here. Allowed: ${allow}.`))
}

/** Answers CONNECT, which Node keeps from routers and would hang up on: 405, for this is no proxy (RFC 9110, 9.3.6). */
export function refuseTunnels(app: FastifyInstance): void {
  app.server.on('connect', (_request, socket) => {
    socket.on('error', () => undefined)
    socket.end('HTTP/1.1 405 Method Not Allowed\r\nallow:\r\nconnection: close\r\ncontent-length: 0\r\n\r\n', () => socket.destroy())
  })
}
