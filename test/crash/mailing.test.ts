import { afterEach, expect, test } from 'vitest'
import { type FreshStore, onEveryEngine } from '../support/engines.ts'
import { UNDER_WAY, crashMailing } from '../support/mailing-crash.ts'
import { seedOf } from '../support/random.ts'

const assure = process.env.ASSURE === '1'
const LEADS = assure ? 10_000 : 300
const KILLS = assure ? 100 : 10
const SOME = 300

// R16, at full length in `npm run assure`. CRASH_SEED repeats a run.
onEveryEngine(`a mailing to ${LEADS} killed ${KILLS} times`, (engine) => {
  let store: FreshStore
  afterEach(() => store.drop())

  test('mails nobody twice and skips nobody', { timeout: assure ? 3_600_000 : 300_000 }, async () => {
    store = await engine.fresh()
    const seed = seedOf('CRASH_SEED')
    const { counts, ...verdict } = await crashMailing(store, { seed, leads: LEADS, kills: KILLS })
    console.log(`${engine.name}: ${JSON.stringify({ counts, ...verdict })}`)
    expect(verdict).toMatchObject({ kills: KILLS, twice: [], unmailed: [], skipped: [], events: counts.sent })
    expect(counts).toMatchObject({ total: LEADS, queued: 0, sending: 0, failed: 0, bounced: 0, skipped: 0 })
    expect((counts.sent as number) + (counts.doubtful as number)).toBe(LEADS)
    expect(counts.doubtful).toBeLessThanOrEqual(KILLS * UNDER_WAY)
  })

  test('ended in good order, leaves nothing in doubt', { timeout: 300_000 }, async () => {
    store = await engine.fresh()
    const { counts, ...verdict } = await crashMailing(store, { seed: seedOf('CRASH_SEED'), leads: SOME, kills: 3, signal: 'SIGTERM' })
    expect(verdict).toMatchObject({ mailed: SOME, twice: [], unmailed: [], skipped: [], events: SOME })
    expect(counts).toMatchObject({ sent: SOME, doubtful: 0 })
  })
})
