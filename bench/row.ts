import type { Figure } from './figure.ts'
import type { EngineName } from './stores.ts'

/** One row of the figures to reach: what it is called, and how it is measured. */
export interface Row {
  name: string
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
