import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Fault } from '../core/errors.ts'

/** Reads JSON bodies. Their bytes stay with the request, for what is refused is kept as it was sent; texts of this size are dear to keep. */
export function readJsonBodies(app: FastifyInstance): void {
  app.decorateRequest('bodyBytes', null)
  app.decorateRequest('bodyText', {
    getter(this: FastifyRequest) {
      return textOf(this.bodyBytes)
    },
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (request: FastifyRequest, sent: Buffer) => readJson(request, sent))
  // As a page may send to another origin without asking first; to a route that expects it.
  app.addContentTypeParser('text/plain', { parseAs: 'buffer' }, async (request: FastifyRequest, sent: Buffer) => {
    if (!request.routeOptions.config.beacon) throw new Fault('unsupported', 'The content type is not supported. Send application/json.')
    return readJson(request, sent)
  })
  // As pages send without scripts, and mail programmes to unsubscribe (RFC 8058, 3.2).
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, async (request: FastifyRequest, sent: string) => {
    expectKind(request, 'form')
    return Object.fromEntries(new URLSearchParams(sent))
  })
  app.addContentTypeParser('multipart/form-data', { parseAs: 'buffer' }, async (request: FastifyRequest) => {
    expectKind(request, 'form')
    return {}
  })
  // As bytes: which letters they are is for the route to tell.
  app.addContentTypeParser('text/csv', { parseAs: 'buffer' }, async (request: FastifyRequest, sent: Buffer) => {
    expectKind(request, 'csv')
    return sent
  })
}

function expectKind(request: FastifyRequest, kind: 'form' | 'csv'): void {
  const { takes } = request.routeOptions.config
  if (takes !== kind) throw new Fault('unsupported', `The content type is not supported. Send ${takes === 'csv' ? 'text/csv' : 'application/json'}.`)
}

function readJson(request: FastifyRequest, sent: Buffer): unknown {
  request.bodyBytes = sent
  return parseJson(request.bodyText, request.routeOptions.config.checksBody)
}

/** The text of a body. A byte order mark before it, as some editors put it, is passed over (RFC 8259, 8.1). */
function textOf(bytes: Buffer | null): string {
  const text = bytes?.toString() ?? ''
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

/**
 * Parses a JSON body; an empty one is undefined. Throws Fault 'invalid' for what is no JSON, and for keys that would
 * reach an object's prototype, unless the route `checksBody` itself.
 */
export function parseJson(text: string, checksBody = false): unknown {
  if (text.trim() === '') return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Fault('invalid', `The body is not valid JSON: ${(error as Error).message.slice(0, 200)}`)
  }
  if (!checksBody && reachesPrototype(value, text)) throw new Fault('invalid', 'The body has a key named __proto__ or constructor.prototype.')
  return value
}

/** The keys in the ways JSON may write them; only a text that passes this is walked. */
const PROTOTYPE = /__proto__|constructor|\\u00/

/**
 * Whether a value parsed from a JSON text has a key that would reach an object's prototype where somebody copies it.
 * Looks through all objects without recursion, so that no depth of nesting can exhaust the stack.
 */
export function reachesPrototype(value: unknown, text: string): boolean {
  if (!PROTOTYPE.test(text)) return false
  const stack: unknown[] = [value]
  while (stack.length > 0) {
    const next = stack.pop()
    if (next === null || typeof next !== 'object') continue
    if (Object.hasOwn(next, '__proto__')) return true
    const own = Object.hasOwn(next, 'constructor') ? (next as { constructor: unknown }).constructor : null
    if (own !== null && typeof own === 'object' && Object.hasOwn(own, 'prototype')) return true
    for (const inner of Object.values(next)) stack.push(inner)
  }
  return false
}
