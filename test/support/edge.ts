import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { readEdgeConfig } from '../../src/config.ts'
import { type Edge, openEdge } from '../../src/edge/index.ts'
import { CHROME } from './app.ts'
import { type Answer, ask } from './ask.ts'
import { TEST_KEY } from './process.ts'

/** A clock that runs so many times as fast as ours. */
export interface FastClock {
  now(): number
  pause(ms: number, signal: AbortSignal): Promise<void>
}

/** A clock that stands at `start` (UTC ms) now and runs `times` as fast as ours. */
export function fastClock(start: number, times: number): FastClock {
  const zero = performance.now()
  return {
    now: () => Math.floor(start + (performance.now() - zero) * times),
    pause: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve()
        const end = (): void => {
          clearTimeout(timer)
          signal.removeEventListener('abort', end)
          resolve()
        }
        const timer = setTimeout(end, ms / times)
        signal.addEventListener('abort', end)
      }),
  }
}

/** An edge with a folder of its own. */
export interface TestEdge {
  readonly edge: Edge
  readonly folder: string
  /** A visitor's request, from a person's browser unless the headers say otherwise. */
  click(path: string, headers?: Record<string, string>): Promise<Answer>
  /** A figure of /metrics, by name and labels as they are written there; 0 when there is none. */
  metric(sample: string): Promise<number>
  /** Closes it and opens it anew on the same folder. */
  restart(): Promise<void>
  close(): Promise<void>
}

/** Starts an edge of an origin. */
export async function testEdge(originUrl: string, options: { env?: Record<string, string>; clock?: FastClock; originWaitMs?: number } = {}): Promise<TestEdge> {
  const dataDir = await mkdtemp(join(tmpdir(), 'waymark-edge-'))
  const config = readEdgeConfig({ HOST: '127.0.0.1', PORT: '0', DATA_DIR: dataDir, ORIGIN_URL: originUrl, WEBHOOK_API_KEY: TEST_KEY, RECORD_WAIT_MS: '10000', ...options.env })
  const open = (): Promise<Edge> =>
    openEdge(config, { version: '0.0.0', log: pino({ level: 'silent' }), ...(options.clock ? { clock: options.clock } : {}), ...(options.originWaitMs ? { originWaitMs: options.originWaitMs } : {}) })
  let edge = await open()
  return {
    get edge() {
      return edge
    },
    folder: config.folder,
    click: (path, headers = {}) => ask(edge.url, 'GET', path, { headers: { 'user-agent': CHROME, ...headers } }),
    async metric(sample) {
      const text = (await ask(edge.url, 'GET', '/metrics')).body as string
      const line = text.split('\n').find((one) => one.startsWith(`${sample} `))
      return line ? Number(line.slice(sample.length)) : 0
    },
    async restart() {
      await edge.close()
      edge = await open()
    },
    async close() {
      await edge.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
