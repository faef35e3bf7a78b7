import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Fault } from '../core/errors.ts'

/** Reads JSON bodies. The text is kept on the request: what is refused is kept as it was sent. */
export function readJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, async (request: FastifyRequest, sent: string) => readJson(request, sent))
  // As a page may send to another origin without asking first; to a route that expects it.
  app.addContentTypeParser('text/plain', { parseAs: 'string' }, async (request: FastifyRequest, sent: string) => {
    if (!request.routeOptions.config.beacon) throw new Fault('unsupported', 'The content type is not supported. Send application/json.')
    return readJson(request, sent)
  })
}

function readJson(request: FastifyRequest, sent: string): unknown {
  // Some editors put a byte order mark before it; RFC 8259, 8.1, lets it be passed over.
  const text = sent.charCodeAt(0) === 0xfeff ? sent.slice(1) : sent
  request.bodyText = text
  return parseJson(text, request.routeOptions.config.checksBody)
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
