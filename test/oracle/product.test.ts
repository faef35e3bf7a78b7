import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from '../support/app.ts'
import { onEveryEngine } from '../support/engines.ts'
import { seed } from '../support/seed.ts'
import { compareScenes } from './compare.ts'

/** Sets of events a run compares on each engine; test/assure/ has the full count. */
const SETS = Number(process.env.SETS ?? 250)

onEveryEngine('the reports of random events', (engine) => {
  let app: TestApp
  beforeAll(async () => {
    app = await testApp(engine, { env: { RATE_LIMIT_EVENTS: '1000000' } })
  })
  afterAll(() => app.close())

  test(`are those of the oracle, in ${SETS} sets from seed ${seed}`, { timeout: 120_000 }, async () => {
    const { reports, differences } = await compareScenes(app, seed, SETS)
    expect(differences.map((difference) => JSON.stringify(difference)).join('\n')).toBe('')
    expect(reports).toBe(SETS * 8)
  })
})
