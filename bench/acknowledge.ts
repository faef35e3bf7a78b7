import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Figure, below } from './figure.ts'
import type { RequestPlan } from './requests.ts'
import { type Bench, type Row, pause, whenAnswered } from './row.ts'
import { KEY, type Waymark, startBare, startWaymark } from './server.ts'
import { type Store, freshStore } from './stores.ts'
import { otherwise, sendLoad } from './traffic.ts'

const RATE = 1_000
const CONNECTIONS = 64
const LINKS = 200
const WARMUP_SECONDS = 2
/** The embedded store completes a checkpoint when its log is so long. */
const CHECKPOINT_BYTES = 128e6
const FILL = { size: 500, rate: 60 }

/** One event a request, sent at its time whatever came of those before: how long until it is acknowledged. */
export const acknowledge: Row = {
  name: 'acknowledge',
  steps: () => 3,
  run: measure,
}

async function measure(bench: Bench): Promise<Figure[]> {
  bench.step('acknowledge: start, fill the log')
  const seconds = bench.pick(60, 8)
  const store = await freshStore(bench.engine)
  const server = await startWaymark(store)
  const links = await server.makeLinks(LINKS)
  const requests: RequestPlan = { kind: 'clicks', links, key: KEY, size: 1 }
  const paced = { connections: CONNECTIONS, requests, expect: 200, warmupSeconds: WARMUP_SECONDS, rate: RATE }
  if (store.engine === 'duckdb') await fillLog(server, store, links, RATE * (WARMUP_SECONDS + seconds / 2))

  bench.step(`acknowledge: ${RATE} events/s for ${seconds} s`)
  const watch = watchCheckpoints(store)
  const report = await sendLoad({ port: server.port, ...paced, seconds })
  const checkpoints = watch.end()
  await server.stop()
  await store.drop()

  const bareSeconds = bench.pick(20, 4)
  bench.step(`acknowledge: Fastify alone, ${bareSeconds} s`)
  const bare = await startBare()
  const alone = await sendLoad({ port: bare.port, ...paced, seconds: bareSeconds })
  await bare.stop()

  const pacing = `${whenAnswered(bench)}the generator itself was late by ${report.lateP99.toFixed(1)} ms (p99), ${report.lateWorst.toFixed(1)} ms (worst), which is in it; Fastify alone: p50 ${alone.p50.toFixed(2)} ms, p99 ${alone.p99.toFixed(1)} ms, worst ${alone.worst.toFixed(1)} ms`
  return [
    { what: `acknowledged at ${RATE} events/s for ${seconds} s: p50`, value: report.p50, unit: 'ms', note: pacing },
    { what: 'p99', value: report.p99, unit: 'ms', target: below(20) },
    { what: 'worst', value: report.worst, unit: 'ms', target: below(100) },
    ...(checkpoints === null ? [] : [{ what: 'checkpoints of the store within', value: checkpoints, unit: 'count' as const, ...(checkpoints === 0 ? { note: 'none: these figures do not hold for one' } : {}) }]),
    otherwise([report], 200),
  ]
}

/** Writes so much that the log is full after `events` more: the dearest checkpoint there is falls into the time that is measured. */
async function fillLog(server: Waymark, store: Store, links: string[], events: number): Promise<void> {
  const fill = async (seconds: number): Promise<number> => {
    const requests: RequestPlan = { kind: 'clicks', links, key: KEY, size: FILL.size }
    const { answersEver } = await sendLoad({ port: server.port, connections: 8, requests, expect: 200, warmupSeconds: 0, rate: FILL.rate, seconds })
    await server.drained()
    return answersEver * FILL.size
  }
  const written = await fill(1)
  const perEvent = (await logBytes(store)) / written
  const missing = (CHECKPOINT_BYTES - (await logBytes(store))) / perEvent - events
  if (missing > 0) await fill(missing / (FILL.rate * FILL.size))
}

/** Counts how often the log is emptied; null where there is none. */
function watchCheckpoints(store: Store): { end(): number | null } {
  if (store.engine !== 'duckdb') return { end: () => null }
  let checkpoints = 0
  let watching = true
  void (async () => {
    let last = 0
    while (watching) {
      const bytes = await logBytes(store)
      if (bytes < last) checkpoints++
      last = bytes
      await pause(50)
    }
  })()
  return {
    end() {
      watching = false
      return checkpoints
    },
  }
}

function logBytes(store: Store): Promise<number> {
  return stat(join(store.dataDir, 'waymark.duckdb.wal')).then(({ size }) => size, () => 0)
}
