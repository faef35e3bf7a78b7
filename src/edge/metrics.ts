import type { Metrics } from '../http/metrics.ts'

const CLICKS = ['recorded', 'late', 'journal_full', 'journal_failed', 'opted_out'] as const
const EVENTS = ['stored', 'duplicate', 'refused'] as const
const BATCHES = ['taken', 'later', 'unfit'] as const

/** What the edge counts. */
export interface EdgeMetrics {
  click(outcome: (typeof CLICKS)[number]): void
  event(outcome: (typeof EVENTS)[number], count: number): void
  batch(outcome: (typeof BATCHES)[number]): void
  flushed(seconds: number): void
}

/** Registers the edge's instruments. `waiting`, `links` and `reached` are measured when they are read. */
export function createEdgeMetrics(metrics: Metrics, now: { waitingBytes: () => number; waitingSeconds: () => number; links: () => number; reached: () => boolean }): EdgeMetrics {
  const clicks = metrics.counter('waymark_edge_clicks_total', 'Clicks that were redirected, by what became of their record', ['outcome'])
  const events = metrics.counter('waymark_edge_events_total', 'Clicks sent to the origin, by what it said of them', ['outcome'])
  const batches = metrics.counter('waymark_edge_batches_total', 'Batches sent to the origin, by what it said', ['outcome'])
  const flushes = metrics.histogram('waymark_edge_flush_seconds', 'Duration of one flush of the edge’s journal', [])
  for (const outcome of CLICKS) clicks.inc({ outcome }, 0)
  for (const outcome of EVENTS) events.inc({ outcome }, 0)
  for (const outcome of BATCHES) batches.inc({ outcome }, 0)
  metrics.gauge('waymark_edge_waiting_bytes', 'Clicks that wait to be sent', now.waitingBytes)
  metrics.gauge('waymark_edge_waiting_seconds', 'How long the oldest click has waited to be sent', now.waitingSeconds)
  metrics.gauge('waymark_edge_links', 'Links in the edge’s copy', now.links)
  metrics.gauge('waymark_edge_origin_up', 'Whether the origin answered the last question for changed links', () => (now.reached() ? 1 : 0))
  return {
    click: (outcome) => clicks.inc({ outcome }),
    event: (outcome, count) => events.inc({ outcome }, count),
    batch: (outcome) => batches.inc({ outcome }),
    flushed: (seconds) => flushes.observe(seconds),
  }
}
