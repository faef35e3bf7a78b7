import { afterEach, expect, test } from 'vitest'
import { type FreshStore, onEveryEngine } from '../support/engines.ts'
import { holdingsOf, sendCaptures } from '../support/generator.ts'
import { metric } from '../support/metrics.ts'
import { type ServerProcess, freePort, startServer } from '../support/process.ts'

// R20. SOAK_SECONDS shortens a run.
const SECONDS = Number(process.env.SOAK_SECONDS ?? 600)
const SAMPLES = 60
const CONNECTIONS = 64
const SHARE = 0.3
/** Visitors come through a proxy, and none of them so often that the limit would be the bound. */
const SETTINGS = { TRUST_PROXY: '127.0.0.1', RATE_LIMIT_CAPTURE: '1000000' }

onEveryEngine(`a server at ${SHARE * 100} % of what it can take, for ${SECONDS} s`, (engine) => {
  let store: FreshStore
  let server: ServerProcess
  afterEach(async () => {
    server.child.kill('SIGKILL')
    await store.drop()
  })

  test('takes no more memory and descriptors in the end than in the middle, and answers all', async () => {
    store = await engine.fresh()
    const port = await freePort()
    server = await startServer({ ...store, port, env: SETTINGS })
    const { rate: most } = await sendCaptures({ port, connections: CONNECTIONS, seconds: 5 })
    const rate = Math.round(most * SHARE)
    await metric(server.url, 'waymark_journal_records')

    const load = sendCaptures({ port, connections: CONNECTIONS, seconds: SECONDS, rate })
    const samples: { memory: number; descriptors: number; delay: number }[] = []
    for (let at = 0; at < SAMPLES; at++) {
      // What is measured is the time that passes.
      await new Promise((resolve) => setTimeout(resolve, (SECONDS * 1_000) / SAMPLES))
      // Each reading begins the delays anew.
      const delay = 1_000 * (await metric(server.url, 'nodejs_eventloop_lag_p99_seconds'))
      samples.push({ ...holdingsOf(server.pid), delay })
    }
    const report = await load
    const third = (n: number) => samples.slice((n * SAMPLES) / 3, ((n + 1) * SAMPLES) / 3)
    const memory = [0, 1, 2].map((n) => mean(third(n).map((sample) => sample.memory)))
    const descriptors = [0, 1, 2].map((n) => Math.max(...third(n).map((sample) => sample.descriptors)))
    const delays = samples.map(({ delay }) => delay).sort((a, b) => a - b)
    const median = delays[SAMPLES / 2] as number
    console.log(
      `${engine.name}: ${rate}/s of ${Math.round(most)}/s for ${SECONDS} s, ${report.answers} answers, p99 ${report.p99.toFixed(1)} ms; ` +
        `memory by thirds ${memory.map((mb) => mb.toFixed(0)).join(', ')} MB, descriptors at most ${descriptors.join(', ')}; ` +
        `event loop delay p99: median ${median.toFixed(1)} ms, worst ${delays.at(-1)?.toFixed(1)} ms`,
    )
    expect(report.unexpected).toEqual({})
    expect(memory[2]).toBeLessThan(Math.max(1.1 * (memory[1] as number), (memory[1] as number) + 20))
    expect(descriptors[2]).toBeLessThanOrEqual((descriptors[1] as number) + 5)
    // Sampled each 10 ms, which are in it.
    expect(median).toBeLessThan(20)
  })
})

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
