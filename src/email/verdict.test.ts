import { describe, expect, test } from 'vitest'
import { randomFrom, seedOf } from '../../test/support/random.ts'
import { GATEWAYS, judged, reader } from '../../test/support/readers.ts'

// S3. The seed is printed with a failure and replays from MAIL_SEED.
const seed = seedOf('MAIL_SEED')

describe(`of generated traces (MAIL_SEED=${seed})`, () => {
  test.each(Object.entries(GATEWAYS))('a gateway that %s is marked', (_, gateway) => {
    const random = randomFrom(seed)
    const { events, marked } = judged(Array.from({ length: 500 }, () => gateway(random)))
    expect(marked / events).toBeGreaterThanOrEqual(0.99)
  })

  test('500 readers are not', () => {
    const random = randomFrom(seed)
    const { events, marked } = judged(Array.from({ length: 500 }, () => reader(random)))
    expect(events).toBeGreaterThan(600)
    expect(marked / events).toBeLessThanOrEqual(0.01)
  })
})
