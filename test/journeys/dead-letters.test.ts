import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../support/app.ts'
import { onEveryEngine } from '../support/engines.ts'

const BATCH = '/api/tracking-ingest/batch'
const UUID = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/)

interface Letter {
  id: string
  original: string
  reason: string
  replayed_at: string | null
}

onEveryEngine('the dead letters', (engine) => {
  let app: TestApp
  beforeAll(async () => {
    app = await testApp(engine)
  })
  afterAll(() => app.close())

  const send = (body: string) => app.post(BATCH, body, { headers: { 'content-type': 'application/json' } })
  const letters = async (query = '') => (await app.get(`/api/dead-letters${query}`, { as: 'admin' })).body as { dead_letters: Letter[]; cursor: string | null }
  const replay = async (body: object) => {
    const { status, body: answer } = await app.post('/api/dead-letters/replay', body, { as: 'admin' })
    return [status, answer]
  }
  /** Makes a letter of one bad event, and gives it. */
  const lettered = async (original: string): Promise<Letter> => {
    await send(`{"events":[${original}]}`)
    return (await letters('?limit=1')).dead_letters[0] as Letter
  }
  const clicksOf = async (trackingId: string) => {
    await app.post('/api/link-tracking/links', { original_url: 'https://example.com/', tracking_id: trackingId })
    return (await app.stats(trackingId)).clicks
  }

  test('keep what was refused, letter by letter as it was sent, newest first', async () => {
    const odd = [
      '{  "tracking_id" :"a b","clicked_at":\n\t"2026-11-22T14:30:00Z" }',
      '{"tracking_id":"dup","tracking_id":"a\\u0020b"}',
      '{"tracking_id": "x", "ip_address": "nowhere", "note": "ünï\\u0063ode 🙂 \\"quoted\\" , ] }"}',
      '[1.50, 1e3, -0]',
      'null',
    ]
    await send(` { "other": [{"tracking_id": "x"}] , "events" : [\n${odd.join(' ,\r\n')} ] }`)
    const { dead_letters, cursor } = await letters()
    expect([cursor, dead_letters.map(({ original }) => original)]).toEqual([null, [...odd].reverse()])
    expect(dead_letters[2]).toEqual({
      id: UUID,
      family: 'links',
      project: 'links',
      reason: 'invalid',
      field: 'ip_address',
      error: 'must be an IPv4 or IPv6 address',
      original: odd[2],
      received_at: '2026-11-22T14:30:00.000Z',
      replayed_at: null,
    })
  })

  test('of a batch that was all bad are kept too', async () => {
    const letter = await lettered('{"tracking_id": ""}')
    expect(letter).toMatchObject({ original: '{"tracking_id": ""}', error: 'must match ^[A-Za-z0-9_-]{1,100}$' })
  })

  test('a replay takes in what has become good, once, with the time at which it came', async () => {
    const reject = await testApp(engine, { env: { UNKNOWN_LINKS: 'reject' } })
    const sent = await reject.post(BATCH, { events: [{ tracking_id: 'not-yet', clicked_at: '' }, { tracking_id: 'not-yet', clicked_at: '2026-11-01' }] })
    expect([sent.status, sent.body]).toEqual([
      400,
      {
        success: false,
        error: 'No valid event. tracking_id: no link has this id',
        message: 'No valid event',
        results: { total: 2, successful: 0, duplicates: 0, unmatched: 0, failed: 2, errors: [0, 1].map((index) => ({ index, tracking_id: 'not-yet', field: 'tracking_id', error: 'no link has this id' })) },
      },
    ])
    const waiting = ((await reject.get('/api/dead-letters?reason=unknown_link', { as: 'admin' })).body as { dead_letters: Letter[] }).dead_letters
    expect(waiting.map(({ reason }) => reason)).toEqual(['unknown_link', 'unknown_link'])

    const [older, newer] = waiting.map(({ id }) => id).reverse()
    const again = () => reject.post('/api/dead-letters/replay', {}, { as: 'admin' })
    expect((await again()).body).toEqual({
      success: true,
      total: 2,
      replayed: 0,
      still_refused: 2,
      cursor: null,
      results: [older, newer].map((id) => ({ id, success: false, field: 'tracking_id', error: 'no link has this id' })),
    })
    reject.clock.at += 86_400_000
    await reject.given.link({ tracking_id: 'not-yet' })
    expect((await again()).body).toEqual({ success: true, total: 2, replayed: 2, still_refused: 0, cursor: null, results: [older, newer].map((id) => ({ id, success: true })) })
    expect((await again()).body).toEqual({ success: true, total: 0, replayed: 0, still_refused: 0, cursor: null, results: [] })
    const { clicks, by_day } = await reject.stats('not-yet')
    expect([clicks, by_day.filter((day) => day.clicks > 0).map(({ date }) => date)]).toEqual([2, ['2026-11-01', '2026-11-22']])
    await reject.close()
  })

  describe('corrected', () => {
    test('are taken in as corrected, and stay as they were sent', async () => {
      const letter = await lettered('{"tracking_id": "mended id", "click_source": "test"}')
      expect(await replay({ ids: [letter.id] })).toEqual([
        200,
        { success: true, total: 1, replayed: 0, still_refused: 1, cursor: null, results: [{ id: letter.id, success: false, field: 'tracking_id', error: 'must match ^[A-Za-z0-9_-]{1,100}$' }] },
      ])
      expect(await replay({ ids: [letter.id], corrected: { [letter.id]: '{"tracking_id": "mended-id", "click_source": "test"}' } })).toEqual([
        200,
        { success: true, total: 1, replayed: 1, still_refused: 0, cursor: null, results: [{ id: letter.id, success: true }] },
      ])
      expect(await clicksOf('mended-id')).toBe(1)
      expect((await letters('?replayed=true')).dead_letters.find(({ id }) => id === letter.id)).toEqual({ ...letter, replayed_at: '2026-11-22T14:30:00.000Z' })
      expect((await letters('?replayed=false')).dead_letters.map(({ id }) => id)).not.toContain(letter.id)
    })

    test('ten times at once and once more, each is stored once', async () => {
      const [one, other] = [await lettered('{"tracking_id": "many times"}'), await lettered('{"tracking_id": "many times", "event_id": ""}')]
      const corrected = { [one.id]: '{"tracking_id": "many-times"}', [other.id]: '{"tracking_id": "many-times", "event_id": "many-times"}' }
      await Promise.all(Array.from({ length: 10 }, () => replay({ ids: [one.id, other.id], corrected })))
      await replay({ ids: [one.id, other.id], corrected })
      await app.given.clicks([{ tracking_id: 'many-times', event_id: 'many-times' }])
      expect(await clicksOf('many-times')).toBe(2)
    })

    test('with what is no JSON, are still refused', async () => {
      const letter = await lettered('{"tracking_id": "no json"}')
      for (const text of ['{', '', 'tracking_id=x']) expect(await replay({ ids: [letter.id], corrected: { [letter.id]: text } })).toMatchObject([200, { replayed: 0, still_refused: 1 }])
      expect((await letters('?limit=1')).dead_letters[0]).toEqual(letter)
    })
  })

  test('are read page by page, each once', async () => {
    const all = (await letters('?limit=1000')).dead_letters.map(({ id }) => id)
    const paged: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await letters(`?limit=3${cursor ? `&cursor=${cursor}` : ''}`)
      paged.push(...page.dead_letters.map(({ id }) => id))
      cursor = page.cursor
    }
    expect(paged).toEqual(all)
    expect(all.length).toBeGreaterThan(6)
    expect(all).toEqual([...all].sort().reverse())
  })

  test.each([
    ['?limit=0', 'limit'],
    ['?limit=1001', 'limit'],
    ['?limit=x', 'limit'],
    ['?replayed=maybe', 'replayed'],
  ])('%s is 400', async (query, field) => {
    const { status, body } = await app.get(`/api/dead-letters${query}`, { as: 'admin' })
    expect([status, body]).toMatchObject([400, { success: false, errors: [{ field }] }])
  })

  test.each([[{ ids: [] }, 'ids'], [{ ids: 'all' }, 'ids'], [{ ids: [7] }, 'ids.0'], [{ corrected: [] }, 'corrected']])('a replay of %j is 400', async (body, field) => {
    expect(await replay(body)).toMatchObject([400, { success: false, errors: [{ field }] }])
  })

  test('are the admin’s alone', async () => {
    await app.given.clicks(['x'])
    for (const as of ['nobody', 'key'] as const) {
      expect((await app.get('/api/dead-letters', { as })).status).toBe(as === 'key' ? 403 : 401)
      expect((await app.post('/api/dead-letters/replay', {}, { as })).status).toBe(as === 'key' ? 403 : 401)
    }
  })

  test('keep what was refused of a body that begins with a byte order mark', async () => {
    const bad = '{"tracking_id": "a b"}'
    expect(await send(`\ufeff{"events":[{"tracking_id":"marked"},${bad}]}`)).toMatchObject({ status: 207, body: { results: { successful: 1, failed: 1 } } })
    expect((await letters('?limit=1')).dead_letters[0]).toMatchObject({ original: bad })
    expect(await clicksOf('marked')).toBe(1)
  })
})
