import { type Transform, pipeline } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import type { FastifyRequest, RequestPayload } from 'fastify'
import { Fault } from '../core/errors.ts'

const INFLATERS: Record<string, () => Transform> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

/**
 * Inflates a request's body (RFC 9110, 8.4: gzip, deflate, br). The route's body limit counts what comes out, so a bomb
 * ends as a 413 after that many bytes. Throws Fault 'unsupported' for another coding.
 */
export async function inflateBody(request: FastifyRequest, _reply: unknown, payload: RequestPayload): Promise<RequestPayload> {
  const coding = request.headers['content-encoding']?.trim().toLowerCase()
  if (coding === undefined || coding === 'identity' || coding === '') return payload
  const inflater = INFLATERS[coding]
  if (!inflater) throw new Fault('unsupported', `Content-Encoding ${coding.slice(0, 40)} is not supported. Send gzip, deflate or br.`)
  const inflated = inflater() as Transform & { receivedEncodedLength: number }
  inflated.receivedEncodedLength = 0
  payload.on('data', (chunk: Buffer) => (inflated.receivedEncodedLength += chunk.length))
  pipeline(payload, inflated, () => undefined)
  inflated.on('error', (error: Error & { statusCode?: number }) => {
    error.statusCode = 400
    error.message = `The body is not valid ${coding}.`
  })
  delete request.headers['content-length']
  return inflated
}
