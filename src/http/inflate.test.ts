import { Readable } from 'node:stream'
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib'
import type { FastifyRequest, RequestPayload } from 'fastify'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inflateBody } from './inflate.ts'

const LIMIT = 64 * 1024

/** Inflates a payload as a route with this limit does; gives what comes out, or what it fails with after so many bytes. */
async function inflated(coding: string, payload: Readable, limit = LIMIT): Promise<{ bytes: Buffer; error: unknown }> {
  const request = { headers: { 'content-encoding': coding, 'content-length': '1' }, routeOptions: { bodyLimit: limit } } as unknown as FastifyRequest
  const chunks: Buffer[] = []
  try {
    const body = (await inflateBody(request, null, payload as RequestPayload)) as AsyncIterable<Buffer>
    for await (const chunk of body) chunks.push(chunk)
    return { bytes: Buffer.concat(chunks), error: null }
  } catch (error) {
    return { bytes: Buffer.concat(chunks), error }
  }
}

/** A body in pieces of any size. */
const inPieces = (bytes: Buffer, size: number) => Readable.from(Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size)))

describe('a body', () => {
  test('comes out as it was, whatever it was, in pieces of any size', async () => {
    const codings = { gzip: gzipSync, 'x-gzip': gzipSync, deflate: deflateSync, br: (bytes: Uint8Array) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }) }
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5_000 }), fc.constantFrom(...Object.keys(codings)), fc.integer({ min: 1, max: 500 }), async (bytes, coding, size) => {
        const packed = codings[coding as keyof typeof codings](bytes)
        expect(await inflated(coding.toUpperCase(), inPieces(packed, size))).toEqual({ bytes: Buffer.from(bytes), error: null })
      }),
      { numRuns: 100 },
    )
  })

  test.each(['identity', '', ' Identity '])('in the coding %j is left alone', async (coding) => {
    const payload = Readable.from([Buffer.from('{}')])
    const request = { headers: { 'content-encoding': coding }, routeOptions: { bodyLimit: LIMIT } } as unknown as FastifyRequest
    expect(await inflateBody(request, null, payload as RequestPayload)).toBe(payload)
  })

  test.each(['zstd', 'gzip, gzip', 'constructor', '__proto__', 'hasOwnProperty'])('in the coding %j is unsupported', async (coding) => {
    expect((await inflated(coding, Readable.from([]))).error).toMatchObject({ code: 'unsupported', message: expect.stringContaining(coding.toLowerCase()) })
  })

  test('of exactly the limit is taken, one byte more is not', async () => {
    expect((await inflated('gzip', Readable.from([gzipSync(Buffer.alloc(LIMIT))]))).bytes.length).toBe(LIMIT)
    expect((await inflated('gzip', Readable.from([gzipSync(Buffer.alloc(LIMIT + 1))]))).error).toMatchObject({ code: 'too_large' })
  })
})

describe('a bomb', () => {
  /** A megabyte of zeros, a thousand times over: more than anybody should have to inflate. */
  const member = gzipSync(Buffer.alloc(1024 * 1024))
  const endless = (piece: Buffer) => {
    const pulled = { count: 0 }
    function* pieces() {
      for (; pulled.count < 1_000; pulled.count++) yield piece
    }
    return { pulled, payload: Readable.from(pieces(), { highWaterMark: 1 }) }
  }

  test('ends at the limit: no more of it is read, and nothing goes on inflating', async () => {
    const { pulled, payload } = endless(member)
    const { bytes, error } = await inflated('gzip', payload)
    expect(error).toMatchObject({ code: 'too_large' })
    expect(bytes.length).toBeLessThanOrEqual(LIMIT)
    expect(payload.destroyed).toBe(true)
    expect(pulled.count).toBeLessThan(100)
  })

  test('of nothing, which inflates to nothing for ever, ends at the limit of what is sent', async () => {
    const { pulled, payload } = endless(Buffer.concat(Array<Buffer>(100).fill(gzipSync(Buffer.alloc(0)))))
    const { bytes, error } = await inflated('gzip', payload)
    expect([bytes.length, error]).toEqual([0, expect.objectContaining({ code: 'too_large' })])
    expect(pulled.count).toBeLessThan(200)
  })
})

test.each([
  ['gzip', Buffer.from('no gzip')],
  ['gzip', gzipSync('{}').subarray(0, 12)],
  ['gzip', Buffer.concat([gzipSync('{}'), Buffer.from('more')])],
  ['gzip', Buffer.alloc(0)],
  ['deflate', gzipSync('{}')],
  ['br', Buffer.from('no brotli')],
  ['br', brotliCompressSync('{}').subarray(0, -1)],
])('%s that is none fails as the client’s fault (%#)', async (coding, bytes) => {
  expect((await inflated(coding, Readable.from([bytes]))).error).toMatchObject({ statusCode: 400, message: `The body is not valid ${coding}.` })
})
