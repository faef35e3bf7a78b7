import type { CrowdReport, CrowdSpec } from './crowd.ts'
import { type Figure, atMost } from './figure.ts'
import type { LoadReport, LoadSpec } from './load.ts'
import { runTask } from './task.ts'

export type { LoadReport, LoadSpec }

const generator = new URL('./load.js', import.meta.url)
let runs = 0

/** Sends load from a process of its own and gives what came of it. */
export function sendLoad(spec: Omit<LoadSpec, 'run'>): Promise<LoadReport> {
  return runTask<LoadSpec, LoadReport>(generator, { ...spec, run: process.pid * 1_000 + runs++ })
}

/** Has a crowd come at once, from a process of its own. */
export function sendCrowd(spec: Omit<CrowdSpec, 'run'>): Promise<CrowdReport> {
  return runTask<CrowdSpec, CrowdReport>(new URL('./crowd.js', import.meta.url), { ...spec, run: process.pid * 1_000 + runs++ })
}

/** What was not as expected in some reports, as a short text; empty when all was. */
export function oddities(reports: readonly Pick<LoadReport, 'unexpected'>[], expect: number): string {
  const sums = new Map<string, number>()
  for (const { unexpected } of reports) for (const [status, count] of Object.entries(unexpected)) sums.set(status, (sums.get(status) ?? 0) + count)
  return [...sums].map(([status, count]) => `${count} × ${status === '0' ? 'connection lost' : status} instead of ${expect}`).join(', ')
}

/** The figure of what was not as expected in some reports, which should be nothing. */
export function otherwise(reports: readonly Pick<LoadReport, 'unexpected'>[], expect: number, what = 'answered otherwise than expected'): Figure {
  const value = reports.flatMap(({ unexpected }) => Object.values(unexpected)).reduce((a, b) => a + b, 0)
  return { what, value, unit: 'count', target: atMost(0), ...(value === 0 ? {} : { note: oddities(reports, expect) }) }
}
