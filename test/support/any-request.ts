import { METHODS } from 'node:http'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import type { RouteOptions } from 'fastify'
import { wellFormed } from '../../src/core/text.ts'
import { json, text } from './batches.ts'

/** Who asks, as a request is written for them. */
export const CALLERS = ['nobody', 'key', 'admin', 'cookie', 'nonsense'] as const
export type Caller = (typeof CALLERS)[number]

/** A request as it goes onto the wire. */
export interface AnyRequest {
  /** The route it began as. */
  route: string
  caller: Caller
  /** Its bytes, once its caller is known by a header's line. */
  bytes: (credentials: string) => Buffer
  /** Whether its sender says that there is no more to come: what is broken may look as if it went on. */
  hangsUp: boolean
}

/** As much of a JSON Schema as the routes' schemas have. */
interface Schema {
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
}

/** What has a meaning to some route. */
const MEANINGS = [
  'ada@example.com', 'Ada <ada@example.com>', 'a@b', 'https://example.com/', 'https://example.com/?a=%00#x', 'http://127.0.0.1:1/', 'https://hook.invalid/x', 'javascript:alert(1)', '//example.com',
  '2026-11-22', '2026-11-22T14:30:00Z', '1970-01-01', '9999-12-31T23:59:59.999Z', '-000001-01-01', 'day', 'hour', 'month', 'Europe/Berlin', 'UTC', 'Mars/Olympus', 'email_opened', 'link.clicked', 'goal.converted',
  'events', 'human_events', 'time', 'event', 'inbound', 'outbound', 'Website', 'svg', 'png', 'true', 'false', '0', '1', '-1', '1.5', '1e3', '9007199254740991', '9007199254740993', '{{first_name}}', '<p>{{x}}</p><a href=https://example.com>',
  'email,first_name\nx@example.com,=1+1', '__proto__', 'constructor', '\0', 'known\0',
]
const HEADERS = [
  'accept', 'accept-encoding', 'authorization', 'cookie', 'forwarded', 'idempotency-key', 'if-modified-since', 'if-none-match', 'origin', 'purpose', 'range', 'referer', 'sec-fetch-site', 'sec-gpc', 'sec-purpose', 'traceparent',
  'user-agent', 'x-api-key', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-http-method-override', 'x-request-id',
]
/** Headers that say where a request ends and how to read it. */
const FRAMING = ['connection', 'content-encoding', 'content-length', 'content-type', 'expect', 'host', 'te', 'trailer', 'transfer-encoding', 'upgrade']
const VALUES = [
  '', '*', '0', 'null', 'gzip', 'br, gzip', 'chunked', 'identity', '100-continue', 'h2c', 'websocket', 'Bearer', 'Bearer a.b.c', 'Bearer eyJhbGciOiJub25lIn0.e30.', 'Basic OjE=', 'waymark-session=x', 'waymark-session=%', 'a=b; =; ;;', 'application/json', 'text/plain',
  'text/csv; charset=utf-16', 'text/csv; charset=nothing', 'multipart/form-data; boundary=', 'application/x-www-form-urlencoded', 'http://localhost:3000', 'null, null', '127.0.0.1', '::1, 1.2.3.4', '999.999.999.999', 'for="[::1]:x"', 'bytes=0-', 'W/"x"', 'prefetch', 'x'.repeat(5_000),
]

const bytes = fc.uint8Array({ maxLength: 60 }).map((some) => Buffer.from(some))
const pick = (list: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...list)
/** The first, and now and then the second. */
const mostly = <A, B>(times: number, first: fc.Arbitrary<A>, second: fc.Arbitrary<B>): fc.Arbitrary<A | B> => fc.oneof({ weight: times, arbitrary: first }, { weight: 1, arbitrary: second })
const whole = fc.oneof(fc.integer({ min: -2, max: 50 }), fc.constantFrom(Number.MAX_SAFE_INTEGER, 2 ** 53, 2 ** 63, -(2 ** 31), 1e300))

