import { type Socket, connect } from 'node:net'
import type { Stage } from './stage.ts'

/** A request of which only a part has been sent. */
export interface HalfAsked {
  /** The id of its one event. */
  eventId: string
  socket: Socket
  /** Sends the rest and gives the head of the answer; empty when the connection ends without one. */
  finish(): Promise<string>
}

let requests = 0

/** Sends a batch of one event up to the middle of its head or of its body, and waits until that is on its way. */
export async function halfAsked(stage: Stage, { upTo }: { upTo: 'head' | 'body' }): Promise<HalfAsked> {
  const eventId = `half-${stage.seed}-${++requests}`
  const body = JSON.stringify({ events: [{ tracking_id: stage.clickLinks[0], event_id: eventId }] })
  const head = `POST /api/tracking-ingest/batch HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: ${stage.key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`
  const text = head + body
  const middle = upTo === 'head' ? head.length / 2 : head.length + body.length / 2
  const socket = connect(stage.port, '127.0.0.1')
  socket.on('error', () => undefined)
  await new Promise<void>((resolve) => socket.write(text.slice(0, middle), () => resolve()))
  // Two round trips on another connection: in the first the server has taken this one on, in the second read what came before on it.
  for (let trips = 0; trips < 2; trips++) await (await fetch(`http://127.0.0.1:${stage.port}/health`)).text()
  return {
    eventId,
    socket,
    finish: () =>
      new Promise((resolve) => {
        let answer = ''
        socket.on('data', (bytes: Buffer) => {
          answer += bytes
          if (answer.includes('\r\n\r\n')) resolve(answer)
        })
        socket.on('close', () => resolve(answer))
        socket.write(text.slice(middle))
      }),
  }
}
