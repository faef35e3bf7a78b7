import { afterEach, beforeEach, expect, test } from 'vitest'
import { killEdge } from '../support/edge-run.ts'
import { type FreshStore, onEveryEngine } from '../support/engines.ts'
import { NO_FAULTS, faultsOf, figuresOf } from '../support/oracle.ts'
import { seedOf } from '../support/random.ts'

const kills = process.env.ASSURE === '1' ? 50 : 10

onEveryEngine('an edge that is killed', (engine) => {
  let store: FreshStore
  beforeEach(async () => {
    store = await engine.fresh()
  })
  afterEach(() => store.drop())

  // R17. EDGE_SEED repeats a run.
  test(`${kills} times on a bad road loses no click and reports none twice`, { timeout: kills * 60_000 + 120_000 }, async () => {
    const seed = seedOf('EDGE_SEED')
    const { verdict, swallowed } = await killEdge(store, seed, kills)
    console.log(`${engine.name}, ${kills} kills, ${swallowed} answers swallowed: ${figuresOf(verdict)}`)
    expect(faultsOf(verdict)).toEqual(NO_FAULTS)
    expect(verdict.clicksAcknowledged).toBeGreaterThan(kills * 20)
  })
})
