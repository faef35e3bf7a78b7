import type { Stage } from './stage.ts'

/** What the server says of a batch. */
export interface BatchAnswer {
  status: number
  retryAfter: string | null
  total: number
  successful: number
  duplicates: number
  failed: number
}

/** A batch of events with these ids, each once, of the stage's first link. */
export function eventsOf(stage: Stage, ids: readonly string[]): object[] {
  return ids.map((id) => ({ event_id: id, tracking_id: stage.clickLinks[0], click_source: 'website' }))
}

/** Sends a batch once. Rejects when no answer comes. */
export async function sendBatch(stage: Stage, events: readonly object[], port = stage.port): Promise<BatchAnswer> {
  const response = await fetch(`http://127.0.0.1:${port}/api/tracking-ingest/batch`, {
    method: 'POST',
    headers: { 'x-api-key': stage.key, 'content-type': 'application/json' },
    body: JSON.stringify({ events }),
  })
  const { results } = (await response.json()) as { results?: Omit<BatchAnswer, 'status' | 'retryAfter'> }
  const { total = 0, successful = 0, duplicates = 0, failed = 0 } = results ?? {}
  return { status: response.status, retryAfter: response.headers.get('retry-after'), total, successful, duplicates, failed }
}

/** How many events of a batch were told to be new. */
export function toldNew({ successful, duplicates }: BatchAnswer): number {
  return successful - duplicates
}
