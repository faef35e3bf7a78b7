import type { Figure } from './figure.ts'
import type { EngineName } from './stores.ts'

/** One row of the figures to reach: what it is called, and how it is measured. */
export interface Row {
  name: string
  /** The engines it is measured on; all when left out. */
  engines?: readonly EngineName[]
  /** Steps it tells of while it runs. */
  steps(bench: Pick<Bench, 'pick' | 'full'>): number
  run(bench: Bench): Promise<Figure[]>
}

/** How to measure. */
export interface Bench {
  engine: EngineName
  /** Settings of the measured server that are not its defaults. */
  settings: Record<string, string>
  /** Also what takes long. */
  full: boolean
  /** The first number, or the second one in a quick run. */
  pick(normal: number, quick: number): number
  /** Tells what begins now. */
  step(what: string): void
}

/** What must be said of an acknowledgement that waits for the store's commit, as it does by default on PostgreSQL; else nothing. */
export function whenAnswered({ engine, settings }: Bench): string {
  const ack = settings.ACK ?? (engine === 'postgres' ? 'store' : 'journal')
  return ack === 'store' ? 'answered after the commit (ACK=store); ' : ''
}

/** Waits. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** How long each of so many took, in ms, one after the other. */
export async function timed(count: number, work: () => Promise<unknown>): Promise<number[]> {
  const took: number[] = []
  for (let i = 0; i < count; i++) {
    const start = performance.now()
    await work()
    took.push(performance.now() - start)
  }
  return took
}
