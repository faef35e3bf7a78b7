import { afterEach, expect, test } from 'vitest'
import { crash } from '../support/crash.ts'
import { type FreshStore, onEveryEngine } from '../support/engines.ts'
import { NO_FAULTS, faultsOf, figuresOf } from '../support/oracle.ts'
import { seedOf } from '../support/random.ts'

// R1, quick: `npm run assure` does the same ten times as often. CRASH_SEED repeats a run.
onEveryEngine('a server killed at 20 random moments under load', (engine) => {
  let store: FreshStore
  afterEach(() => store.drop())

  test('loses nothing acknowledged, stores nothing twice, and counts right', { timeout: 600_000 }, async () => {
    store = await engine.fresh()
    const seed = seedOf('CRASH_SEED')
    const kills = engine.name === 'duckdb' ? { starting: 4, recovering: 4, busy: 7, 'quiet checkpoint': 2, 'busy checkpoint': 1, closing: 2 } : { starting: 5, recovering: 5, busy: 8, closing: 2 }
    const start = performance.now()
    const run = await crash(store, { seed, events: 60_000, kills })
    console.log(`${engine.name}, ${run.kills} kills in ${Math.round((performance.now() - start) / 1_000)} s: ${figuresOf(run.verdict)}; failures ${JSON.stringify(run.failures)}`)
    expect(faultsOf(run.verdict)).toEqual(NO_FAULTS)
  })
})
