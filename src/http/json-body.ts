import type { FastifyInstance } from 'fastify'
import { Fault } from '../core/errors.ts'

/** Reads JSON bodies. The text is kept on the request: what is refused is kept as it was sent. */
export function readJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, async (request: { bodyText: string }, text: string) => {
    request.bodyText = text
    return parseJson(text)
  })
}

/**
 * Parses a JSON body; an empty one is undefined. Throws Fault 'invalid' for what is no JSON, and for keys that would
 * reach an object's prototype.
 */
export function parseJson(text: string): unknown {
  if (text.trim() === '') return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Fault('invalid', `The body is not valid JSON: ${(error as Error).message.slice(0, 200)}`)
  }
  if (PROTOTYPE.test(text) && reachesPrototype(value)) throw new Fault('invalid', 'The body has a key named __proto__ or constructor.prototype.')
  return value
}

/** The keys in the ways JSON may write them; only a text that passes this is walked. */
const PROTOTYPE = /__proto__|constructor|\\u00/

/** Looks through all objects without recursion, so that no depth of nesting can exhaust the stack. */
function reachesPrototype(value: unknown): boolean {
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
