import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'

/** What a server answered, whole. */
export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  /** The JSON value where the answer says that it is JSON, else the text. */
  body: unknown
  bytes: Buffer
}

/** What is asked. An object goes as JSON; a text or bytes go as they are, with no content type but the one given. */
export interface Question {
  headers?: Record<string, string | string[]>
  body?: object | string | Buffer
}

/** Asks a server over HTTP, follows nothing, and gives the whole answer, whatever its status. */
export function ask(base: string, method: string, path: string, { headers = {}, body }: Question = {}): Promise<Answer> {
  const plain = typeof body === 'string' || Buffer.isBuffer(body) || body === undefined
  const payload = plain ? body : JSON.stringify(body)
  // The path is sent as it stands: what a URL parser would mend is what some tests are about.
  const { hostname, port } = new URL(base)
  return new Promise((resolve, reject) => {
    const sent = request(
      { hostname, port, method, path, headers: { ...(plain ? {} : { 'content-type': 'application/json' }), ...(payload === undefined ? {} : { 'content-length': Buffer.byteLength(payload) }), ...headers } },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const bytes = Buffer.concat(chunks)
          const json = response.headers['content-type']?.includes('json') && bytes.length > 0
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: json ? JSON.parse(bytes.toString()) : bytes.toString(), bytes })
        })
      },
    )
    sent.on('error', reject)
    sent.end(payload)
  })
}

/** Asks for a stream and gives how its answer begins; it goes on until it is destroyed. */
export function begin(base: string, path: string, headers: Record<string, string>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(`${base}${path}`, { headers, agent: false }, resolve).on('error', reject).end()
  })
}

/** Waits until a condition holds and gives what it gave. Throws after `timeoutMs`, naming what was waited for. */
export async function until<T>(what: string, condition: () => T | Promise<T>, timeoutMs = 10_000): Promise<NonNullable<T>> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const value = await condition()
    if (value) return value
    if (performance.now() > end) throw new Error(`Waited ${timeoutMs} ms in vain until ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
