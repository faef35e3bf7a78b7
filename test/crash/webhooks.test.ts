import { afterEach, expect, test } from 'vitest'
import { type FreshStore, onEveryEngine } from '../support/engines.ts'
import { seedOf } from '../support/random.ts'
import { killWhileDelivering } from '../support/webhook-kills.ts'

const KILLS = 10

// R15, quick: `npm run assure` kills 200 times over 10,000 messages. CRASH_SEED repeats a run.
onEveryEngine('a server killed while it delivers to receivers of every kind', (engine) => {
  let store: FreshStore
  afterEach(() => store.drop())

  test('leaves no message out, and sends at most one of each receiver’s twice for each kill', { timeout: 300_000 }, async () => {
    store = await engine.fresh()
    const seed = seedOf('CRASH_SEED')
    const figures = await killWhileDelivering(store, { seed, kills: KILLS, events: 64 })
    console.log(`webhooks, ${engine.name}: ${KILLS} kills over ${figures.messages} messages; twice ${JSON.stringify(figures.extras)}`)
    expect(figures).toMatchObject({ messages: 512, unsigned: 0, goneIsOff: true, ended: [] })
    expect(Object.values(figures.missing)).toEqual(Object.values(figures.missing).map(() => 0))
    for (const [kind, extras] of Object.entries(figures.extras)) expect([kind, extras <= KILLS]).toEqual([kind, true])
  })
})
