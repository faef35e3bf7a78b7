import { afterEach, expect, test } from 'vitest'
import { type FreshStore, onEveryEngine } from '../support/engines.ts'
import { killWhileAnonymising, killWhileErasing } from '../support/people.ts'
import { seedOf } from '../support/random.ts'

// R13, in full. CRASH_SEED repeats a run.
onEveryEngine('a server killed 50 times', (engine) => {
  let store: FreshStore
  afterEach(() => store.drop())

  test.each([
    ['anonymising', killWhileAnonymising, 400_000],
    ['erasing', killWhileErasing, 30_000],
  ] as const)('while %s does it whole in the end, and changes no number', async (name, kill, events) => {
    store = await engine.fresh()
    const seed = seedOf('CRASH_SEED')
    const { between, bytes, ...rest } = await kill(store, { seed, kills: 50, events })
    console.log(`${name}, ${engine.name}: ${between} of 50 kills while at it; bytes ${JSON.stringify(bytes)}`)
    expect(rest).toEqual({ kills: 50, faults: [], left: [] })
    // Kills in the middle of it are what this is about.
    expect(between).toBeGreaterThan(name === 'anonymising' ? 50 / 2 : 0)
  })
})
