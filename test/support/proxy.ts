import { type Server, type Socket, connect, createServer } from 'node:net'
import { quietPort } from './port.ts'

/** A road between two ends of a connection, which a test can close. */
export interface Proxy {
  port: number
  /** The URL of the far end, by way of this road. */
  via(url: string): string
  /** Cuts every connection and takes no new one. */
  cut(): Promise<void>
  /** Lets nothing through any more, and says nothing to anybody: as when a cable is pulled. */
  hang(): void
  /** Opens the road again, for new connections. */
  restore(): Promise<void>
  /** How many answers were swallowed. */
  readonly swallowed: number
  close(): Promise<void>
}

/**
 * Starts a road to a port on 127.0.0.1. `swallow` is asked at the first bytes of each answer: when it says so, they are
 * dropped and the connection is cut, so that what was asked is done and nobody learns of it.
 */
export async function startProxy(target: number, swallow: () => boolean = () => false): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const port = await quietPort()
  let server: Server | null = null
  let hanging = false
  let swallowed = 0

  const take = (near: Socket): void => {
    const far = connect(target, '127.0.0.1')
    let asked = false
    for (const [from, to] of [[near, far], [far, near]] as const) {
      sockets.add(from)
      from.setNoDelay(true)
      from.on('error', () => undefined)
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      from.on('data', (bytes: Buffer) => {
        if (hanging) return
        if (from === near) asked = true
        else if (asked) {
          asked = false
          if (swallow()) {
            swallowed++
            near.destroy()
            return
          }
        }
        to.write(bytes)
      })
    }
  }
  const listen = (): Promise<void> =>
    new Promise((resolve, reject) => {
      server = createServer(take)
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
  const cut = async (): Promise<void> => {
    const closing = new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()))
    server = null
    for (const socket of sockets) socket.destroy()
    await closing
  }

  await listen()
  return {
    port,
    via(url) {
      const way = new URL(url)
      way.hostname = '127.0.0.1'
      way.port = String(port)
      return way.href
    },
    cut,
    hang() {
      hanging = true
    },
    async restore() {
      // What hung is dead: its two ends no longer agree on what was said.
      if (hanging) await cut()
      hanging = false
      if (server === null) await listen()
    },
    get swallowed() {
      return swallowed
    },
    close: cut,
  }
}
