import { type IncomingMessage, type Server, type ServerResponse, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the road to an origin is like: open, cut, closed from its end alone, silent, overloaded, strict, or with answers that are cut short although what was asked is done. */
export type Scene = 'fair' | 'down' | 'half-closed' | 'silent' | 'fails' | 'limits' | 'half' | 'too large' | 'someone else'

/** A road to a real server whose weather a test makes. */
export interface Weather {
  url: string
  scene: Scene
  /** `Retry-After` of refusals, in seconds. */
  retryAfter: number | null
  /** Every batch that was tried: when, by the test's clock, where, in which scene, with how many events. */
  readonly tried: { at: number; path: string; scene: Scene; events: number }[]
  /** Every link that was looked up. */
  readonly looked: string[]
  /** How many requests got no answer and no end. */
  unanswered: number
  close(): Promise<void>
}

/** Starts a road to `target`. `now` is the test's clock. */
export async function startWeather(target: () => string, now: () => number): Promise<Weather> {
  const weather: Weather = { url: '', scene: 'fair', retryAfter: null, tried: [], looked: [], unanswered: 0, close: () => Promise.resolve() }
  const server: Server = createServer((asked, answer) => {
    const chunks: Buffer[] = []
    asked.on('data', (chunk: Buffer) => chunks.push(chunk))
    asked.on('end', () => {
      const body = Buffer.concat(chunks)
      const { scene } = weather
      const { events } = (asked.method === 'POST' ? JSON.parse(body.toString()) : {}) as { events?: unknown[] }
      if (events) weather.tried.push({ at: now(), path: asked.url ?? '', scene, events: events.length })
      if (asked.url?.includes('/lookup/')) weather.looked.push(asked.url.split('/').at(-1) ?? '')
      if (scene === 'down') return void asked.socket.destroy()
      if (scene === 'silent') return void weather.unanswered++
      if (scene === 'half-closed') return void asked.socket.end()
      if (scene === 'fair' || scene === 'half') return forward(target(), asked, body, answer, scene === 'half' && asked.method === 'POST')
      if (scene === 'someone else') return void answer.writeHead(200, { 'content-type': 'text/html' }).end('<p>Welcome to the hotel’s network')
      if (scene === 'too large' && asked.method !== 'POST') return forward(target(), asked, body, answer, false)
      const status = { fails: 500, limits: 429, 'too large': 413 }[scene]
      answer.writeHead(status, weather.retryAfter === null ? {} : { 'retry-after': String(weather.retryAfter) }).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  weather.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  weather.close = () =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return weather
}

function forward(target: string, asked: IncomingMessage, body: Buffer, answer: ServerResponse, half: boolean): void {
  const sent = request(target + asked.url, { method: asked.method, headers: { ...asked.headers, connection: 'close' } }, (response) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('end', () => {
      const bytes = Buffer.concat(chunks)
      answer.writeHead(response.statusCode ?? 502, { 'content-type': response.headers['content-type'] ?? '', 'content-length': bytes.length })
      if (half) answer.write(bytes.subarray(0, bytes.length / 2), () => answer.destroy())
      else answer.end(bytes)
    })
  })
  sent.on('error', () => answer.destroy())
  sent.end(body)
}
