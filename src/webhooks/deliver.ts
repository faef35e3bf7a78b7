import { setMaxListeners } from 'node:events'
import { Fault } from '../core/errors.ts'
import type { Lease } from '../store/jobs.ts'
import { type AttemptWorld, type Result, attempt, settled } from './attempt.ts'
import type { Delivery } from './delivery.ts'
import type { Endpoint } from './endpoint.ts'
import { type FollowWorld, follow } from './follow.ts'
import { restAfter } from './schedule.ts'
import { dueDeliveries, endpointById, recordAttempt, waiting } from './store.ts'

/** What deliveries are made with. */
export interface DeliverWorld extends FollowWorld, AttemptWorld {
  /** The right to deliver, held by one node at a time. */
  lease: Lease
  log: { warn(fields: object, message: string): void }
  count: (outcome: 'delivered' | 'retried' | 'failed' | 'dropped') => void
}

const TICK_MS = 500
const RENEW_MS = 5_000
const PIECE = 100
const AGAIN_MS = 500
/** How long what is under way may take at the end before it is broken off, and the right given back after that. */
const STOP_MS = 2_000
const RELEASE_MS = 1_000

/**
 * Starts to queue what happens and to deliver what is due. Each endpoint has a courier of its own that sends one message at a time, so
 * that an endpoint that does not answer holds up nobody, and a process that is killed has one message under way for each.
 */
export function startDeliveries(world: DeliverWorld): { depth(): number; stop(): Promise<void> } {
  const { sql, lease, log, now, count } = world
  const couriers = new Map<string, Promise<void>>()
  const failures = new Map<string, { inRow: number; at: number; restMs: number }>()
  const breaking = new AbortController()
  // Every message under way listens to it, and each endpoint may have one.
  setMaxListeners(0, breaking.signal)
  let stopped = false
  let waited = 0
  let round: Promise<void> | null = null
  let troubled = false

  const goOn = (): boolean => !stopped && lease.held()
  const rests = (id: string): boolean => {
    const last = failures.get(id)
    // Also over when the clock was set back behind its beginning.
    return last !== undefined && now() >= last.at && now() < last.at + last.restMs
  }
  const guarded = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work()
      troubled = false
    } catch (error) {
      if (!troubled && !stopped) log.warn({ reason: (error as Error).message }, 'webhooks wait')
      troubled = true
    }
  }

  const look = async (): Promise<void> => {
    while (goOn() && (await follow(world)));
    if (!goOn()) return
    const queues = await waiting(sql)
    waited = queues.reduce((sum, queue) => sum + queue.count, 0)
    for (const { webhook_id: id, due_at } of queues) {
      if (due_at > now() || couriers.has(id) || rests(id)) continue
      couriers.set(id, guarded(() => deliverTo(id)).finally(() => couriers.delete(id)))
    }
  }
  const deliverTo = async (id: string): Promise<void> => {
    for (;;) {
      const due = await dueDeliveries(sql, id, now(), PIECE)
      if (due.length === 0) return
      for (const delivery of due) {
        if (!goOn() || rests(id)) return
        // As it is at this moment: it may have been changed, switched off or deleted.
        const endpoint = await endpointById(sql, id)
        if (!endpoint?.isActive) return
        const result = await attempt(world, endpoint, delivery, breaking.signal)
        if (result === null) return
        await record(endpoint, delivery, result)
      }
    }
  }
  const record = async (endpoint: Endpoint, delivery: Delivery, result: NonNullable<Result>): Promise<void> => {
    const outcome = settled(delivery, endpoint, result, now(), Math.random())
    note(endpoint.id, result)
    count(result === 'nothing' ? 'dropped' : outcome.delivery.state === 'pending' ? 'retried' : outcome.delivery.state)
    if (outcome.change?.isActive === false) log.warn({ webhook: endpoint.id, reason: outcome.change.disabledReason }, 'webhook switched off')
    for (;;) {
      try {
        return await recordAttempt(sql, outcome.delivery, outcome.change)
      } catch (error) {
        // It has gone out, so it must not go out again: what became of it is written as soon as the store is there.
        if (stopped || !(error instanceof Fault)) throw error
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
      }
    }
  }
  const note = (id: string, result: NonNullable<Result>): void => {
    if (result === 'nothing') return
    if (result.delivered) return void failures.delete(id)
    const inRow = (failures.get(id)?.inRow ?? 0) + 1
    failures.set(id, { inRow, at: now(), restMs: restAfter(inRow, result.retryAfterMs) })
  }

  const tick = (): void => {
    if (!lease.held()) waited = 0
    else round ??= guarded(look).finally(() => (round = null))
  }
  const renew = (): void => void lease.renew().catch(() => undefined)
  const timers = [setInterval(tick, TICK_MS), setInterval(renew, RENEW_MS)]
  for (const timer of timers) timer.unref()
  renew()
  return {
    depth: () => waited,
    async stop() {
      stopped = true
      for (const timer of timers) clearInterval(timer)
      const ended = Promise.all([round, ...couriers.values()])
      await Promise.race([ended, pause(STOP_MS)])
      breaking.abort()
      // A store that says nothing is not waited for: the lease ends by itself.
      await Promise.race([ended.then(() => lease.release().catch(() => undefined)), pause(RELEASE_MS)])
    },
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
