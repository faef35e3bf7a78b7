import { pauseAfter } from './backoff.ts'
import type { Delivered } from './deliver.ts'
import type { Waiting } from './journal.ts'

/** What a lane is made of. */
export interface LaneParts {
  /** A batch goes when so many events wait, or when the oldest has waited so long (ms). */
  batchEvents: number
  batchWaitMs: number
  deliver(events: readonly string[]): Promise<Delivered>
  /** Keeps what was refused and notes what is done. Throws where the disk refuses: all of it is sent again. */
  settle(events: readonly Waiting[], refused: Extract<Delivered, { refused: unknown }>['refused']): Promise<void>
  /** Says that it does not go on as it should, and once that it does again. */
  told(message: string): void
}

/** The way of events to one destination: in order, a batch at a time, the next when the one before was answered for. */
export interface Lane {
  readonly waiting: number
  add(event: Waiting): void
  /** Sends what waits without waiting for more of it. Ends when nothing waits, or after `ms`; a pause that the server asked for is kept. */
  flush(ms: number): Promise<void>
  /** Sends no more; ends with the batch that is under way. */
  close(): Promise<void>
}

/** What one request carries at most, well within what the server takes. */
const MOST_EVENTS = 500
const MOST_BYTES = 1024 * 1024

/** Opens a lane with what waits in it. */
export function openLane(parts: LaneParts, waiting: Waiting[]): Lane {
  let timer: NodeJS.Timeout | undefined
  let sending: Promise<void> | null = null
  let hurried = 0
  let ended = false
  let failures = 0
  let notBefore = 0
  let idle: (() => void)[] = []

  const dueIn = (): number => {
    const [oldest] = waiting
    const now = performance.now()
    if (oldest === undefined) return Number.POSITIVE_INFINITY
    const full = hurried > 0 || waiting.length >= parts.batchEvents
    return Math.max(0, notBefore - now, full ? 0 : oldest.since + parts.batchWaitMs - now)
  }

  const plan = (): void => {
    clearTimeout(timer)
    if (ended || sending !== null || waiting.length === 0) return
    timer = setTimeout(() => {
      sending = step().finally(() => {
        sending = null
        plan()
      })
    }, dueIn())
    // What waits is on the disk: it keeps no process from ending, unless somebody waits for it.
    if (hurried === 0) timer.unref()
  }

  const step = async (): Promise<void> => {
    const events = batch()
    const delivered = await parts.deliver(events.map(({ event }) => event))
    const failed = 'again' in delivered ? { why: delivered.again, told: delivered.told } : await parts.settle(events, delivered.refused).then(() => null, (error: Error) => ({ why: error.message, told: 0 }))
    if (failed === null) {
      waiting.splice(0, events.length)
      if (failures > 0) parts.told('the server takes events again')
      failures = 0
    } else {
      failures++
      notBefore = performance.now() + pauseAfter(failures, failed.told)
      if (failures === 1) parts.told(`events wait in the journal: ${failed.why}`)
    }
    if (waiting.length > 0) return
    for (const done of idle) done()
    idle = []
  }

  const batch = (): Waiting[] => {
    let bytes = 0
    const most = waiting.slice(0, MOST_EVENTS).findIndex(({ event }, at) => (bytes += event.length) > MOST_BYTES && at > 0)
    return waiting.slice(0, most === -1 ? MOST_EVENTS : most)
  }

  plan()
  return {
    get waiting() {
      return waiting.length
    },
    add(event) {
      waiting.push(event)
      if (waiting.length === 1 || waiting.length >= parts.batchEvents) plan()
    },
    async flush(ms) {
      if (waiting.length === 0) return
      hurried++
      plan()
      let late: NodeJS.Timeout | undefined
      await Promise.race([new Promise<void>((done) => idle.push(done)), new Promise<void>((done) => (late = setTimeout(done, ms)))])
      clearTimeout(late)
      hurried--
      plan()
    },
    async close() {
      ended = true
      clearTimeout(timer)
      await sending
    },
  }
}
