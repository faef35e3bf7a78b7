import type { Sql } from './sql.ts'

/** Work that recurs. It may be killed at any point and done again, so each of its steps leaves things as they should be. */
export interface Job {
  /** What the log calls it. */
  name: string
  /** How long after its start it is done again, in ms; also done at each start of a server. */
  everyMs: number
  /** Done by every node for itself; otherwise one node does it for all. */
  everywhere?: boolean
  /** Does what is due, and ends early, between two steps, once `goOn` says no. */
  work(goOn: () => boolean): Promise<void>
}

/** What jobs stand on. */
export interface JobsWorld {
  sql: Sql
  /** Whether other nodes have the same store, so that they must agree who does the work. */
  shared: boolean
  /** Which node this is, the same after each of its starts: one that was killed goes on with its own leases at once. */
  node: string
  now: () => number
  /** Whose jobs these are, `jobs` unless told. Those of one name take turns, those of another do not wait for them. */
  name?: string
  /** How long a job may go on with the step that it is in when it is to stop; 1 s unless told. */
  stopMs?: number
  log: { warn(fields: object, message: string): void }
}

const TICK_MS = 1_000
const RENEW_MS = 5_000
/** A dead node's work is taken over after this and one renewal. */
const LEASE_MS = 20_000
const RETRY_MS = 10_000
const STOP_MS = 1_000

/** Starts jobs, one at a time in their order. One that fails is told to the log once, and tried again soon. */
export function startJobs(jobs: readonly Job[], { sql, shared, node, now, name = 'jobs', stopMs = STOP_MS, log }: JobsWorld): { stop(): Promise<void> } {
  const lease = openLease(sql, name, { shared, node, now })
  const begun = new Map<Job, number>()
  const failed = new Map<Job, number>()
  let stopped = false
  let round: Promise<void> | null = null

  const due = (job: Job): boolean => {
    const failedAt = failed.get(job)
    if (failedAt !== undefined) return performance.now() - failedAt >= RETRY_MS
    const before = begun.get(job)
    // Also when the clock was set back behind its last start.
    return before === undefined || now() - before >= job.everyMs || now() < before
  }
  const run = async (): Promise<void> => {
    for (const job of jobs) {
      const goOn = (): boolean => !stopped && (job.everywhere === true || lease.held())
      if (!goOn() || !due(job)) continue
      begun.set(job, now())
      try {
        await job.work(goOn)
        failed.delete(job)
      } catch (error) {
        if (!failed.has(job) && !stopped) log.warn({ job: job.name, reason: (error as Error).message }, 'a job is put off')
        failed.set(job, performance.now())
      }
    }
  }
  const tick = (): void => {
    round ??= run().finally(() => (round = null))
  }
  // Beside the rounds, for a job may take longer than the lease.
  const renew = (): void => void lease.renew().catch(() => undefined)

  const timers = [setInterval(tick, TICK_MS), setInterval(renew, RENEW_MS)]
  for (const timer of timers) timer.unref()
  renew()
  return {
    async stop() {
      stopped = true
      for (const timer of timers) clearInterval(timer)
      // A store that says nothing is not waited for: the lease ends by itself.
      const end = Promise.resolve(round).then(() => lease.release().catch(() => undefined))
      await Promise.race([end, new Promise((resolve) => setTimeout(resolve, stopMs).unref())])
    },
  }
}

/** The right to do something, held by one node at a time and renewed by it; it ends by itself when its holder dies. */
export interface Lease {
  /** Whether this node has it. */
  held(): boolean
  /** Takes it where it is free, or goes on holding it. */
  renew(): Promise<void>
  /** Gives it back. */
  release(): Promise<void>
}

/** The right to do something for all nodes: a lease where they share the store; one that is alone always has it. */
export function openLease(sql: Sql, name: string, { shared, node, now }: Pick<JobsWorld, 'shared' | 'node' | 'now'>): Lease {
  return shared ? createLease(sql, name, node, now) : ALONE
}

const ALONE: Lease = { held: () => true, renew: async () => undefined, release: async () => undefined }

/** A lease of this name in the store, for a node by its id, which no two processes have at once. Nodes whose clocks differ by more than its 20 s may hold it together for that long. */
export function createLease(sql: Sql, name: string, node: string, now: () => number): Lease {
  let until = -Infinity
  return {
    held: () => performance.now() < until,
    async renew() {
      const asked = performance.now()
      const [, rows] = await sql.write([
        {
          text: `insert into leases (name, holder, expires_at) values ($1, $2, $3) on conflict (name) do update
                 set holder = excluded.holder, expires_at = excluded.expires_at where leases.holder = excluded.holder or leases.expires_at <= $4`,
          values: [name, node, now() + LEASE_MS, now()],
        },
        { text: 'select holder from leases where name = $1', values: [name] },
      ])
      until = rows?.[0]?.holder === node ? asked + LEASE_MS : -Infinity
    },
    async release() {
      until = -Infinity
      await sql.write([{ text: 'delete from leases where name = $1 and holder = $2', values: [name, node] }])
    },
  }
}
