import { expect, test } from 'vitest'
import { compareScenes } from '../oracle/compare.ts'
import { testApp } from '../support/app.ts'
import { onEveryEngine } from '../support/engines.ts'
import { seed } from '../support/seed.ts'

const SETS = Number(process.env.SETS ?? 10_000)
/** A store of many small loads grows slow to ask, so each server has so many. */
const SETS_A_SERVER = 250

onEveryEngine('the reports of very many random events', (engine) => {
  test(`are those of the oracle, in ${SETS} sets from seed ${seed}`, async () => {
    let compared = 0
    for (let at = 0; at < SETS; at += SETS_A_SERVER) {
      const app = await testApp(engine, { env: { RATE_LIMIT_EVENTS: '1000000' } })
      try {
        const { reports, differences } = await compareScenes(app, seed + at, Math.min(SETS_A_SERVER, SETS - at))
        expect(differences.map((difference) => JSON.stringify(difference)).join('\n')).toBe('')
        compared += reports
      } finally {
        await app.close()
      }
    }
    expect(compared).toBe(SETS * 8)
  })
})
