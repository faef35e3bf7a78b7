import { afterEach, expect, test } from 'vitest'
import { type FreshStore, onEveryEngine } from '../support/engines.ts'
import { killWhileAnonymising, killWhileErasing } from '../support/people.ts'
import { seedOf } from '../support/random.ts'

// R13, quick: `npm run assure` does the same ten times as often. CRASH_SEED repeats a run.
onEveryEngine('a server killed 5 times', (engine) => {
  let store: FreshStore
  afterEach(() => store.drop())

  test.each([
    ['anonymising', killWhileAnonymising, 40_000],
    ['erasing', killWhileErasing, 30_000],
  ] as const)('while %s does it whole in the end, and changes no number', { timeout: 300_000 }, async (name, kill, events) => {
    store = await engine.fresh()
    const seed = seedOf('CRASH_SEED')
    const { between, bytes, ...rest } = await kill(store, { seed, kills: 5, events })
    console.log(`${name}, ${engine.name}: ${between} of 5 kills while at it; bytes ${JSON.stringify(bytes)}`)
    expect(rest).toEqual({ kills: 5, faults: [], left: [] })
    // Kills in the middle of it are what this is about.
    expect(between).toBeGreaterThan(name === 'anonymising' ? 5 / 2 : 0)
  })
})
