import { afterEach, beforeEach, expect, test } from 'vitest'
import { type BatchAnswer, eventsOf, sendBatch, toldNew } from '../support/batch.ts'
import { type FreshStore, onEveryEngine } from '../support/engines.ts'
import { NO_FAULTS, faultsOf, figuresOf } from '../support/oracle.ts'
import type { ServerProcess } from '../support/process.ts'
import { startProxy } from '../support/proxy.ts'
import { between, randomFrom, seedOf } from '../support/random.ts'
import { type Stage, judgeStage, openStage, sendOn, startOn } from '../support/stage.ts'

const assure = process.env.ASSURE === '1'
const EVENTS = 200

onEveryEngine('the same batch again', (engine) => {
  let store: FreshStore
  let stage: Stage
  let server: ServerProcess
  let sent: string[]

  beforeEach(async () => {
    store = await engine.fresh()
    const opened = await openStage(store, 1)
    stage = opened.stage
    server = opened.server
    sent = []
  })
  afterEach(async () => {
    await server.end('SIGKILL')
    await store.drop()
  })

  /** New events, all of which must be stored in the end. */
  const fresh = (name: string): object[] => {
    const ids = Array.from({ length: EVENTS }, (_, at) => `${name}-${at}`)
    sent.push(...ids)
    return eventsOf(stage, ids)
  }
  const again = async (how: 'ask' | 'kill'): Promise<void> => {
    await server.end(how === 'kill' ? 'SIGKILL' : 'SIGTERM')
    server = await startOn(stage)
  }
  /** Each answer a success, and each event told once to be new. */
  const expectOnce = (answers: readonly BatchAnswer[]): void => {
    expect(answers.map(({ status, successful, failed }) => ({ status, successful, failed }))).toEqual(answers.map(() => ({ status: 200, successful: EVENTS, failed: 0 })))
    expect(answers.reduce((sum, answer) => sum + toldNew(answer), 0)).toBe(EVENTS)
  }
  const expectStoredOnce = async (): Promise<void> => {
    expect(faultsOf(await judgeStage(stage, server, sent))).toEqual(NO_FAULTS)
  }

  // R4.
  test('1, 2 and 10 times, one after another and at once, is stored once', async () => {
    for (const times of [1, 2, 10]) {
      const oneByOne = fresh(`one-by-one-${times}`)
      const answers: BatchAnswer[] = []
      for (let time = 0; time < times; time++) answers.push(await sendBatch(stage, oneByOne))
      expectOnce(answers)
      expect(toldNew(answers[0] as BatchAnswer)).toBe(EVENTS)

      for (let round = 0; round < (assure ? 50 : 5); round++) {
        const atOnce = fresh(`at-once-${times}-${round}`)
        expectOnce(await Promise.all(Array.from({ length: times }, () => sendBatch(stage, atOnce))))
      }
    }
    await expectStoredOnce()
  })

  test.each(['kill', 'ask'] as const)('across restarts (%s) is stored once', { timeout: 300_000 }, async (how) => {
    for (let round = 0; round < (assure ? 20 : 3); round++) {
      const before = fresh(`before-${round}`)
      const first = await Promise.all([sendBatch(stage, before), sendBatch(stage, before)])
      await again(how)
      // At once, and in the very moment in which the ids of the last process are being read back.
      const unseen = fresh(`unseen-${round}`)
      const [then, ...rest] = await Promise.all([sendBatch(stage, before), sendBatch(stage, before), ...Array.from({ length: 10 }, () => sendBatch(stage, unseen))])
      expectOnce([...first, then as BatchAnswer, rest[0] as BatchAnswer])
      expectOnce(rest.slice(1))
    }
    await expectStoredOnce()
  })

  test('with the same id twice within it, half of it known, and bad ones between, is stored once', async () => {
    const known = fresh('known')
    await sendBatch(stage, known)
    const unknown = fresh('unknown')
    const mixed = [...known.slice(0, 50), ...unknown, ...unknown.slice(0, 25), { event_id: 'bad-1', tracking_id: '' }, { event_id: 'bad-2', tracking_id: 'x', clicked_at: 'never' }]
    const answer = await sendBatch(stage, mixed)
    expect(answer).toEqual({ status: 207, retryAfter: null, total: EVENTS + 77, successful: EVENTS + 75, duplicates: 75, failed: 2 })
    expect(faultsOf(await judgeStage(stage, server, sent))).toEqual({ ...NO_FAULTS, deadLetters: 2 })
  })

  // R5. SWALLOW_SEED repeats a run.
  test(`is stored once although the answer was cut off, ${assure ? '10,000' : '200'} times`, { timeout: assure ? 30 * 60_000 : 60_000 }, async () => {
    const seed = seedOf('SWALLOW_SEED')
    const random = randomFrom(seed)
    const proxy = await startProxy(stage.port, () => random() < 0.5)
    const sender = sendOn(stage, { url: `http://127.0.0.1:${proxy.port}`, batchers: 8, clickers: 0, least: 1, most: between(random, 5, 50), repeats: 0.05 })
    try {
      await sender.until(() => proxy.swallowed >= (assure ? 10_000 : 200))
      await sender.stop()
      const verdict = await judgeStage(stage, server)
      console.log(`${engine.name}, ${proxy.swallowed} answers cut off: ${figuresOf(verdict)}`)
      expect(faultsOf(verdict)).toEqual(NO_FAULTS)
    } finally {
      sender.abandon()
      await proxy.close()
    }
  })
})
