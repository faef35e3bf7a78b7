import { connect } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FreshStore, onEveryEngine } from '../support/engines.ts'
import { holdingsOf, sendCaptures } from '../support/generator.ts'
import { type ServerProcess, freePort, startServer } from '../support/process.ts'

// R10. OVERLOAD_SECONDS shortens a run.
const SECONDS = Number(process.env.OVERLOAD_SECONDS ?? 60)
const CONNECTIONS = 64
const TIMES = 5
const SLOW = 1_000
/** A request must be here whole after 30 s; the server looks for late ones every 30 s. */
const CUT_WITHIN_MS = 65_000
const MEMORY_MB = 700
const SETTINGS = { TRUST_PROXY: '127.0.0.1', RATE_LIMIT_CAPTURE: '1000000' }

onEveryEngine('more than a server can take', (engine) => {
  let store: FreshStore
  let server: ServerProcess
  let port: number
  beforeEach(async () => {
    store = await engine.fresh()
    port = await freePort()
    server = await startServer({ ...store, port, env: { ...SETTINGS } })
  })
  afterEach(async () => {
    server.child.kill('SIGKILL')
    await store.drop()
  })

  test(`(${TIMES} times the clients that fill it, for ${SECONDS} s) is taken or refused with 429 or 503, and none is left without an answer`, async () => {
    const full = await sendCaptures({ port, connections: CONNECTIONS, seconds: 5 })
    let most = 0
    const watch = setInterval(() => (most = Math.max(most, holdingsOf(server.pid).memory)), 250)
    const over = await sendCaptures({ port, connections: TIMES * CONNECTIONS, seconds: SECONDS })
    clearInterval(watch)
    const after = await sendCaptures({ port, connections: 1, seconds: 5 })
    console.log(
      `${engine.name}: full ${Math.round(full.rate)}/s, p99 ${full.p99.toFixed(1)} ms; ${TIMES} times the clients ${Math.round(over.rate)}/s, p99 ${over.p99.toFixed(1)} ms, ` +
        `refused ${JSON.stringify(over.unexpected)}, memory at most ${most.toFixed(0)} MB; afterwards alone p99 ${after.p99.toFixed(1)} ms`,
    )
    expect(Object.keys(over.unexpected).filter((status) => status !== '429' && status !== '503')).toEqual([])
    expect(most).toBeLessThan(MEMORY_MB)
    // Five times as many who wait for one another: each waits five times as long, and not longer.
    expect(over.p99).toBeLessThan(2 * TIMES * full.p99)
    expect(after.unexpected).toEqual({})
  })

  test(`(${SLOW} connections that send one byte a second) is cut, and others are answered as before`, async () => {
    const paced = { port, connections: 16, rate: 200, seconds: 20 }
    const unloaded = await sendCaptures(paced)
    const text = `POST /api/tracking/capture HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`.padEnd(1_000)
    const start = performance.now()
    let cut = 0
    let last = 0
    const sockets = Array.from({ length: SLOW }, () => {
      let at = 0
      const socket = connect(port, '127.0.0.1')
      // The other side hanging up is what is wanted.
      socket.on('error', () => undefined)
      const drip = setInterval(() => socket.write(text[at++] as string), 1_000)
      socket.resume()
      socket.once('close', () => {
        clearInterval(drip)
        cut++
        last = performance.now() - start
      })
      return socket
    })
    const beside = await sendCaptures(paced)
    while (cut < SLOW && performance.now() - start < CUT_WITHIN_MS) await new Promise((resolve) => setTimeout(resolve, 100))
    for (const socket of sockets) socket.destroy()
    console.log(`${engine.name}: ${cut} of ${SLOW} slow ones cut, the last after ${(last / 1_000).toFixed(1)} s; p99 ${unloaded.p99.toFixed(1)} ms without and ${beside.p99.toFixed(1)} ms beside them, memory ${holdingsOf(server.pid).memory.toFixed(0)} MB`)
    expect(cut).toBe(SLOW)
    expect(beside.unexpected).toEqual({})
    expect(beside.p99).toBeLessThan(Math.max(2 * unloaded.p99, 20))
    expect(holdingsOf(server.pid).memory).toBeLessThan(MEMORY_MB)
  })
})
