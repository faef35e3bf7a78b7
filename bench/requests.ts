import { addressOf, agentOf, createSkew, randomFrom, referrerOf } from '../src/cli/crowd.ts'
import { DESTINATION, SOURCES } from './world.ts'

/** What to send; plain data, for it goes to another process. */
export type RequestPlan =
  | { kind: 'redirects'; links: string[] }
  | {
      kind: 'clicks'
      links: string[]
      /** The ingest key. */
      key: string
      /** Events in a request. */
      size: number
      /** One request in so many is sent a second time, event ids and all. */
      repeatEvery?: number
    }
  | { kind: 'captures' }
  /** What people read, in this order and from the beginning again, with a session's token. */
  | { kind: 'reads'; paths: string[]; token: string }
  /** Opens, or clicks, of mails with these tokens. */
  | { kind: 'opens' | 'mail clicks'; tokens: string[] }

/** Gives each connection its next request; what it gave before may be overwritten, so the answer must have come. */
export type Requests = (connection: number) => Buffer

const VISITORS = 20_000
const DISTINCT = 1_024

/** Builds all requests ahead, so that sending one costs next to nothing. `run` sets event ids of one run apart from others'. */
export function buildRequests(plan: RequestPlan, port: number, connections: number, run: number): Requests {
  if (plan.kind === 'redirects') return redirects(plan.links, port)
  if (plan.kind === 'reads') return reads(plan, port)
  if ('tokens' in plan) return mails(plan.kind, plan.tokens, port)
  const prefix = `${run.toString(16).padStart(8, '0').slice(-8)}-0000-7000-8000-`
  return plan.kind === 'captures' ? captures(port, connections, prefix + ID_MARK) : clicks(plan, port, connections, prefix + ID_MARK)
}

function redirects(links: readonly string[], port: number): Requests {
  const random = randomFrom(1)
  const link = createSkew(links.length, 1, random)
  const visitor = createSkew(VISITORS, 0.6, random)
  const prepared = Array.from({ length: DISTINCT }, () => redirectOf(links[link()] as string, visitor(), port))
  let next = 0
  return () => prepared[next++ % DISTINCT] as Buffer
}

