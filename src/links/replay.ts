import { jsonOrText } from '../core/text.ts'
import type { Ingest, Replayer } from '../ingest/index.ts'
import { matchLinks, readBatch } from './batch.ts'
import type { LinkDirectory } from './directory.ts'

/** Takes refused clicks in again, by the rules of now. A click without an id of its own gets its letter's, so that it is stored once however often it is replayed. */
export async function replayClicks(
  world: { directory: LinkDirectory; ingest: Ingest; unknownLinks: 'store' | 'reject'; now: () => number },
  letters: Parameters<Replayer>[0],
): ReturnType<Replayer> {
  const events = letters.map(({ original }) => jsonOrText(original))
  const arrivedAt = letters.map((letter) => letter.receivedAt)
  const batch = readBatch(events, world.now(), (index) => `dead-letter:${letters[index]?.id}`)
  const links = await world.directory.lookAll(batch.drafts.map((draft) => draft.trackingId as string))
  matchLinks(batch.drafts, links)
  const results: Awaited<ReturnType<Replayer>> = letters.map(() => ({ ok: true }))
  for (const { index, field, error } of batch.errors) results[index] = { ok: false, field, error }
  const taken = batch.drafts.filter((draft, at) => {
    const index = batch.indexes[at] as number
    if (world.unknownLinks === 'reject' && !links.has(draft.trackingId as string)) {
      results[index] = { ok: false, field: 'tracking_id', error: 'no link has this id' }
      return false
    }
    // A click without a time of its own happened when it first came.
    const event = events[index] as { clicked_at?: string | null }
    if (!event.clicked_at) draft.ts = arrivedAt[index] as number
    return true
  })
  if (taken.length > 0) await world.ingest.record(taken)
  return results
}
