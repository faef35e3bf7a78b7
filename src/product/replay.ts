import { jsonOrText } from '../core/text.ts'
import type { Draft, Ingest, Replayer } from '../ingest/index.ts'
import { readBatch } from './batch.ts'

const NOBODY = { address: null, userAgent: null, country: null }

/** Takes refused events in again, by the rules of now. One without an id of its own gets its letter's, so that it is stored once however often it is replayed. */
export async function replayEvents(ingest: Ingest, letters: Parameters<Replayer>[0]): ReturnType<Replayer> {
  const drafts: Draft[] = []
  const results = letters.map(({ id, original, project }): Awaited<ReturnType<Replayer>>[number] => {
    const read = readBatch(project, [jsonOrText(original)], NOBODY, () => `dead-letter:${id}`)
    const [error] = read.errors
    if (error) return { ok: false, field: error.field, error: error.error }
    drafts.push(...read.drafts)
    return { ok: true }
  })
  if (drafts.length > 0) await ingest.record(drafts)
  return results
}
