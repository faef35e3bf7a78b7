import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { LoadReport, LoadSpec } from '../../bench/load.ts'
import { runTask } from '../../bench/task.ts'

const script = pathToFileURL(join(import.meta.dirname, '../../build/bench/load.js'))
let runs = 0

/** Sends captures, each expected to be answered 200, from a process of its own. */
export function sendCaptures(spec: Pick<LoadSpec, 'port' | 'connections' | 'seconds' | 'rate'>): Promise<LoadReport> {
  return runTask<LoadSpec, LoadReport>(script, { requests: { kind: 'captures' }, expect: 200, warmupSeconds: 0, ...spec, run: process.pid * 1_000 + runs++ })
}

/** What a process holds: memory in MB, and open descriptors. */
export function holdingsOf(pid: number): { memory: number; descriptors: number } {
  const kilobytes = Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  return { memory: kilobytes / 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length }
}
