import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { Command, Figures, Orders, Pace } from './client.ts'

const script = join(import.meta.dirname, '../../build/test/support/client.js')

/** A client in a process of its own, as a test holds it. */
export interface Sender {
  ledger: string
  /** What it last told. */
  figures(): Figures
  /** Ends once the figures pass the test; throws when the client ends before, or was told that it did wrong. */
  until(passes: (figures: Figures) => boolean): Promise<Figures>
  pause(): void
  resume(): void
  change(pace: Partial<Pace>): void
  /** Sends nothing new, has all that is under way answered, and ends. */
  stop(): Promise<Figures>
  /** Ends it at once, whatever is under way. */
  abandon(): void
}

/** Starts a client. It goes on, repeating what fails, until all events of its orders are acknowledged or it is told to stop. */
export function startSender(orders: Orders): Sender {
  const child = fork(script, [JSON.stringify(orders)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  let figures: Figures = { sent: 0, acknowledged: 0, clicks: 0, clicksAcknowledged: 0, failures: {}, refused: [], done: false, slowestClick: 0 }
  let waiting: { passes: (figures: Figures) => boolean; resolve: (figures: Figures) => void; reject: (error: Error) => void }[] = []
  let ended = false

  const settle = (): void => {
    const [refusal] = figures.refused
    waiting = waiting.filter(({ passes, resolve, reject }) => {
      if (refusal !== undefined) reject(new Error(`The client was refused: ${refusal}`))
      else if (passes(figures)) resolve(figures)
      else if (ended) reject(new Error(`The client ended (${child.exitCode ?? child.signalCode}): ${JSON.stringify(figures)}`))
      else return true
      return false
    })
  }
  child.on('message', (told: Figures) => {
    figures = told
    settle()
  })
  child.once('exit', () => {
    ended = true
    settle()
  })

  const until: Sender['until'] = (passes) =>
    new Promise((resolve, reject) => {
      waiting.push({ passes, resolve, reject })
      settle()
    })
  return {
    ledger: orders.ledger,
    figures: () => figures,
    until,
    pause: () => command(child, { do: 'pause' }),
    resume: () => command(child, { do: 'resume' }),
    change: (pace) => command(child, { do: 'change', pace }),
    stop() {
      command(child, { do: 'stop' })
      return until((told) => told.done)
    },
    abandon: () => void child.kill('SIGKILL'),
  }
}

function command(child: ChildProcess, order: Command): void {
  if (child.connected) child.send(order)
}
