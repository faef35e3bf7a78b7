import { afterEach, beforeEach, expect, test } from 'vitest'
import { until } from '../support/ask.ts'
import { eventsOf, sendBatch } from '../support/batch.ts'
import { type FreshStore, onEngine } from '../support/engines.ts'
import { halfAsked } from '../support/half-asked.ts'
import { metric } from '../support/metrics.ts'
import { GUEST, NO_FAULTS, faultsOf, figuresOf } from '../support/oracle.ts'
import type { ServerProcess } from '../support/process.ts'
import { type Proxy, startProxy } from '../support/proxy.ts'
import { type Stage, judgeStage, openStage, sendOn, startOn, tail } from '../support/stage.ts'

// R7. The database itself goes on: what is cut is the road to it.
const assure = process.env.ASSURE === '1'
const OUTAGE_MS = assure ? 120_000 : 8_000
/** About 1,000 events/s in batches of 25. */
const STEADY = { batchers: 4, clickers: 2, least: 25, most: 25, restMs: 100, repeats: 0 }

onEngine('postgres', 'a store that is away', (engine) => {
  let store: FreshStore
  let stage: Stage
  let server: ServerProcess
  let proxy: Proxy
  const open = async (env: Record<string, string> = {}): Promise<void> => {
    const opened = await openStage({ ...store, databaseUrl: proxy.via(store.databaseUrl as string) }, 1, env)
    stage = opened.stage
    server = opened.server
  }

  beforeEach(async () => {
    store = await engine.fresh()
    proxy = await startProxy(Number(new URL(store.databaseUrl as string).port || 5432))
  })
  afterEach(async () => {
    server.child.kill('SIGKILL')
    await proxy.close()
    await store.drop()
  })

  test.each(['cut', 'hang'] as const)(`for ${OUTAGE_MS / 1_000} s (%s) costs nobody anything`, { timeout: 60_000 + 5 * OUTAGE_MS }, async (how) => {
    await open()
    const sender = sendOn(stage, STEADY)
    try {
      await sender.until(({ acknowledged }) => acknowledged >= 300)
      const before = sender.figures()
      await proxy[how]()
      const start = performance.now()
      // A busy machine needs longer for as much; a silent store takes some seconds to be noticed.
      await sender.until(({ acknowledged }) => performance.now() - start > OUTAGE_MS && acknowledged - before.acknowledged > OUTAGE_MS / 2)
      const during = sender.figures()
      const away = performance.now() - start
      await proxy.restore()
      const restored = performance.now()
      await until('the journal is drained', async () => (await metric(server.url, 'waymark_journal_records')) < 20, 2 * away + 10_000)
      const drained = performance.now() - restored
      await sender.stop()
      const verdict = await judgeStage(stage, server)
      console.log(
        `${how} for ${Math.round(away / 1_000)} s: ${during.acknowledged - before.acknowledged} events and ${during.clicksAcknowledged - before.clicksAcknowledged} clicks answered meanwhile, ` +
          `slowest click ${Math.round(during.slowestClick)} ms, drained in ${Math.round(drained)} ms; failures ${JSON.stringify(during.failures)}; ${figuresOf(verdict)}`,
      )
      expect(faultsOf(verdict)).toEqual(NO_FAULTS)
      expect(during.failures).toEqual({})
      expect(drained).toBeLessThan(2 * away)
    } finally {
      sender.abandon()
    }
  })

  test('and a process killed meanwhile lose nothing, although new events come at once', { timeout: 120_000 }, async () => {
    await open()
    const sender = sendOn(stage, { batchers: 4, clickers: 2, least: 1_000, most: 1_000, repeats: 0 })
    try {
      await sender.until(({ acknowledged }) => acknowledged >= 1_000)
      await proxy.cut()
      // More than one load of the loader's: some of it is still unread when the first new events are flushed.
      const before = sender.figures()
      await sender.until(({ acknowledged }) => acknowledged >= before.acknowledged + 40_000)
      await server.end('SIGKILL')
      await proxy.restore()
      server = await startOn(stage)
      const after = sender.figures()
      await sender.until(({ acknowledged }) => acknowledged > after.acknowledged)
      await server.end('SIGKILL')
      server = await startOn(stage)
      await sender.stop()
      const verdict = await judgeStage(stage, server)
      console.log(`killed during an outage: ${figuresOf(verdict)}`)
      expect(faultsOf(verdict)).toEqual(NO_FAULTS)
    } finally {
      sender.abandon()
    }
  })

  test('at a start is said in a sentence, and what waited is loaded by the next one', { timeout: 60_000 }, async () => {
    await open()
    await proxy.cut()
    const sent = Array.from({ length: 100 }, (_, at) => `waiting-${at}`)
    expect((await sendBatch(stage, eventsOf(stage, sent))).status).toBe(200)
    const { code } = await server.end('SIGTERM')
    expect({ code, said: tail(server) }).toEqual({ code: 0, said: expect.any(String) })
    await expect(startOn(stage)).rejects.toThrow(/Waymark cannot start\.\nThe database does not answer\./)
    await proxy.restore()
    server = await startOn(stage)
    expect(faultsOf(await judgeStage(stage, server, sent))).toEqual(NO_FAULTS)
  })

  test('and a client that is stuck do not hold up the end', { timeout: 60_000 }, async () => {
    await open()
    const sender = sendOn(stage, STEADY)
    try {
      await sender.until(({ acknowledged }) => acknowledged >= 100)
      await proxy.cut()
      const stuck = await halfAsked(stage, { upTo: 'body' })
      const before = sender.figures()
      // Long enough for the loader's pauses between its tries to have grown to their longest.
      await sender.until(({ acknowledged }) => acknowledged >= before.acknowledged + 6_000)
      const start = performance.now()
      const { code } = await server.end('SIGTERM')
      const took = performance.now() - start
      console.log(`told to end while the store is away and a client is stuck: ended in ${Math.round(took)} ms with ${code}`)
      expect({ code, said: tail(server) }).toEqual({ code: 0, said: expect.any(String) })
      expect(took).toBeLessThan(10_000)
      stuck.socket.destroy()
      await proxy.restore()
      server = await startOn(stage)
      await sender.stop()
      expect(faultsOf(await judgeStage(stage, server))).toEqual(NO_FAULTS)
    } finally {
      sender.abandon()
    }
  })

  test('longer than the journal reaches turns writes away, and redirects go on', { timeout: 60_000 }, async () => {
    await open({ JOURNAL_MAX_MB: '1' })
    await proxy.cut()
    const sent: string[] = []
    let answer = { status: 200, retryAfter: null as string | null }
    for (let batch = 0; answer.status === 200; batch++) {
      const ids = Array.from({ length: 500 }, (_, at) => `batch-${batch}-${at}`)
      answer = await sendBatch(stage, eventsOf(stage, ids))
      if (answer.status === 200) sent.push(...ids)
    }
    expect(answer).toMatchObject({ status: 503, retryAfter: expect.stringMatching(/^\d+$/) })
    // A little room may be left for single clicks; they come until it is used up.
    const visit = (): Promise<Response> => fetch(`${server.url}/website?uuid=${stage.clickLinks[0]}`, { redirect: 'manual', headers: { referer: GUEST } })
    let visits = 0
    const visited = async (): Promise<number | null> => {
      const answers = await Promise.all(Array.from({ length: 50 }, visit))
      visits += answers.length
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 302))
      const count = await metric(server.url, 'waymark_events_unrecorded_total', 'journal_full')
      return count >= 5 ? count : null
    }
    const unrecorded = await until('five clicks are not recorded', visited, 20_000)
    await proxy.restore()
    await until('the journal is empty', async () => (await metric(server.url, 'waymark_journal_records')) === 0, 20_000)
    const last = Array.from({ length: 500 }, (_, at) => `last-${at}`)
    expect((await sendBatch(stage, eventsOf(stage, last))).status).toBe(200)
    const verdict = await judgeStage(stage, server, [...sent, ...last])
    console.log(`journal at its bound: ${sent.length} events taken, then 503; ${visits} visits redirected, ${unrecorded} unrecorded; ${verdict.lost.length} lost, ${verdict.doubled.length} twice`)
    expect(faultsOf(verdict)).toEqual(NO_FAULTS)
    expect(verdict.guests).toBe(visits - unrecorded)
  })
})
