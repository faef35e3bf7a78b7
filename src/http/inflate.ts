import { Transform, pipeline } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import type { FastifyRequest, RequestPayload } from 'fastify'
import { Fault } from '../core/errors.ts'

const INFLATERS: ReadonlyMap<string, () => Transform> = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
])

/**
 * Inflates a request's body (RFC 9110, 8.4: gzip, deflate, br). The route's body limit counts what goes in and what comes
 * out: past it everything is let go at once, so a bomb costs no more than that many bytes, and is a 413.
 * Throws Fault 'unsupported' for another coding.
 */
export async function inflateBody(request: FastifyRequest, _reply: unknown, payload: RequestPayload): Promise<RequestPayload> {
  const coding = request.headers['content-encoding']?.trim().toLowerCase()
  if (coding === undefined || coding === 'identity' || coding === '') return payload
  const inflater = INFLATERS.get(coding)?.()
  if (!inflater) throw new Fault('unsupported', `Content-Encoding ${coding.slice(0, 40)} is not supported. Send gzip, deflate or br.`)
  inflater.on('error', (error: Error & { statusCode?: number }) => {
    if (error instanceof Fault) return
    error.statusCode = 400
    error.message = `The body is not valid ${coding}.`
  })
  delete request.headers['content-length']
  const limit = request.routeOptions.bodyLimit
  const inflated = bounded(limit)
  // An error in one of them destroys them all; it is Fastify, reading the last, that hears of it.
  pipeline(payload, bounded(limit), inflater, inflated, () => undefined)
  return inflated
}

/** Passes so many bytes on, and fails with Fault 'too_large' at the first beyond them. */
function bounded(limit: number): Transform {
  let left = limit
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      left -= chunk.length
      if (left < 0) done(new Fault('too_large', 'The body is too large.'))
      else done(null, chunk)
    },
  })
}
