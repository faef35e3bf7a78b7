import { afterEach, expect, test } from 'vitest'
import { type FreshStore, onEveryEngine } from '../support/engines.ts'
import { seedOf } from '../support/random.ts'
import { killWhileDelivering } from '../support/webhook-kills.ts'

// R15 at full count. CRASH_SEED repeats a run.
onEveryEngine('a server killed 200 times while it delivers to receivers of every kind', (engine) => {
  let store: FreshStore
  afterEach(() => store.drop())

  test('leaves no message out, and sends at most one of each receiver’s twice for each kill', async () => {
    store = await engine.fresh()
    const seed = seedOf('CRASH_SEED')
    const figures = await killWhileDelivering(store, { seed, kills: 200, events: 1_250 })
    console.log(`webhooks, ${engine.name}: 200 kills over ${figures.messages} messages; twice ${JSON.stringify(figures.extras)}`)
    expect(figures).toMatchObject({ messages: 10_000, unsigned: 0, goneIsOff: true, ended: [] })
    expect(Object.values(figures.missing)).toEqual(Object.values(figures.missing).map(() => 0))
    for (const [kind, extras] of Object.entries(figures.extras)) expect([kind, extras <= 200]).toEqual([kind, true])
  })
})
