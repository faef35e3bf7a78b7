import { createHmac, timingSafeEqual } from 'node:crypto'
import { type IncomingHttpHeaders, createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** A message as it came in. */
export interface Message {
  id: string
  headers: IncomingHttpHeaders
  text: string
  body: Record<string, unknown>
}

/** How a receiver answers: with a status, not at all, by a reset, or with a body that never ends. */
export type Reply = { status: number; headers?: Record<string, string>; body?: string } | 'silent' | 'reset' | 'endless'

/** A server on this machine that messages are sent to. */
export interface Receiver {
  url: string
  /** All that came in, in order, answered well or not. */
  messages: Message[]
  /** How it answers; 204 until told. `before` is how often this message has come before. */
  answer: (message: Message, before: number) => Reply | Promise<Reply>
  /** Bytes of endless bodies that were taken from it. */
  poured: () => number
  close(): Promise<void>
}

/** Opens a receiver. */
export async function openReceiver(answer: Receiver['answer'] = () => ({ status: 204 })): Promise<Receiver> {
  const sockets = new Set<Socket>()
  let poured = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    request.on('end', async () => {
      const text = Buffer.concat(chunks).toString()
      const message: Message = { id: String(request.headers['webhook-id'] ?? ''), headers: request.headers, text, body: text === '' ? {} : (JSON.parse(text) as Message['body']) }
      const before = self.messages.filter(({ id }) => id === message.id).length
      self.messages.push(message)
      const reply = await self.answer(message, before)
      if (reply === 'silent') return
      if (reply === 'reset') return void request.socket.resetAndDestroy()
      if (reply === 'endless') {
        response.writeHead(200, { 'content-type': 'text/plain' })
        const pour = (): void => {
          while (!response.destroyed) {
            poured += 1024
            if (!response.write('x'.repeat(1024))) return void response.once('drain', pour)
          }
        }
        return pour()
      }
      response.writeHead(reply.status, reply.headers).end(reply.body)
    })
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const self: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`,
    messages: [],
    answer,
    poured: () => poured,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return self
}

/** Whether a message is signed with a secret, by the words of the Standard Webhooks specification. */
export function isSigned({ headers, text }: Pick<Message, 'headers' | 'text'>, secret: string): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const expected = createHmac('sha256', key).update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${text}`).digest()
  return String(headers['webhook-signature'])
    .split(' ')
    .some((signature) => {
      const [version, value = ''] = signature.split(',')
      const given = Buffer.from(value, 'base64')
      return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected)
    })
}