/** Values that nearly fit a schema. `known` are the ids of what there is. */
function like(schema: Schema | undefined, known: readonly string[], depth = 0): fc.Arbitrary<unknown> {
  const word = fc.oneof({ weight: 4, arbitrary: pick(known) }, { weight: 4, arbitrary: pick(MEANINGS) }, { weight: 3, arbitrary: text }, { weight: 1, arbitrary: fc.constant('x'.repeat(9_000)) })
  const inner = (one: Schema | undefined): fc.Arbitrary<unknown> => like(one, known, depth + 1)
  const fits = (): fc.Arbitrary<unknown> => {
    if (schema === undefined || depth > 6) return fc.jsonValue({ maxDepth: 2 })
    if (schema.const !== undefined) return fc.constant(schema.const)
    if (schema.enum) return fc.constantFrom(...schema.enum)
    if (schema.anyOf) return fc.oneof(...schema.anyOf.map(inner))
    switch ([schema.type].flat()[0]) {
      case 'string':
        return word
      case 'integer':
        return whole
      case 'number':
        return fc.double()
      case 'boolean':
        return fc.boolean()
      case 'array':
        return fc.array(inner(schema.items), { maxLength: 4 })
      case 'object': {
        const properties = Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, one]) => [name, inner(one)]))
        const own = fc.record(properties, { requiredKeys: schema.required ?? [] })
        return fc.tuple(own, fc.dictionary(text, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 2 }), fc.nat(9)).map(([given, more, chance]) => (chance < 3 ? { ...more, ...given } : given))
      }
      case 'null':
        return fc.constant(null)
      default:
        return fc.oneof(word, fc.jsonValue({ maxDepth: 3 }))
    }
  }
  return mostly(depth === 0 ? 30 : 15, fits(), fc.oneof(word, whole, fc.constant(null), fc.constantFrom([], {}, true)))
}

