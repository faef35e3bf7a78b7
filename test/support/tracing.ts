import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, request } from 'node:http'
import type { FreshStore, TestEngine } from './engines.ts'
import { type Order, orderOf } from './order.ts'
import { openStage } from './stage.ts'
import { synchronousDescriptors, watchCalls } from './syscalls.ts'

/**
 * Has a server answer so many recording requests under watch, redirects and batches by turns, four at a time, and tells in which
 * order its system calls went. Where the store is a database, batches are expected to wait for its commit.
 */
export async function traced(engine: TestEngine, answers: number, env: Record<string, string> = {}): Promise<Order> {
  const store: FreshStore = await engine.fresh()
  const traces = await mkdtemp(join(tmpdir(), 'waymark-trace-'))
  const { stage, server } = await openStage(store, 1, env)
  try {
    const journal = join(await realpath(store.dataDir), 'journal', 'data.mdb')
    const metaDescriptors = synchronousDescriptors(server.pid, journal)
    if (metaDescriptors.length === 0) throw new Error('Nothing writes the meta pages of the journal through to the disk.')
    const watching = await watchCalls(server.pid, join(traces, 'calls'))
    const agent = new Agent({ keepAlive: true })
    let next = 0
    const visitor = async (): Promise<void> => {
      for (let n = next++; n < answers; n = next++) await ask(agent, server.url, stage.key, stage.clickLinks[0] as string, n)
    }
    await Promise.all([visitor(), visitor(), visitor(), visitor()])
    agent.destroy()
    // A call is written down when it ends, so that the last answer may be here before its call is there: one more round trip.
    await fetch(`${server.url}/health`)
    await watching.end()
    return await orderOf(join(traces, 'calls'), journal, metaDescriptors, (status) => store.databaseUrl !== null && status === '200')
  } finally {
    await server.end('SIGKILL')
    await rm(traces, { recursive: true, force: true })
    await store.drop()
  }
}

/** One request that records, with its mark; throws unless it succeeds. */
function ask(agent: Agent, url: string, key: string, link: string, n: number): Promise<void> {
  const mark = `mark-${n}-`
  const isBatch = n % 2 === 0
  const body = isBatch ? JSON.stringify({ events: [{ tracking_id: link, event_id: mark }] }) : ''
  const options = isBatch
    ? { method: 'POST', headers: { 'x-api-key': key, 'content-type': 'application/json', 'content-length': body.length } }
    : { method: 'GET', headers: { referer: `https://marks.example/${mark}` } }
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${isBatch ? '/api/tracking-ingest/batch' : `/website?uuid=${link}`}`, { ...options, agent }, (response) => {
      response.resume()
      response.once('end', () => (response.statusCode === (isBatch ? 200 : 302) ? resolve() : reject(new Error(`${mark} ${response.statusCode}`))))
    })
    sent.once('error', reject)
    sent.end(body)
  })
}
