import { expect, test } from 'vitest'
import { pacer } from './pace.ts'

test('lets so many pass in a minute and no more, whoever asks', async () => {
  const pace = pacer(60_000)
  const start = performance.now()
  expect(new Set(await Promise.all(Array.from({ length: 400 }, () => pace(() => true))))).toEqual(new Set([true]))
  const took = performance.now() - start
  // A tenth of a second may be made up for.
  expect(took).toBeGreaterThanOrEqual(295)
})

test('lets go of those who may not wait any longer', async () => {
  const pace = pacer(1)
  let may = true
  expect(await pace(() => may)).toBe(true)
  const waiting = pace(() => may)
  may = false
  expect(await waiting).toBe(false)
})
