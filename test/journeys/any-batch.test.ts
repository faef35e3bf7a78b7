import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BatchResults, type TestApp, testApp } from '../support/app.ts'
import { type SentBatch, type SentEvent, batches } from '../support/batches.ts'
import { onEveryEngine } from '../support/engines.ts'
import { seed } from '../support/seed.ts'
import { readStore } from '../support/store.ts'

const BATCHES = 10_000
/** Requests in flight. */
const CLIENTS = 64

onEveryEngine('any batch', (engine) => {
  let app: TestApp
  beforeAll(async () => {
    app = await testApp(engine)
  })
  afterAll(() => app.close())

  test(`of ${BATCHES} is answered as the contract says, and stored so, none lost and none doubled (SEED=${seed})`, async () => {
    const sent = fc.sample(batches, { seed, numRuns: BATCHES })
    const headers = { ...(await app.as('key')), 'content-type': 'application/json' }
    let next = 0
    let [successful, duplicates] = [0, 0]
    const client = async () => {
      for (let at = next++; at < sent.length; at = next++) {
        const batch = sent[at] as SentBatch
        const answer = await app.app.server.inject({ method: 'POST', url: '/api/tracking-ingest/batch', headers, payload: batch.body })
        const results = checked(batch, answer.statusCode, answer.json(), `SEED=${seed}, batch ${at}: ${batch.body.slice(0, 3_000)}\n${answer.body.slice(0, 1_000)}`)
        successful += results.successful
        duplicates += results.duplicates
      }
    }
    await Promise.all(Array.from({ length: CLIENTS }, client))
    await app.stop()

    const events = sent.flatMap((batch) => batch.events)
    const accepted = events.filter((event) => event.good)
    const stored = await readStore<{ session_id: string; event_id: string | null }>(app.store, 'select session_id, event_id from events')
    expect(breaches(accepted, stored)).toEqual([])
    expect({ successful, stored: stored.length }).toEqual({ successful: accepted.length, stored: successful - duplicates })

    const letters = await readStore<{ original: string }>(app.store, 'select original from dead_letters')
    expect(countsOf(letters.map(({ original }) => original))).toEqual(countsOf(events.filter((event) => !event.good).map((event) => event.text)))
  }, 300_000)
})

/** Checks an answer against what was sent, and gives its counts. */
function checked({ whole, events }: SentBatch, status: number, body: unknown, about: string): Pick<BatchResults, 'successful' | 'duplicates'> {
  if (!whole) {
    expect([about, status, body]).toMatchObject([about, 400, { success: false, error: expect.stringMatching(/^The body is not valid JSON|must be an array/) }])
    return { successful: 0, duplicates: 0 }
  }
  const failed = events.flatMap((event, index) => (event.good ? [] : [index]))
  const ids = events.flatMap((event) => (event.good && event.eventId !== null ? [event.eventId] : []))
  const { success, results } = body as { success: boolean; results: BatchResults }
  expect([about, status, success, results.errors.map(({ index }) => index)]).toEqual([about, failed.length === 0 ? 200 : failed.length < events.length ? 207 : 400, failed.length === 0, failed])
  expect([about, results.total, results.successful, results.failed]).toEqual([about, events.length, events.length - failed.length, failed.length])
  // Those that repeat one of this very batch are told for sure; the others may have come before in another.
  expect([about, results.duplicates >= ids.length - new Set(ids).size, results.duplicates <= ids.length]).toEqual([about, true, true])
  return results
}

/** What of the accepted events is missing, doubled or made up in the store. */
function breaches(accepted: readonly SentEvent[], stored: readonly { session_id: string; event_id: string | null }[]): string[] {
  const sent = new Map(accepted.map((event) => [event.session, event]))
  const found: string[] = []
  const sessions = new Set<string>()
  const ids = new Set<string>()
  for (const { session_id, event_id } of stored) {
    const event = sent.get(session_id)
    if (!event || event.eventId !== event_id) found.push(`never sent: ${session_id} ${event_id}`)
    if (sessions.has(session_id)) found.push(`twice: ${session_id}`)
    if (event_id !== null && ids.has(event_id)) found.push(`twice: ${event_id}`)
    sessions.add(session_id)
    if (event_id !== null) ids.add(event_id)
  }
  for (const { eventId, session } of accepted) {
    if (eventId === null ? !sessions.has(session ?? '') : !ids.has(eventId)) found.push(`lost: ${session} ${eventId}`)
  }
  return found
}

function countsOf(texts: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const text of [...texts].sort()) counts[text] = (counts[text] ?? 0) + 1
  return counts
}
