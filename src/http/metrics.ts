import { type Durations, createDurations } from './durations.ts'
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

/** Seconds, from a flush to a slow report. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Makes the server's instruments; all of them are read at `/metrics` in the Prometheus text format. */
export interface Metrics {
  counter<L extends string>(name: string, help: string, labels: readonly L[]): Counter<L>
  /** A histogram of seconds, unless it has buckets of its own. */
  histogram<L extends string>(name: string, help: string, labels: readonly L[], buckets?: readonly number[]): Histogram<L>
  /** A histogram of seconds for the hot path, where looking up labels would cost more than the measure. */
  durations(name: string, help: string, labels: readonly string[]): Durations
  /** A gauge that is measured whenever it is read. */
  gauge(name: string, help: string, measure: () => number): void
  /** The same for several things of a kind, each measure under its value of a label. */
  gauges(name: string, help: string, label: string, measure: () => readonly (readonly [string, number])[]): void
  text(): Promise<string>
  readonly contentType: string
}

/** A fresh set of instruments, with the process's own figures in it. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return {
    counter: (name, help, labelNames) => new Counter({ name, help, labelNames, registers: [registry] }),
    histogram: (name, help, labelNames, buckets = BUCKETS) => new Histogram({ name, help, labelNames, buckets: [...buckets], registers: [registry] }),
    durations(name, help, labels) {
      const durations = createDurations(name, help, labels, BUCKETS)
      // The registry asks of a metric only its name and `get`.
      registry.registerMetric(durations as unknown as Histogram)
      return durations
    },
    gauge(name, help, measure) {
      new Gauge({
        name,
        help,
        registers: [registry],
        collect() {
          this.set(measure())
        },
      })
    },
    gauges(name, help, label, measure) {
      new Gauge({
        name,
        help,
        labelNames: [label],
        registers: [registry],
        collect() {
          this.reset()
          for (const [value, number] of measure()) this.set({ [label]: value }, number)
        },
      })
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}
