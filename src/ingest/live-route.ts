import { Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { route } from '../http/route.ts'
import type { Live, News } from './live.ts'

/** A line now and then keeps proxies from closing the stream, and finds out that a session has ended. */
const PULSE_MS = 15_000
/** How long a browser waits before it comes again. */
const RETRY_MS = 3_000

/** Registers the stream of news, and gives the function that ends all of its streams. */
export function liveRoute(app: FastifyInstance, live: Live): () => void {
  const streams = new Set<() => void>()

  route(app, {
    method: 'GET',
    url: '/api/live',
    family: 'tracking',
    who: 'viewer',
    summary: 'Hear when something new can be seen in reports',
    description:
      'Server-sent events (WHATWG HTML, 9.2), at most one a second: `loaded`, with the number of new events by source, such as `{"link":3,"web":1}`. Ask again for the numbers you show. The stream ends with the session.',
    schema: { response: { 200: Type.String({ description: 'The stream' }) } },
    produces: ['text/event-stream'],
    handler: (request, reply) => {
      if (request.method === 'HEAD') return reply.type('text/event-stream').send()
      reply.hijack()
      const { raw } = reply
      const headers = { ...reply.getHeaders(), 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }
      for (const [name, value] of Object.entries(headers)) if (value !== undefined) raw.setHeader(name, value)
      raw.writeHead(200)
      raw.write(`retry: ${RETRY_MS}\n\n`)
      // Who does not read gets no more than waits already: the next message says as much.
      const send = async (text: string): Promise<void> => {
        if (raw.writableNeedDrain) return
        if (await mayHear(request)) raw.write(text)
        else raw.end()
      }
      const stop = live.listen((news: News) => void send(`event: loaded\ndata: ${JSON.stringify(news)}\n\n`))
      const pulse = setInterval(() => void send(': still here\n\n'), PULSE_MS)
      const end = (): void => void raw.end()
      streams.add(end)
      raw.once('close', () => {
        stop()
        clearInterval(pulse)
        streams.delete(end)
      })
      return reply
    },
  })

  return () => {
    for (const end of streams) end()
  }
}

/** Whether the session of a stream still counts. With the store away nobody can tell, and there is nothing to hear either. */
async function mayHear(request: FastifyRequest): Promise<boolean> {
  try {
    const caller = await request.server.guard.callerOf(request)
    return caller?.kind === 'viewer' || caller?.kind === 'admin'
  } catch {
    return false
  }
}
