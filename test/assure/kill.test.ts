import { afterEach, expect, test } from 'vitest'
import { crash } from '../support/crash.ts'
import { type FreshStore, onEveryEngine } from '../support/engines.ts'
import { NO_FAULTS, faultsOf, figuresOf } from '../support/oracle.ts'
import { seedOf } from '../support/random.ts'

// R1, in full. CRASH_SEED repeats a run.
onEveryEngine('a server killed at 200 random moments during 1,000,000 events', (engine) => {
  let store: FreshStore
  afterEach(() => store.drop())

  test('loses nothing acknowledged, stores nothing twice, and counts right', async () => {
    store = await engine.fresh()
    const seed = seedOf('CRASH_SEED')
    const kills =
      engine.name === 'duckdb'
        ? { starting: 40, recovering: 40, busy: 60, 'quiet checkpoint': 25, 'busy checkpoint': 15, closing: 20 }
        : { starting: 50, recovering: 50, busy: 80, closing: 20 }
    const start = performance.now()
    const run = await crash(store, { seed, events: 1_000_000, kills })
    console.log(`${engine.name}, ${run.kills} kills in ${Math.round((performance.now() - start) / 1_000)} s: ${figuresOf(run.verdict)}; failures ${JSON.stringify(run.failures)}`)
    expect(faultsOf(run.verdict)).toEqual(NO_FAULTS)
  })
})
