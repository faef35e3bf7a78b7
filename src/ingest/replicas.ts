import type { Metrics } from '../http/metrics.ts'
import type { ReplicaState } from '../store/replicas.ts'

const LOOK_MS = 1_000

/** How the replicas were when they were last heard of. */
export interface WatchedReplicas {
  last(): readonly ReplicaState[]
  stop(): void
}

/** Follows how the replicas are, where there are any: for the metrics, and for the log, which is told of each that is left out or back. */
export function watchReplicas(
  ask: (() => Promise<ReplicaState[]>) | null,
  metrics: Metrics,
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void },
): WatchedReplicas {
  let last: readonly ReplicaState[] = []
  const look = async (): Promise<void> => {
    const states = (await ask?.().catch(() => null)) ?? last
    for (const { number: replica, state, lagMs } of states) {
      const before = last.find((one) => one.number === replica)?.state
      if (state === before) continue
      if (state === 'used') log.info({ replica, lagMs }, 'reports are read from a replica')
      else if (before !== undefined) log.warn({ replica, state, lagMs }, 'a replica is left out')
    }
    last = states
  }
  const each = (name: string, help: string, measure: (state: ReplicaState) => number | null): void =>
    metrics.gauges(name, help, 'replica', () =>
      last.flatMap((one) => {
        const number = measure(one)
        return number === null ? [] : [[String(one.number), number] as const]
      }),
    )
  each('waymark_replica_used', '1 while reports are read from a replica, 0 while it is behind or away', ({ state }) => (state === 'used' ? 1 : 0))
  each('waymark_replica_lag_seconds', 'How far a replica is behind', ({ lagMs }) => (lagMs === null ? null : lagMs / 1000))
  each('waymark_replica_answers', 'Questions that a replica has answered since the start', ({ answers }) => answers)
  const timer = ask === null ? undefined : setInterval(() => void look(), LOOK_MS).unref()
  return { last: () => last, stop: () => clearInterval(timer) }
}
