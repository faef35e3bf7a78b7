import type { Metrics } from '../http/metrics.ts'
import type { Family } from './event.ts'
import type { Journal } from './journal.ts'
import type { DropReason, StepName } from './pipeline.ts'
import type { Tally } from './tally.ts'

const FAMILIES: readonly Family[] = ['links', 'tracking', 'email', 'product']
const GROUP_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000]

/** What the pipeline counts and times. */
export interface IngestMetrics {
  captured(family: Family, count: number): void
  dropped(family: Family, reason: DropReason, count: number): void
  unrecorded(family: Family, reason: 'journal_full' | 'journal_failed'): void
  late(family: Family): void
  step(name: StepName, seconds: number): void
  flushed(seconds: number, events: number): void
  /** A load was committed; its oldest record had waited for so many seconds. */
  loaded(load: { seconds: number; events: number; duplicates: number; waited: number }): void
  watch(journal: Journal, away: () => boolean, filterBytes: () => number): void
}

/** Registers the pipeline's instruments. What was captured or dropped is told the log, too. */
export function createIngestMetrics(metrics: Metrics, tally: Tally): IngestMetrics {
  const events = metrics.counter('waymark_events_total', 'Events captured, by family', ['family'])
  const dropped = metrics.counter('waymark_events_dropped_total', 'Events refused or found duplicate, by family and reason', ['family', 'reason'])
  const unrecorded = metrics.counter('waymark_events_unrecorded_total', 'Redirects answered whose click could not be recorded', ['family', 'reason'])
  // There from the start: a rate sees nothing where a counter begins at its first event.
  for (const family of FAMILIES) {
    events.inc({ family }, 0)
    for (const reason of ['journal_full', 'journal_failed'] as const) unrecorded.inc({ family, reason }, 0)
  }
  const late = metrics.counter('waymark_events_late_total', 'Redirects answered before their click was flushed', ['family'])
  const step = metrics.histogram('waymark_pipeline_step_seconds', 'Duration of one step for one event, sampled', ['step'])
  const flush = metrics.histogram('waymark_journal_flush_seconds', 'Duration of one journal flush', [])
  const group = metrics.histogram('waymark_journal_group_events', 'Events made durable by one journal flush', [], GROUP_BUCKETS)
  const commit = metrics.histogram('waymark_store_commit_seconds', 'Duration of one load from journal to store', [])
  const loaded = metrics.counter('waymark_loader_events_total', 'Events moved from the journal into the store', [])
  const repeated = metrics.counter('waymark_loader_duplicates_total', 'Events found duplicate only when they were loaded', [])
  const delay = metrics.histogram('waymark_loader_delay_seconds', 'From the flush of the oldest record of a load to its commit', [])
  return {
    captured(family, count) {
      events.inc({ family }, count)
      tally.captured(family, count)
    },
    dropped(family, reason, count) {
      dropped.inc({ family, reason }, count)
      tally.dropped(family, reason, count)
    },
    unrecorded(family, reason) {
      unrecorded.inc({ family, reason })
      tally.dropped(family, reason, 1)
    },
    late: (family) => late.inc({ family }),
    step: (name, seconds) => step.observe({ step: name }, seconds),
    flushed(seconds, count) {
      flush.observe(seconds)
      group.observe(count)
    },
    loaded({ seconds, events: count, duplicates, waited }) {
      commit.observe(seconds)
      loaded.inc(count)
      repeated.inc(duplicates)
      delay.observe(waited)
    },
    watch(journal, away, filterBytes) {
      metrics.gauge('waymark_journal_records', 'Records that wait for the store', () => journal.depth.records)
      metrics.gauge('waymark_journal_bytes', 'Bytes that wait for the store', () => journal.depth.bytes)
      metrics.gauge('waymark_journal_max_bytes', 'Bytes that may wait before writes are turned away', () => journal.maxBytes)
      metrics.gauge('waymark_loader_lag_seconds', 'Age of the oldest record that waits for the store', () => {
        const { oldestAt } = journal.depth
        return oldestAt === null ? 0 : (Date.now() - oldestAt) / 1000
      })
      metrics.gauge('waymark_store_away', '1 while the store does not take events', () => (away() ? 1 : 0))
      metrics.gauge('waymark_duplicate_filter_bytes', 'Memory of the duplicate filter', filterBytes)
    },
  }
}
