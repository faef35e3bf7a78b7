import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Trusted } from '../capture/address.ts'
import type { WaitsFor } from '../core/closing.ts'
import { createLimiter } from '../http/limits.ts'
import { createMetrics } from '../http/metrics.ts'
import { route } from '../http/route.ts'
import { createServer, drain } from '../http/server.ts'
import { Journal, holdFolder, mendJournal } from '../ingest/index.ts'
import { redirectRoutes } from '../links/index.ts'
import { LinkCopy } from './copy.ts'
import { pauseAfter } from './backoff.ts'
import { createEdgeMetrics } from './metrics.ts'
import { originAt } from './origin.ts'
import { createRecorder } from './recorder.ts'
import { type Clock, startSender } from './sender.ts'

/** A batch, and a page of links, may take this long. */
const ORIGIN_MS = 15_000
/** What may go on once requests are answered: the server that ends it waits about ten seconds. */
const DRAIN_MS = 4_000
const FIRST_SYNC_MS = 3_000

/** What the edge is started with. Sizes in bytes, times in ms. */
export interface EdgeSettings {
  host: string
  port: number
  originUrl: string
  key: string
  folder: string
  journalMaxBytes: number
  recordWaitMs: number
  notFoundUrl: string | null
  honorDnt: boolean
  trusted: Trusted
  batchEvents: number
  batchWaitMs: number
  syncEveryMs: number
}

/** What the world gives the edge: tests give a clock of their own, and less patience with the origin. */
export interface EdgeWorld {
  version: string
  log: FastifyBaseLogger
  clock?: Clock
  random?: () => number
  originWaitMs?: number
}

/** The edge redirector, listening. */
export interface Edge {
  url: string
  /** Fulfilled when the journal can no longer be written: the process should end, and the next start goes on. */
  broken: Promise<Error>
  /** Lets requests in flight finish, sends what waits as far as the origin takes it, and closes. */
  close(waitsFor?: WaitsFor): Promise<void>
}

/** Opens the edge's journal and copy of the links, and listens. Throws Fault or Error with a sentence. */
export async function openEdge(settings: EdgeSettings, world: EdgeWorld): Promise<Edge> {
  const { log, clock = systemClock, random = Math.random } = world
  await mkdir(settings.folder, { recursive: true, mode: 0o700 })
  const held = await holdFolder(settings.folder)
  const registry = createMetrics()
  const origin = originAt(settings.originUrl, settings.key, { waitMs: world.originWaitMs ?? ORIGIN_MS, now: clock.now })
  const copy = new LinkCopy(join(settings.folder, 'links'), origin, clock.now)
  let wake: (events: number) => void = () => undefined
  const mended = await mendJournal(join(settings.folder, 'journal'), clock.now())
  if (mended) log.warn({ ...mended }, 'the journal was damaged: it is set aside, and its whole records are taken over')
  const journal = await Journal.open(join(settings.folder, 'journal'), settings.journalMaxBytes, ({ seconds, events }) => {
    metrics.flushed(seconds)
    wake(events)
  })
  journal.resumeAll(clock.now())
  const followed = { reached: true }
  const waitingSeconds = (): number => (sender.oldestAt === null ? 0 : Math.max(0, clock.now() - sender.oldestAt) / 1000)
  const metrics = createEdgeMetrics(registry, { waitingBytes: () => journal.depth.bytes, waitingSeconds, links: () => copy.size, reached: () => followed.reached })
  const sender = startSender({ ...settings, journal, origin, clock, random, metrics, log })
  wake = sender.wake

  const ending = new AbortController()
  const following = follow(copy, settings.syncEveryMs, { clock, random, log, followed, signal: ending.signal })
  const server = createServer({ guard: { callerOf: () => null }, peopleLimiter: createLimiter({ name: 'edge', limit: 1, windowMs: 1, now: clock.now }), metrics: registry, allowedOrigin: () => false, log })
  const reader = { trusted: settings.trusted, countryHeader: null }
  redirectRoutes(server, { ...settings, directory: copy, ingest: createRecorder(journal, metrics, settings.recordWaitMs), reader, now: clock.now })
  stateRoutes(server, { version: world.version, waitingSeconds, waitingBytes: () => journal.depth.bytes, links: () => copy.size, followed, registry })

  const close = async (waitsFor: WaitsFor = () => undefined): Promise<void> => {
    waitsFor('requests')
    await drain(server)
    ending.abort()
    waitsFor('the origin')
    await following.all
    waitsFor('the journal')
    // A visitor may have been sent on before the click was flushed: it belongs to what is sent.
    await journal.flushed()
    waitsFor('the origin')
    await sender.drain(DRAIN_MS)
    waitsFor('the journal')
    await journal.close()
    await copy.close()
    await held.letGo()
  }
  try {
    // So that the first visitor finds the links; an origin that is away is not waited for.
    await Promise.race([following.first, new Promise((resolve) => setTimeout(resolve, FIRST_SYNC_MS).unref())])
    const url = await server.listen({ host: settings.host, port: settings.port, listenTextResolver: (address) => `Waymark ${world.version}, edge of ${settings.originUrl}, listening at ${address}` })
    return { url, broken: journal.broken, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Follows the origin's links until the signal is given, which cuts a question short. `first` ends with the first answer, `all` with the last. */
function follow(copy: LinkCopy, everyMs: number, world: { clock: Clock; random: () => number; log: FastifyBaseLogger; followed: { reached: boolean }; signal: AbortSignal }): { first: Promise<void>; all: Promise<void> } {
  const { clock, followed, log, signal } = world
  let done: () => void = () => undefined
  const first = new Promise<void>((resolve) => (done = resolve))
  const run = async (): Promise<void> => {
    let failures = 0
    while (!signal.aborted) {
      try {
        await copy.follow(signal)
        if (!followed.reached) log.info({}, 'the origin is back')
        followed.reached = true
        failures = 0
      } catch (error) {
        if (signal.aborted) return
        if (followed.reached) log.warn({ why: (error as Error).message }, 'the origin does not tell its links; the copy goes on as it is')
        followed.reached = false
        failures++
      }
      done()
      await clock.pause(failures === 0 ? everyMs : Math.max(everyMs, pauseAfter(failures, null, world.random) / 4), signal)
    }
  }
  return { first, all: run() }
}

interface State {
  version: string
  waitingSeconds: () => number
  waitingBytes: () => number
  links: () => number
  followed: { reached: boolean }
  registry: ReturnType<typeof createMetrics>
}

/** What operators ask the edge itself. */
function stateRoutes(server: FastifyInstance, state: State): void {
  const startedAt = performance.now()
  route(server, {
    method: 'GET',
    url: '/health',
    family: 'operations',
    who: 'public',
    summary: 'Whether the edge is up, and what waits',
    handler: () => ({
      status: 'ok',
      version: state.version,
      uptimeSeconds: Math.floor((performance.now() - startedAt) / 1000),
      origin: state.followed.reached ? 'up' : 'away',
      links: state.links(),
      waiting: { bytes: state.waitingBytes(), seconds: Math.round(state.waitingSeconds()) },
    }),
  })
  route(server, {
    method: 'GET',
    url: '/metrics',
    family: 'operations',
    who: 'public',
    summary: 'All figures, in the Prometheus text format',
    handler: async (_request, reply) => reply.type(state.registry.contentType).send(await state.registry.text()),
  })
}

const systemClock: Clock = {
  now: Date.now,
  pause: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const end = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, Math.min(ms, 2 ** 31 - 1))
      signal.addEventListener('abort', end)
    }),
}
