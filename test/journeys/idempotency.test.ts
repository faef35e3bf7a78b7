import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { privacyFor } from '../../src/capture/privacy.ts'
import { DAY_MS } from '../../src/core/time.ts'
import { Journal } from '../../src/ingest/journal.ts'
import { type PipelineWorld, encodeEvent, toEvent } from '../../src/ingest/pipeline.ts'
import { positionOf } from '../../src/ingest/store.ts'
import { readBatch } from '../../src/links/batch.ts'
import { type BatchResults, START, type TestApp, testApp } from '../support/app.ts'
import { until } from '../support/ask.ts'
import { type FreshStore, onEveryEngine } from '../support/engines.ts'
import { engineOn } from '../support/store.ts'

const BATCH = '/api/tracking-ingest/batch'
let numbers = 0
/** A name nobody has used. */
const fresh = (name: string) => `${name}-${++numbers}`

onEveryEngine('a client that repeats itself', (engine) => {
  let app: TestApp
  beforeAll(async () => {
    app = await testApp(engine)
  })
  afterAll(() => app.close())

  const clicksOf = async (trackingId: string) => {
    await app.post('/api/link-tracking/links', { original_url: 'https://example.com/', tracking_id: trackingId })
    return (await app.stats(trackingId)).clicks
  }
  const results = (total: number, duplicates: number): BatchResults => ({ total, successful: total, duplicates, unmatched: total, failed: 0, errors: [] })

  describe('by event_id', () => {
    test('inside one batch: stored once, and told which is the repeat', async () => {
      const [id, event_id] = [fresh('inside'), fresh('event')]
      expect(await app.given.clicks([{ tracking_id: id, event_id }, { tracking_id: id }, { tracking_id: id, event_id }, { tracking_id: id, event_id }])).toEqual(results(4, 2))
      expect(await clicksOf(id)).toBe(2)
    })

    test('across batches, the first one counts', async () => {
      const [id, event_id] = [fresh('across'), fresh('event')]
      expect(await app.given.clicks([{ tracking_id: id, event_id, click_source: 'first' }])).toEqual(results(1, 0))
      expect(await app.given.clicks([{ tracking_id: id, event_id, click_source: 'second' }, { tracking_id: id, event_id: `${event_id}x` }])).toEqual(results(2, 1))
      await clicksOf(id)
      expect((await app.stats(id)).by_click_source.map(({ click_source, clicks }) => [click_source, clicks])).toEqual([['first', 1], [null, 1]])
    })

    test('ten times at once', async () => {
      const [id, event_id] = [fresh('at-once'), fresh('event')]
      const answers = await Promise.all(Array.from({ length: 10 }, () => app.given.clicks([{ tracking_id: id, event_id }, { tracking_id: id, event_id: `${event_id}-b` }])))
      expect(answers.reduce((sum, { successful, duplicates }) => sum + successful - duplicates, 0)).toBe(2)
      expect(await clicksOf(id)).toBe(2)
    })

    test('one id with many spellings is many ids', async () => {
      const [id, event_id] = [fresh('spelling'), fresh('event')]
      expect(await app.given.clicks([event_id, event_id.toUpperCase(), ` ${event_id}`, `${event_id} `, `${event_id}\u0301`].map((one) => ({ tracking_id: id, event_id: one })))).toEqual(results(5, 0))
      expect(await clicksOf(id)).toBe(5)
    })

    test('after a restart on the same store', async () => {
      const [id, event_id] = [fresh('restart'), fresh('event')]
      await app.given.clicks([{ tracking_id: id, event_id }])
      await app.restart()
      expect(await app.given.clicks([{ tracking_id: id, event_id }])).toEqual(results(1, 1))
      await app.restart()
      // Later, when the ids of the window are known again without asking for each.
      await until('ids are recalled', async () => (await app.metric('waymark_duplicate_filter_bytes')) > 0)
      expect(await app.given.clicks([{ tracking_id: id, event_id }])).toEqual(results(1, 1))
      expect(await clicksOf(id)).toBe(1)
    })

    test('after a crash that left the first one in the journal', async () => {
      const [id, event_id] = [fresh('crash'), fresh('event')]
      await app.restart(() => leaveInJournal(app.store, { tracking_id: id, event_id }))
      await until('it is loaded', async () => (await clicksOf(id)) === 1)
      // The client never had its answer, so it asks again.
      await app.given.clicks([{ tracking_id: id, event_id }])
      expect(await clicksOf(id)).toBe(1)
    })

    test('within seven days, and not after', async () => {
      const [id, event_id] = [fresh('window'), fresh('event')]
      await app.given.clicks([{ tracking_id: id, event_id }])
      app.clock.at = START + 7 * DAY_MS
      expect(await app.given.clicks([{ tracking_id: id, event_id }])).toEqual(results(1, 1))
      app.clock.at = START + 7 * DAY_MS + 1
      expect(await app.given.clicks([{ tracking_id: id, event_id }])).toEqual(results(1, 0))
      expect(await app.given.clicks([{ tracking_id: id, event_id }])).toEqual(results(1, 1))
      app.clock.at = START
      expect(await clicksOf(id)).toBe(2)
    })

    if (engine.name === 'postgres') {
      test('on another node', async () => {
        const [id, event_id] = [fresh('nodes'), fresh('event')]
        const other = await app.neighbour()
        await app.given.clicks([{ tracking_id: id, event_id }])
        await other.given.clicks([{ tracking_id: id, event_id }])
        await Promise.all([app, other].flatMap((node) => Array.from({ length: 5 }, () => node.given.clicks([{ tracking_id: id, event_id: `${event_id}-b` }]))))
        expect(await clicksOf(id)).toBe(2)
        await other.close()
      })
    }
  })

  describe('by Idempotency-Key', () => {
    const batch = (key: string, events: object[]) => app.post(BATCH, { events }, { headers: { 'idempotency-key': key } })

    test('gets the first answer again, and nothing is stored twice', async () => {
      const [id, key] = [fresh('replayed'), fresh('key')]
      const events = [{ tracking_id: id }, { tracking_id: 'a b' }, { tracking_id: id }]
      const first = await batch(key, events)
      const second = await batch(key, events)
      expect([first.status, first.headers['idempotency-replayed']]).toEqual([207, undefined])
      expect([second.status, second.body, second.headers['idempotency-replayed'], second.headers['content-type']]).toEqual([207, first.body, 'true', expect.stringContaining('application/json')])
      expect(await clicksOf(id)).toBe(2)
      await app.restart()
      expect((await batch(key, events)).body).toEqual(first.body)
      expect(await clicksOf(id)).toBe(2)
    })

    test('with another body is 409, and nothing of it is stored', async () => {
      const [id, key] = [fresh('conflict'), fresh('key')]
      await batch(key, [{ tracking_id: id }])
      const { status, body } = await batch(key, [{ tracking_id: id }, { tracking_id: id }])
      expect([status, body]).toEqual([409, { success: false, error: 'This Idempotency-Key was used for another request. Take a new one.' }])
      expect(await clicksOf(id)).toBe(1)
    })

    test('ten times at once is one request', async () => {
      const [id, key] = [fresh('key-at-once'), fresh('key')]
      const answers = await Promise.all(Array.from({ length: 10 }, () => batch(key, [{ tracking_id: id }, { tracking_id: id }])))
      for (const { status, body } of answers) expect([status, body]).toEqual([200, { success: true, message: 'Stored 2 events', results: results(2, 0) }])
      expect(answers.filter(({ headers }) => headers['idempotency-replayed'] === 'true')).toHaveLength(9)
      expect(await clicksOf(id)).toBe(2)
    })

    test('makes one link, however often it is asked for one', async () => {
      const make = (key: string, url: string) => app.post('/api/link-tracking/links', { original_url: url }, { headers: { 'idempotency-key': key } })
      const key = fresh('key')
      const answers = await Promise.all(Array.from({ length: 10 }, () => make(key, 'https://example.com/once')))
      expect(new Set(answers.map(({ status, body }) => `${status} ${(body as { tracking_id: string }).tracking_id}`)).size).toBe(1)
      expect((await make(key, 'https://example.com/other')).status).toBe(409)
      const { body } = await app.get('/api/link-tracking/links?q=example.com/once')
      expect((body as { links: unknown[] }).links).toHaveLength(1)
      expect((await make(fresh('key'), 'https://example.com/once')).body).not.toEqual(answers[0]?.body)
    })

    test('belongs to its caller and its route', async () => {
      const key = fresh('key')
      const made = await app.post('/api/keys', { name: 'another' }, { as: 'admin' })
      const other = { 'x-api-key': (made.body as { key: string }).key, 'idempotency-key': key }
      await batch(key, [{ tracking_id: fresh('mine') }])
      expect((await app.post(BATCH, { events: [{ tracking_id: fresh('theirs') }] }, { headers: other })).status).toBe(200)
      expect((await app.post('/api/link-tracking/links', { original_url: 'https://example.com/' }, { headers: { 'idempotency-key': key } })).status).toBe(201)
    })

    test('of a request that failed may be used again', async () => {
      const key = fresh('key')
      expect((await batch(key, [])).status).toBe(400)
      expect((await batch(key, [{ tracking_id: fresh('mended') }])).status).toBe(200)
    })

    test('is forgotten after seven days, and then holds again', async () => {
      const [id, key] = [fresh('key-window'), fresh('key')]
      await batch(key, [{ tracking_id: id }])
      app.clock.at = START + 7 * DAY_MS + 1
      const again = await batch(key, [{ tracking_id: id }, { tracking_id: id }])
      expect([again.status, (again.body as { results: BatchResults }).results.duplicates]).toEqual([200, 0])
      const repeat = await batch(key, [{ tracking_id: id }, { tracking_id: id }])
      expect([repeat.body, repeat.headers['idempotency-replayed']]).toEqual([again.body, 'true'])
      app.clock.at = START
      expect(await clicksOf(id)).toBe(3)
    })

    test.each(['', 'x'.repeat(256), 'a\tb'])('%j is none', async (key) => {
      const { status, body } = await batch(key, [{ tracking_id: fresh('none') }])
      expect([status, body]).toEqual([400, { success: false, error: 'Idempotency-Key must be 1 to 255 printable characters.' }])
    })
  })
})

/** What a process leaves behind that is killed between the journal's flush and the store's commit. */
async function leaveInJournal(store: FreshStore, click: { tracking_id: string; event_id: string }): Promise<void> {
  const journal = await Journal.open(`${store.dataDir}/journal`, 1e9, () => undefined)
  const engine = await engineOn(store)
  journal.resume(await positionOf(engine, journal.id, START), START)
  await engine.close()
  const world: PipelineWorld = { ipStorage: 'none', privacy: () => privacyFor(Buffer.alloc(32)), country: () => null, onStep: () => undefined }
  const { drafts } = readBatch([click], START, () => undefined)
  await journal.append({ events: drafts.map((draft) => encodeEvent(toEvent(draft, START, world), false)), deadLetters: [], bytes: 100 })
  await journal.close()
}