/** Bytes with some of them changed, taken or put in. */
const damaged = (original: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> =>
  fc.tuple(original, fc.nat(999), fc.nat(4), bytes).map(([all, part, take, put]) => {
    const at = Math.floor((all.length * part) / 1_000)
    return Buffer.concat([all.subarray(0, at), put.subarray(0, 8), all.subarray(at + take)])
  })

function bodyOf(route: RouteOptions, known: readonly string[]): fc.Arbitrary<Buffer> {
  const { body } = (route.schema ?? {}) as { body?: Schema }
  const right =
    route.config?.takes === undefined
      ? like(body, known).map((value) => Buffer.from(JSON.stringify(value) ?? ''))
      : fc.oneof(pick(MEANINGS), text, fc.constant('email=ada%40example.com&List-Unsubscribe=One-Click')).map((one) => Buffer.from(one))
  return fc.oneof({ weight: 8, arbitrary: right }, { weight: 2, arbitrary: json.map((one) => Buffer.from(one)) }, { weight: 1, arbitrary: damaged(right) }, { weight: 1, arbitrary: bytes }, { weight: 1, arbitrary: fc.constant(Buffer.alloc(0)) })
}

const TYPES = { form: 'application/x-www-form-urlencoded', csv: 'text/csv' }

/** How a body is told of: the lines of its headers, and its bytes as they are sent. */
function framed(body: Buffer, type: string, how: number): { lines: string; payload: Buffer } {
  const packed = how < 2 ? gzipSync(body) : body
  const coding = how < 3 ? 'content-encoding: gzip\r\n' : ''
  const lines = `content-type: ${type}\r\n${coding}`
  if (how === 3) return { lines: `${lines}transfer-encoding: chunked\r\n`, payload: Buffer.concat([Buffer.from(`${packed.length.toString(16)}\r\n`), packed, Buffer.from('\r\n0\r\n\r\n')]) }
  const length = how === 4 ? packed.length + 7 : how === 5 ? Math.max(0, packed.length - 7) : packed.length
  return { lines: `${lines}content-length: ${length}\r\n`, payload: packed }
}

/** Requests to a route: nearly right ones, odd ones, and broken ones. `known` are the names of what there is. */
export function requestsTo(route: RouteOptions, known: readonly string[]): fc.Arbitrary<AnyRequest> {
  const word = fc.oneof({ weight: 3, arbitrary: pick(known) }, { weight: 2, arbitrary: pick(MEANINGS) }, { weight: 1, arbitrary: text })
  const part = word.map((one) => encodeURIComponent(wellFormed(one)))
  const raw = fc.oneof(fc.constantFrom('%', '%00', '%E0%A4%A', '..', '*', '..%2f', '%2e%2e', ';', '\u0001', 'é'), text)
  const { querystring } = (route.schema ?? {}) as { querystring?: Schema }
  const asked = like({ type: 'object', ...querystring }, known).map((value) => Object.entries(value ?? {}).map(([name, one]) => `${encodeURIComponent(wellFormed(name))}=${encodeURIComponent(wellFormed(typeof one === 'string' ? one : JSON.stringify(one)))}`))
  const odd = fc.tuple(fc.oneof(pick(['filter[a]', 'explain', 'uuid', '__proto__', 'a[]']), raw), fc.oneof(part, raw)).map(([name, value]) => [`${name}=${value}`])
  const places = (route.url.match(/:[A-Za-z_]+|\*/g) ?? []).length
  return fc
    .record({
      method: mostly(15, fc.constant(String([route.method].flat()[0])), pick(METHODS)),
      parts: fc.array(mostly(12, part, raw), { minLength: places, maxLength: places }),
      query: mostly(8, asked, odd),
      headers: fc.oneof({ weight: 4, arbitrary: fc.constant<[string, string][]>([]) }, { weight: 3, arbitrary: fc.array(fc.tuple(pick(HEADERS), fc.oneof(pick(VALUES), part)), { maxLength: 2 }) }, { weight: 1, arbitrary: fc.array(fc.tuple(fc.oneof(pick(FRAMING), text), fc.oneof(pick(VALUES), text)), { maxLength: 3 }) }),
      body: bodyOf(route, known),
      type: mostly(15, fc.constant(route.config?.takes === undefined ? 'application/json' : TYPES[route.config.takes]), pick(VALUES)),
      how: fc.nat(60),
      caller: mostly(3, fc.constant((route.config?.who ?? []).includes('ingest key') && !(route.config?.who ?? []).includes('admin') ? ('key' as const) : ('admin' as const)), fc.constantFrom(...CALLERS)),
      damage: mostly(20, fc.constant(null), fc.tuple(fc.nat(999), bytes)),
    })
    .map(({ method, parts, query, headers, body, type, how, caller, damage }) => {
      const path = route.url.replace(/:[A-Za-z_]+|\*/g, () => parts.pop() ?? '')
      const carries = !['GET', 'HEAD'].includes(method) || how > 58
      const { lines, payload } = carries ? framed(body, type, how) : { lines: '', payload: Buffer.alloc(0) }
      return {
        route: `${method} ${route.url}`,
        caller,
        hangsUp: damage !== null || how === 4,
        bytes: (credentials: string) => {
          const target = query.length === 0 ? path : `${path}?${query.join('&')}`
          const head = `${method} ${target} HTTP/1.1\r\nhost: 127.0.0.1\r\n${credentials}${lines}${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}connection: close\r\n\r\n`
          const all = Buffer.concat([Buffer.from(head), payload])
          if (damage === null) return all
          const at = Math.floor((all.length * damage[0]) / 1_000)
          return Buffer.concat([all.subarray(0, at), damage[1], all.subarray(at + 1)])
        },
      }
    })
}

/** Bytes that are no request. */
export const noise = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((some): AnyRequest => ({ route: 'bytes', caller: 'nobody', hangsUp: true, bytes: () => Buffer.from(some) }))

const WAIT_MS = 60_000

/** Sends bytes on a connection of their own and gives the status of the answer, or null where the server hung up without one. Rejects where nothing comes. */
export function statusOf(port: number, { sent, hangsUp }: { sent: Buffer; hangsUp: boolean }): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let head = ''
    const end = (status: number | null): void => {
      clearTimeout(timer)
      resolve(status)
      // So that no connection is left to wait in the system.
      socket.resetAndDestroy()
    }
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error(`No answer within ${WAIT_MS} ms`))
    }, WAIT_MS)
    socket.on('data', (piece) => {
      head += piece.toString('latin1')
      const status = /HTTP\/1\.1 ([2-5]\d\d)/.exec(head)?.[1]
      if (status !== undefined) end(Number(status))
    })
    // Hanging up is an answer too, here.
    socket.on('error', () => undefined)
    socket.on('close', () => end(null))
    if (hangsUp) socket.end(sent)
    else socket.write(sent)
  })
}
