import { type Server, type Socket, connect, createServer } from 'node:net'

/** What stands before several servers: each new connection goes to the next one that takes it. */
export interface Balancer {
  port: number
  close(): Promise<void>
}

/** Starts a balancer on a port. */
export async function startBalancer(port: number, targets: readonly number[]): Promise<Balancer> {
  const sockets = new Set<Socket>()
  let next = 0
  const take = (near: Socket, tries: number): void => {
    const far = connect(targets[next++ % targets.length] as number, '127.0.0.1')
    let connected = false
    far.once('connect', () => {
      connected = true
      sockets.add(near).add(far)
      near.pipe(far).pipe(near)
    })
    far.on('error', () => (connected || tries >= targets.length ? near.destroy() : take(near, tries + 1)))
    near.on('close', () => far.destroy())
    far.on('close', () => connected && near.destroy())
  }
  const server: Server = createServer((near) => {
    near.on('error', () => undefined)
    take(near, 1)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    port,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
