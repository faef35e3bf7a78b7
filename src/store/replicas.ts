import type pg from 'pg'
import { Fault } from '../core/errors.ts'
import { EVENTS_STATE } from './events.ts'
import { type ClientPool, codeOf, createPool, query } from './postgres-pool.ts'

/** How often the replicas are looked at. */
const LOOK_MS = 1_000
/** A replica that takes longer to be connected to, or to answer a question that costs nothing, is away. */
const PATIENCE_MS = 1_000
/** How long a report waits for a replica to take in what the report must contain; most need some ms. */
const CATCH_UP_MS = 250
const AGAIN_MS = 5
const CONNECTIONS = 6
/** An hour of the primary's places, by which lags are told. */
const PLACES = 3_600

/** The settings of replicas: where they are, and how far behind one may be that is still asked. */
export interface ReplicaSettings {
  urls: readonly string[]
  maxLagMs: number
}

/** How a replica was when it was last looked at. */
export interface ReplicaState {
  /** Its place in the settings, from 1. */
  number: number
  /** `used` for reports, too far `behind`, or `away`: not to be reached, or no replica of this database any more. */
  state: 'used' | 'behind' | 'away'
  /** How long ago the primary was where this one is, in ms; null when that is not known. */
  lagMs: number | null
  /** How many questions it has answered. */
  answers: number
}

/** The replicas of a database, from which reports are read. */
export interface Replicas {
  states(): ReplicaState[]
  /**
   * Asks the next replica in turn that holds the events up to the state `holds`; null when none does, so that the primary must be asked.
   * Throws Fault 'unavailable' when the question itself takes too long.
   */
  ask<T>(holds: number, work: (client: pg.PoolClient) => Promise<T>): Promise<T | null>
  close(): Promise<void>
}

type Replica = ReplicaState & { pool: ClientPool }

/** Opens the replicas of a primary. None of them is needed: what they cannot answer is the primary's. */
export function openReplicas(primary: ClientPool, { urls, maxLagMs }: ReplicaSettings): Replicas {
  const replicas = urls.map((url, at): Replica => ({ number: at + 1, state: 'away', lagMs: null, answers: 0, pool: createPool(url, { max: CONNECTIONS, connectMs: PATIENCE_MS }) }))
  /** Where in its log the primary was, and when, the oldest first. */
  let places: { at: number; place: number }[] = []
  let turn = 0
  let looking = false

  const look = async (): Promise<void> => {
    const at = performance.now()
    const place = await placeOf(primary, 'false', 'pg_current_wal_lsn()').catch(() => null)
    if (place !== null) places = [...places, { at, place }].slice(-PLACES)
    await Promise.all(
      replicas.map(async (replica) => {
        const reached = await placeOf(replica.pool, 'true', 'pg_last_wal_replay_lsn()').catch(() => null)
        const missing = reached === null ? undefined : places.find((one) => one.place > reached)
        replica.lagMs = reached === null ? null : missing === undefined ? 0 : Math.round(performance.now() - missing.at)
        replica.state = replica.lagMs === null ? 'away' : replica.lagMs > maxLagMs ? 'behind' : 'used'
      }),
    )
  }
  const lookOn = async (): Promise<void> => {
    if (looking) return
    looking = true
    await look()
    looking = false
  }
  const timer = urls.length === 0 ? undefined : setInterval(() => void lookOn(), LOOK_MS).unref()
  if (timer) void lookOn()

  return {
    states: () => replicas.map(({ number, state, lagMs, answers }) => ({ number, state, lagMs, answers })),
    async ask(holds, work) {
      const until = performance.now() + CATCH_UP_MS
      const first = turn++
      let late = false
      const asking = (client: pg.PoolClient): ReturnType<typeof work> =>
        work(client).catch((error: unknown) => {
          late = codeOf(error) === '57014'
          throw error
        })
      for (let step = 0; step < replicas.length; step++) {
        const replica = replicas[(first + step) % replicas.length] as Replica
        if (replica.state !== 'used') continue
        try {
          const answer = await replica.pool.use(async (client) => ((await caughtUp(client, holds, until)) ? { rows: await asking(client) } : null))
          if (answer === null) continue
          replica.answers++
          return answer.rows
        } catch (error) {
          if (late) throw error
          // What it cannot answer, whatever the reason, the next one may: it has its schema a moment later, and ends what is in its log's way.
          if (error instanceof Fault) replica.state = 'away'
        }
      }
      return null
    },
    async close() {
      clearInterval(timer)
      await Promise.all(replicas.map(({ pool }) => pool.close()))
    },
  }
}

/** A server's place in the log, in bytes; null where it is not, or no longer, what it should be. */
async function placeOf(pool: ClientPool, standby: 'true' | 'false', place: string): Promise<number | null> {
  // One that is promoted knows no place of the other kind, so that is asked for only where there is one.
  const text = `select case when pg_is_in_recovery() = ${standby} then pg_wal_lsn_diff(${place}, '0/0') end as place`
  const [row] = await pool.use((client) => query<{ place: number | null }>(client, text, [], PATIENCE_MS))
  return row?.place ?? null
}

/** Whether a replica holds the events up to a state, which is committed in order; looked at until a moment, at least once. */
async function caughtUp(client: pg.ClientBase, holds: number, until: number): Promise<boolean> {
  for (;;) {
    const [row] = await query<{ state: number }>(client, EVENTS_STATE, [], PATIENCE_MS)
    if (row !== undefined && row.state >= holds) return true
    if (performance.now() >= until) return false
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
  }
}
