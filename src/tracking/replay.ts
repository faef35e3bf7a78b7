import { jsonOrText } from '../core/text.ts'
import type { Draft, Ingest, Replayer } from '../ingest/index.ts'
import { type Sender, draftOf, readCapture } from './capture.ts'

const NOBODY: Sender = { address: null, userAgent: null, agentSeen: false }

/** Takes refused captures in again, by the rules of now. One without an id of its own gets its letter's, so that it is stored once however often it is replayed. */
export async function replayCaptures(ingest: Ingest, letters: Parameters<Replayer>[0]): ReturnType<Replayer> {
  const drafts: Draft[] = []
  const results = letters.map(({ id, original, receivedAt }): Awaited<ReturnType<Replayer>>[number] => {
    const read = readCapture(jsonOrText(original), original)
    if ('errors' in read) return { ok: false, field: read.errors[0]?.field ?? 'body', error: read.errors[0]?.error ?? '' }
    drafts.push(draftOf(read.capture, NOBODY, receivedAt, `dead-letter:${id}`))
    return { ok: true }
  })
  if (drafts.length > 0) await ingest.record(drafts)
  return results
}
