import { describe, expect, test } from 'vitest'
import { onEveryEngine } from '../support/engines.ts'
import { whyNoTracing } from '../support/syscalls.ts'
import { traced } from '../support/tracing.ts'

// R2. A kill does not show it: what was written outlives the process in the system's memory, flushed or not.
const missing = whyNoTracing()
if (missing !== null) console.error(`\n!!! LEFT OUT: the order of system calls was not checked: ${missing}.\n`)
const answers = process.env.ASSURE === '1' ? 10_000 : 200

describe.skipIf(missing !== null)('no answer leaves before the flush that covers it', () => {
  onEveryEngine('watched', (engine) => {
    test(`in ${answers} answers`, { timeout: 60_000 + answers * 100 }, async () => {
      const order = await traced(engine, answers)
      console.log(`${engine.name}: ${order.answers} answers, ${order.flushes} flushes, ${order.early.length} early, ${order.uncommitted.length} before the commit`)
      expect(order).toEqual({ answers, flushes: expect.any(Number), early: [], uncommitted: [] })
      expect(order.flushes).toBeGreaterThan(answers / 8)
    })

    test('and the watch would see one that does', { timeout: 60_000 }, async () => {
      const order = await traced(engine, 40, { RECORD_WAIT_MS: '0', ACK: 'journal' })
      // Half of the answers are redirects, which wait for nothing here; the others are batches.
      expect(order.early.length).toBeGreaterThan(10)
      expect(order.early.filter((answer) => answer.endsWith('200'))).toEqual([])
      if (engine.name === 'postgres') expect(order.uncommitted.length).toBeGreaterThan(10)
    })
  })
})
