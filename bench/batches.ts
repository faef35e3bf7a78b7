import type { AppendOrder, AppendResult } from './appender.ts'
import { type Figure, atLeast } from './figure.ts'
import { type Bench, type Row, pause, whenAnswered } from './row.ts'
import { KEY, type Waymark, startWaymark } from './server.ts'
import { freshStore } from './stores.ts'
import { runTask } from './task.ts'
import { type LoadReport, otherwise, sendLoad } from './traffic.ts'

const SIZE = 500
const CONNECTIONS = 16
const LINKS = 200
const LOADED = 'waymark_loader_events_total'
const PATIENCE_MS = 180_000
const APPENDED_GROUP = 2_000

/** Batches with event ids: how fast they are acknowledged, and how fast all of it is in the store. */
export const batches: Row = {
  name: 'batches',
  steps: () => 4,
  run: measure,
}

async function measure(bench: Bench): Promise<Figure[]> {
  bench.step('batches: start and warm-up')
  const store = await freshStore(bench.engine)
  const server = await startWaymark(store)
  const links = await server.makeLinks(LINKS)
  const empty = (await store.size()).store
  const load = (seconds: number, repeatEvery?: number): Promise<LoadReport> =>
    sendLoad({
      port: server.port,
      connections: CONNECTIONS,
      requests: { kind: 'clicks', links, key: KEY, size: SIZE, ...(repeatEvery === undefined ? {} : { repeatEvery }) },
      expect: 200,
      warmupSeconds: 0,
      seconds,
    })
  await load(bench.pick(4, 2))
  await server.settled()

  const seconds = bench.pick(20, 5)
  bench.step(`batches of ${SIZE} for ${seconds} s, then until all is stored`)
  const before = (await server.metrics()).get(LOADED) ?? 0
  const cpuBefore = server.cpu()
  const report = await load(seconds)
  const wanted = report.answersEver * SIZE
  const storedAt = await storedBy(server, before + wanted)
  const cpu = server.cpu()
  const storedRate = wanted / ((storedAt - report.startedAt) / 1000)

  bench.step('batches of which one in ten is a repeat')
  await server.settled()
  const repeats = await load(bench.pick(8, 3), 10)
  await server.settled()
  const { most } = server.memory()
  const events = (await server.metrics()).get(LOADED) ?? 0
  await server.stop()
  const size = await store.size()

  bench.step('the same rows by the appender alone')
  const alone = await runTask<AppendOrder, AppendResult>(new URL('./appender.js', import.meta.url), {
    dataDir: store.dataDir,
    databaseUrl: store.databaseUrl,
    rows: Math.min(events, bench.pick(200_000, 60_000)),
    group: APPENDED_GROUP,
  })
  await store.drop()

  return [
    { what: `acknowledged, batches of ${SIZE}, ${CONNECTIONS} connections`, value: report.rate * SIZE, unit: 'per second', target: atLeast(80_000), note: `${whenAnswered(bench)}p50 ${report.p50.toFixed(0)} ms, p99 ${report.p99.toFixed(0)} ms a batch; the load generator took ${Math.round(report.cpu * 100)} % of a core` },
    { what: 'stored, from the first request until all of it is', value: storedRate, unit: 'per second', target: atLeast(50_000), note: `${wanted.toLocaleString('en-US')} events sent for ${seconds} s, in the store after ${((storedAt - report.startedAt) / 1000).toFixed(1)} s` },
    { what: 'processor time an event, main thread', value: ((cpu.main - cpuBefore.main) / wanted) * 1e6, unit: 'µs' },
    { what: 'processor time an event, the other threads', value: ((cpu.all - cpu.main - cpuBefore.all + cpuBefore.main) / wanted) * 1e6, unit: 'µs' },
    { what: `the appender alone, groups of ${APPENDED_GROUP.toLocaleString('en-US')}`, value: alone.rate, unit: 'per second', note: `${alone.rows.toLocaleString('en-US')} of these rows, straight into a table of the same columns` },
    { what: 'stored, against the appender alone', value: storedRate / alone.rate, unit: 'ratio', target: atLeast(0.6) },
    { what: 'acknowledged, one batch in ten a repeat', value: repeats.rate * SIZE, unit: 'per second', note: `p50 ${repeats.p50.toFixed(0)} ms, p99 ${repeats.p99.toFixed(0)} ms, worst ${repeats.worst.toFixed(0)} ms a batch` },
    { ...otherwise([report, repeats], 200), ...(report.answersEver === 0 ? { value: Number.NaN } : {}) },
    { what: 'on the disk, per million events', value: (size.store - empty) / events, unit: 'MB', note: `the journal's file kept ${Math.round(size.journal / 2 ** 20)} MB beside it, which it uses again` },
    { what: 'memory at most, this load', value: most, unit: 'MB' },
  ]
}

/** When the store had so many events: UTC ms. */
async function storedBy(server: Waymark, wanted: number): Promise<number> {
  const patience = performance.now() + PATIENCE_MS
  for (;;) {
    const loaded = (await server.metrics()).get(LOADED) ?? 0
    if (loaded >= wanted) return Date.now()
    if (performance.now() > patience) throw new Error(`The store has ${loaded} of ${wanted} events after ${PATIENCE_MS / 1000} s.`)
    await pause(100)
  }
}
