import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Orders } from './client.ts'
import type { FreshStore } from './engines.ts'
import { type Verdict, judge } from './oracle.ts'
import { quietPort } from './port.ts'
import { type ServerProcess, startServer } from './process.ts'
import { readStats } from './recount.ts'
import { type Sender, startSender } from './sender.ts'

/** A store under a server that is killed and started again, and a client that goes on through it. */
export interface Stage {
  store: FreshStore
  key: string
  port: number
  seed: number
  clickLinks: string[]
  eventLinks: string[]
  env: Record<string, string>
}

/** Waits longer for a flush than any takes, so that a redirect's answer means that its click is durable. */
const DURABLE_REDIRECTS = { RECORD_WAIT_MS: '10000' }
const LINKS = 6

/** A stage on a fresh store, its links made, its server listening. */
export async function openStage(store: FreshStore, seed: number, env: Record<string, string> = {}): Promise<{ stage: Stage; server: ServerProcess }> {
  const stage: Stage = {
    store,
    // A key of its own: another test's server that gets hold of the port must not answer in this one's place.
    key: `key-of-this-run-${randomBytes(16).toString('hex')}`,
    port: await quietPort(),
    seed,
    clickLinks: Array.from({ length: LINKS }, (_, at) => `link-${seed}-${at}`),
    eventLinks: [],
    env: { ...DURABLE_REDIRECTS, ...env },
  }
  stage.eventLinks = [...stage.clickLinks, lateLink(stage)]
  await writeFile(ledgerOf(stage), '')
  const server = await startOn(stage)
  for (const id of stage.clickLinks) await makeLink(stage, server.url, id)
  return { stage, server }
}

/** Starts the server of a stage; on the same data every time. */
export function startOn(stage: Stage, onSpawn?: (child: ChildProcess) => void): Promise<ServerProcess> {
  const { store, key, port, env } = stage
  return startServer({ dataDir: store.dataDir, databaseUrl: store.databaseUrl, port, env: { WEBHOOK_API_KEY: key, ...env }, ...(onSpawn ? { onSpawn } : {}) })
}

/** Starts a client for a stage. */
export function sendOn(stage: Stage, orders: Partial<Orders> = {}): Sender {
  return startSender({
    url: `http://127.0.0.1:${stage.port}`,
    key: stage.key,
    seed: stage.seed,
    ledger: ledgerOf(stage),
    eventLinks: stage.eventLinks,
    clickLinks: stage.clickLinks,
    batchers: 4,
    clickers: 4,
    events: Number.MAX_SAFE_INTEGER,
    least: 1,
    most: 300,
    pad: 0,
    repeats: 0.1,
    restMs: 0,
    ...orders,
  })
}

/**
 * Asks for all numbers, ends the server in order, and has the oracle judge what is stored. The client has stopped.
 * `others`: ids of events that were sent beside the client's.
 */
export async function judgeStage(stage: Stage, server: ServerProcess, others: readonly string[] = []): Promise<Verdict> {
  const ids = stage.eventLinks
  // The clicks of an id that had no link so far join its numbers.
  await makeLink(stage, server.url, lateLink(stage))
  const stats = await readStats(server.url, stage.key, ids)
  const { code } = await server.end('SIGTERM')
  if (code !== 0) throw new Error(`The server ended with ${code}:\n${tail(server)}`)
  const { store, seed, eventLinks, clickLinks } = stage
  return judge({ store, seed, eventLinks, clickLinks, others, ledger: ledgerOf(stage), stats })
}

/** A link of a stage, made over the API. */
export async function makeLink(stage: Stage, url: string, trackingId: string): Promise<void> {
  const response = await fetch(`${url}/api/link-tracking/links`, {
    method: 'POST',
    headers: { 'x-api-key': stage.key, 'content-type': 'application/json' },
    body: JSON.stringify({ original_url: `https://example.com/${trackingId}`, tracking_id: trackingId, link_function: 'Website' }),
  })
  if (response.status !== 201) throw new Error(`A link was not made: ${response.status} ${await response.text()}`)
}

/** The last words of a server. */
export function tail(server: ServerProcess): string {
  const { out, err } = server.output()
  return `${err.slice(-2_000)}\n${out.slice(-2_000)}`
}

function lateLink(stage: Stage): string {
  return `late-${stage.seed}`
}

function ledgerOf(stage: Stage): string {
  return join(stage.store.dataDir, 'ledger')
}