function reads({ paths, token }: Extract<RequestPlan, { kind: 'reads' }>, port: number): Requests {
  const prepared = paths.map((path) => Buffer.from([`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, `Authorization: Bearer ${token}`, '\r\n'].join('\r\n')))
  let next = 0
  return () => prepared[next++ % prepared.length] as Buffer
}

function redirectOf(link: string, visitor: number, port: number): Buffer {
  const referrer = referrerOf(visitor)
  return Buffer.from(
    [
      `GET /${SOURCES[0]}?uuid=${link} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      `User-Agent: ${agentOf(visitor)}`,
      'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
      'Accept-Language: en-US,en;q=0.5',
      'Accept-Encoding: gzip, deflate, br',
      ...(referrer === null ? [] : [`Referer: ${referrer}`]),
      'Upgrade-Insecure-Requests: 1',
      '\r\n',
    ].join('\r\n'),
  )
}

/** Each token's reader, at an address of their own behind a proxy. */
function mails(kind: 'opens' | 'mail clicks', tokens: readonly string[], port: number): Requests {
  const prepared = tokens.map((token, visitor) =>
    Buffer.from(
      [
        kind === 'opens' ? `GET /api/v1/tracking/open/${token} HTTP/1.1` : `GET /api/v1/tracking/click/${token}?url=${encodeURIComponent(DESTINATION)} HTTP/1.1`,
        `Host: 127.0.0.1:${port}`,
        `User-Agent: ${agentOf(visitor)}`,
        `X-Forwarded-For: ${addressOf(visitor)}`,
        'Accept: image/avif,image/webp,*/*;q=0.8',
        '\r\n',
      ].join('\r\n'),
    ),
  )
  let next = 0
  return () => prepared[next++ % prepared.length] as Buffer
}

/** Where in an event id its number stands, so that the next one is written over it. */
const NUMBER_DIGITS = 12
const ID_MARK = 'event-id-number'.slice(0, NUMBER_DIGITS)

function clicks({ links, key, size, repeatEvery }: Extract<RequestPlan, { kind: 'clicks' }>, port: number, connections: number, eventId: string): Requests {
  const random = randomFrom(2)
  const link = createSkew(links.length, 1, random)
  const visitor = createSkew(VISITORS, 0.6, random)
  // A request of its own for each connection: two are never sent from one piece of memory at once.
  const prepared = Array.from({ length: connections }, () => {
    const events = Array.from({ length: size }, () => clickOf(links[link()] as string, visitor(), eventId))
    const request = post('/api/tracking-ingest/batch', JSON.stringify({ events }), ['User-Agent: edge-redirector/1.0', `X-API-Key: ${key}`], port)
    return { request, places: placesOf(request) }
  })
  let number = 0
  let sent = 0
  const used = new Uint32Array(connections)
  return (connection) => {
    const { request, places } = prepared[connection] as { request: Buffer; places: number[] }
    const repeat = repeatEvery !== undefined && ++sent % repeatEvery === 0 && used[connection] === 1
    if (!repeat) for (const at of places) request.write((number++).toString(16).padStart(NUMBER_DIGITS, '0'), at, 'latin1')
    used[connection] = 1
    return request
  }
}

/** A page's visits, each told by its visitor's own browser; a proxy before the server names the address. */
function captures(port: number, connections: number, eventId: string): Requests {
  const random = randomFrom(2)
  const visitor = createSkew(VISITORS, 0.6, random)
  const prepared = Array.from({ length: connections }, () =>
    Array.from({ length: CAPTURES }, () => {
      const who = visitor()
      const request = post('/api/tracking/capture', JSON.stringify(captureOf(who, eventId)), [`User-Agent: ${agentOf(who)}`, `X-Forwarded-For: ${addressOf(who)}`, 'Origin: http://localhost:3000'], port)
      return { request, place: request.indexOf(ID_MARK) }
    }),
  )
  let number = 0
  return (connection) => {
    const { request, place } = (prepared[connection] as { request: Buffer; place: number }[])[number % CAPTURES] as { request: Buffer; place: number }
    request.write((number++).toString(16).padStart(NUMBER_DIGITS, '0'), place, 'latin1')
    return request
  }
}

/** So many visitors take turns on each connection. */
const CAPTURES = 16

function captureOf(visitor: number, eventId: string): object {
  const outbound = visitor % 4 === 0
  return {
    referrer: `partner_${visitor % 50}`,
    campaign: `campaign-${visitor % 7}`,
    landingPage: `/posts/${visitor % 97}`,
    originalSource: SOURCES[visitor % SOURCES.length],
    ...(outbound ? { destinationUrl: DESTINATION } : {}),
    eventType: outbound ? 'outbound' : 'inbound',
    sessionId: `5f0c7a4e-1b2c-4d3e-8f90-${visitor.toString(16).padStart(12, '0')}`,
    eventId,
  }
}

function clickOf(link: string, visitor: number, eventId: string): object {
  const referrer = referrerOf(visitor)
  return {
    tracking_id: link,
    event_id: eventId,
    clicked_at: new Date().toISOString(),
    ip_address: addressOf(visitor),
    user_agent: agentOf(visitor),
    ...(referrer === null ? {} : { referrer_url: referrer }),
    click_source: SOURCES[visitor % SOURCES.length],
    session_id: `5f0c7a4e-1b2c-4d3e-8f90-${visitor.toString(16).padStart(12, '0')}`,
    metadata: { campaign: 'fall-2025', host: 'go.example.com' },
  }
}

function post(path: string, body: string, headers: readonly string[], port: number): Buffer {
  return Buffer.from(
    [
      `POST ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      ...headers,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  )
}

function placesOf(request: Buffer): number[] {
  const places: number[] = []
  for (let at = request.indexOf(ID_MARK); at >= 0; at = request.indexOf(ID_MARK, at + 1)) places.push(at)
  return places
}
