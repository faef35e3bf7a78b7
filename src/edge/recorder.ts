import { Fault } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import { iso } from '../core/time.ts'
import type { Draft, Ingest, Journal } from '../ingest/index.ts'
import type { EdgeMetrics } from './metrics.ts'

/** Records clicks in the edge's journal, in the words in which they will be reported: nothing of them is made up later. */
export function createRecorder(journal: Journal, metrics: EdgeMetrics, recordWaitMs: number): Pick<Ingest, 'recordSoon' | 'drop'> {
  const keep = async (text: string): Promise<void> => {
    try {
      await journal.append({ events: [text], deadLetters: [], bytes: text.length })
      metrics.click('recorded')
    } catch (error) {
      metrics.click(error instanceof Fault && error.cause === undefined ? 'journal_full' : 'journal_failed')
    }
  }
  return {
    /** Ends after the flush, or after `RECORD_WAIT_MS`; never throws. */
    recordSoon(draft) {
      const kept = keep(clickText(draft))
      return new Promise((resolve) => {
        const timer = setTimeout(() => {
          metrics.click('late')
          resolve()
        }, recordWaitMs)
        void kept.then(() => {
          clearTimeout(timer)
          return resolve()
        })
      })
    },
    drop: () => metrics.click('opted_out'),
  }
}

/** A click as `/api/tracking-ingest/batch` takes it. Its id is made here and now, so that it is stored once however often it is sent. */
export function clickText(draft: Draft): string {
  return JSON.stringify({
    event_id: newId(),
    tracking_id: draft.trackingId,
    clicked_at: iso(draft.ts as number),
    ip_address: draft.address,
    user_agent: draft.userAgent,
    referrer_url: draft.referrerUrl,
    click_source: draft.clickSource,
    purpose: draft.purpose?.slice(0, 100),
    metadata: JSON.parse(draft.properties ?? '{}') as object,
  })
}
