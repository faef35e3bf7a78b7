import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { until } from '../support/ask.ts'
import { eventsOf, sendBatch } from '../support/batch.ts'
import { type FreshStore, onEveryEngine } from '../support/engines.ts'
import { NO_FAULTS, faultsOf, figuresOf } from '../support/oracle.ts'
import { between, randomFrom, seedOf } from '../support/random.ts'
import { judgeStage, openStage, sendOn, startOn, tail } from '../support/stage.ts'
import { halfAsked } from '../support/half-asked.ts'
import { stickDisk } from '../support/stuck-disk.ts'

// R3. END_SEED repeats a run.
const times = process.env.ASSURE === '1' ? 20 : 3
const LONGEST_MS = 10_000

onEveryEngine('a server told to end under load', (engine) => {
  let store: FreshStore
  afterEach(() => store.drop())

  test(`ends well ${times} times`, { timeout: 60_000 + times * 20_000 }, async () => {
    store = await engine.fresh()
    const seed = seedOf('END_SEED')
    const random = randomFrom(seed)
    const opened = await openStage(store, seed)
    const { stage } = opened
    let { server } = opened
    const sender = sendOn(stage)
    const took: number[] = []
    const slowOnes: string[] = []
    try {
      for (let time = 0; time < times; time++) {
        const before = sender.figures()
        await sender.until(({ acknowledged, clicks }) => acknowledged >= before.acknowledged + between(random, 1, 3_000) && clicks > before.clicks)
        // One that stays silent, one stuck in its head, one stuck in its body, and one that is slow but comes to an end.
        const silent = connect(stage.port, '127.0.0.1')
        silent.on('error', () => undefined)
        const stuckInHead = await halfAsked(stage, { upTo: 'head' })
        const stuckInBody = await halfAsked(stage, { upTo: 'body' })
        const slow = await halfAsked(stage, { upTo: 'body' })
        const start = performance.now()
        const ended = server.end('SIGTERM')
        const answer = await slow.finish()
        expect(answer).toMatch(/^HTTP\/1\.1 200 /)
        slowOnes.push(slow.eventId)
        expect({ time, ...(await ended), said: tail(server) }).toEqual({ time, code: 0, signal: null, said: expect.any(String) })
        took.push(Math.round(performance.now() - start))
        for (const stuck of [silent, stuckInHead.socket, stuckInBody.socket]) stuck.destroy()
        server = await startOn(stage)
      }
      const { failures } = await sender.stop()
      const verdict = await judgeStage(stage, server, slowOnes)
      console.log(`${engine.name}, ended ${times} times in ${took.join(', ')} ms: ${figuresOf(verdict)}; failures ${JSON.stringify(failures)}`)
      expect(faultsOf(verdict)).toEqual(NO_FAULTS)
      expect(Math.max(...took)).toBeLessThan(LONGEST_MS)
    } finally {
      sender.abandon()
      server.child.kill('SIGKILL')
    }
  })

  test('says what it waits for when it ends all the same, and the next start goes on', { timeout: 120_000 }, async () => {
    store = await engine.fresh()
    const { stage, server } = await openStage(store, 1, { RECORD_WAIT_MS: '50' })
    try {
      await sendBatch(stage, eventsOf(stage, ['before']))
      const stuck = await stickDisk(store.dataDir)
      expect((await fetch(`${server.url}/website?uuid=${stage.clickLinks[0]}`, { redirect: 'manual' })).status).toBe(302)
      const start = performance.now()
      expect(await server.end('SIGTERM')).toEqual({ code: null, signal: 'SIGKILL' })
      expect(performance.now() - start).toBeLessThan(LONGEST_MS)
      const lastWords = await until('its last words are read', () => server.output().out.split('\n').find((line) => line.includes('closing took too long')))
      expect(JSON.parse(lastWords)).toEqual({ level: 'error', time: expect.any(String), waitedFor: 'the journal', ms: 9_500, msg: 'closing took too long; what was acknowledged is in the journal, and the next start goes on' })
      await stuck.release()
      const next = await startOn(stage)
      expect(await sendBatch(stage, eventsOf(stage, ['before', 'after']))).toMatchObject({ successful: 2, duplicates: 1 })
      expect(await next.end('SIGTERM')).toEqual({ code: 0, signal: null })
    } finally {
      server.child.kill('SIGKILL')
    }
  })
})
