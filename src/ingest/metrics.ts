import type { Metrics } from '../http/metrics.ts'
import type { Family } from './event.ts'
import type { Journal } from './journal.ts'
import type { DropReason, StepName } from './pipeline.ts'

/** What the pipeline counts and times. */
export interface IngestMetrics {
  captured(family: Family, count: number): void
  dropped(family: Family, reason: DropReason, count: number): void
  unrecorded(family: Family, reason: 'journal_full' | 'journal_failed'): void
  late(family: Family): void
  step(name: StepName, seconds: number): void
  flushed(seconds: number, events: number): void
  loaded(seconds: number, events: number): void
  watch(journal: Journal, away: () => boolean, filterBytes: () => number): void
}

/** Registers the pipeline's instruments. */
export function createIngestMetrics(metrics: Metrics): IngestMetrics {
  const events = metrics.counter('waymark_events_total', 'Events captured, by family', ['family'])
  const dropped = metrics.counter('waymark_events_dropped_total', 'Events refused or found duplicate, by family and reason', ['family', 'reason'])
  const unrecorded = metrics.counter('waymark_events_unrecorded_total', 'Redirects answered whose click could not be recorded', ['family', 'reason'])
  const late = metrics.counter('waymark_events_late_total', 'Redirects answered before their click was flushed', ['family'])
  const step = metrics.histogram('waymark_pipeline_step_seconds', 'Duration of one step for one event, sampled', ['step'])
  const flush = metrics.histogram('waymark_journal_flush_seconds', 'Duration of one journal flush', [])
  const group = metrics.counter('waymark_journal_flushed_events_total', 'Events made durable in the journal', [])
  const commit = metrics.histogram('waymark_store_commit_seconds', 'Duration of one load from journal to store', [])
  const loaded = metrics.counter('waymark_loader_events_total', 'Events moved from the journal into the store', [])
  return {
    captured: (family, count) => events.inc({ family }, count),
    dropped: (family, reason, count) => dropped.inc({ family, reason }, count),
    unrecorded: (family, reason) => unrecorded.inc({ family, reason }),
    late: (family) => late.inc({ family }),
    step: (name, seconds) => step.observe({ step: name }, seconds),
    flushed(seconds, count) {
      flush.observe(seconds)
      group.inc(count)
    },
    loaded(seconds, count) {
      commit.observe(seconds)
      loaded.inc(count)
    },
    watch(journal, away, filterBytes) {
      metrics.gauge('waymark_journal_records', 'Records that wait for the store', () => journal.depth.records)
      metrics.gauge('waymark_journal_bytes', 'Bytes that wait for the store', () => journal.depth.bytes)
      metrics.gauge('waymark_loader_lag_seconds', 'Age of the oldest record that waits for the store', () => {
        const { oldestAt } = journal.depth
        return oldestAt === null ? 0 : (Date.now() - oldestAt) / 1000
      })
      metrics.gauge('waymark_store_away', '1 while the store does not take events', () => (away() ? 1 : 0))
      metrics.gauge('waymark_duplicate_filter_bytes', 'Memory of the duplicate filter', filterBytes)
    },
  }
}
