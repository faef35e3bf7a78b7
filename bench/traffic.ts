import type { LoadReport, LoadSpec } from './load.ts'
import { runTask } from './task.ts'

export type { LoadReport, LoadSpec }

const generator = new URL('./load.js', import.meta.url)
let runs = 0

/** Sends load from a process of its own and gives what came of it. */
export function sendLoad(spec: Omit<LoadSpec, 'run'>): Promise<LoadReport> {
  return runTask<LoadSpec, LoadReport>(generator, { ...spec, run: process.pid * 1_000 + runs++ })
}

/** What was not as expected in some reports, as a short text; empty when all was. */
export function oddities(reports: readonly LoadReport[], expect: number): string {
  const sums = new Map<string, number>()
  for (const { unexpected } of reports) for (const [status, count] of Object.entries(unexpected)) sums.set(status, (sums.get(status) ?? 0) + count)
  return [...sums].map(([status, count]) => `${count} × ${status === '0' ? 'connection lost' : status} instead of ${expect}`).join(', ')
}
