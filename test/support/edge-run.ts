import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from './ask.ts'
import type { FreshStore } from './engines.ts'
import type { Verdict } from './oracle.ts'
import { quietPort } from './port.ts'
import { type ServerProcess, startServer } from './process.ts'
import { startProxy } from './proxy.ts'
import { between, randomFrom } from './random.ts'
import { judgeStage, openStage, sendOn } from './stage.ts'

/** What came of a run. */
export interface EdgeRun {
  verdict: Verdict
  kills: number
  /** Answers of the origin that never arrived. */
  swallowed: number
}

const BETWEEN_MS = 500

/**
 * Has people click at an edge that is killed again and again, on a road to its origin that swallows answers, is cut and hangs; then
 * lets it send all it has, and judges what the origin stored.
 */
export async function killEdge(store: FreshStore, seed: number, kills: number): Promise<EdgeRun> {
  const random = randomFrom(seed)
  const { stage, server } = await openStage(store, seed)
  const proxy = await startProxy(stage.port, () => random() < 0.2)
  const port = await quietPort()
  const dataDir = join(store.dataDir, 'edge-of-it')
  const start = (): Promise<ServerProcess> =>
    startServer({
      dataDir: store.dataDir,
      port,
      args: ['edge'],
      env: { DATA_DIR: dataDir, ORIGIN_URL: `http://127.0.0.1:${proxy.port}`, WEBHOOK_API_KEY: stage.key, RECORD_WAIT_MS: '10000', EDGE_BATCH_EVENTS: '20', EDGE_BATCH_WAIT: '1s' },
    })
  let edge = await start()
  const sender = sendOn(stage, { url: edge.url, batchers: 0, clickers: 4 })
  try {
    // From then on it redirects without its origin, which may be away until the next kill.
    await until('the edge has the links', async () => (await stateOf(edge)).links === stage.clickLinks.length, 60_000)
    for (let kill = 0; kill < kills; kill++) {
      const seen = sender.figures().clicksAcknowledged
      await sender.until(({ clicksAcknowledged }) => clicksAcknowledged >= seen + between(random, 20, 200))
      // The random moment itself: nothing is waited for here.
      await new Promise((resolve) => setTimeout(resolve, random() * BETWEEN_MS))
      await edge.end('SIGKILL')
      const road = random()
      if (road < 0.2) await proxy.cut()
      else if (road < 0.3) proxy.hang()
      else await proxy.restore()
      edge = await start()
    }
    await proxy.restore()
    await sender.stop()
    await until('the origin has all clicks', async () => (await stateOf(edge)).waiting.bytes === 0, 120_000)
    const { code } = await edge.end('SIGTERM')
    if (code !== 0) throw new Error(`The edge ended with ${code}: ${edge.output().out.slice(-2_000)}`)
    return { verdict: await judgeStage(stage, server), kills, swallowed: proxy.swallowed }
  } finally {
    sender.abandon()
    edge.child.kill('SIGKILL')
    server.child.kill('SIGKILL')
    await proxy.close()
    await rm(dataDir, { recursive: true, force: true })
  }
}

/** What an edge says of itself. */
async function stateOf(edge: ServerProcess): Promise<{ links: number; waiting: { bytes: number } }> {
  return (await (await fetch(`${edge.url}/health`)).json()) as { links: number; waiting: { bytes: number } }
}
