import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { START, type TestApp, testApp } from '../support/app.ts'
import { onEveryEngine } from '../support/engines.ts'

interface SyncedLink {
  tracking_id: string
  destination_url: string
  link_function: string
  is_active: boolean
  expires_at: string | null
  created_at: string
  updated_at: string
}

onEveryEngine('a redirect domain that keeps its own copy', (engine) => {
  let app: TestApp
  beforeAll(async () => {
    app = await testApp(engine)
  })
  afterAll(() => app.close())

  const page = async (cursor: string, limit?: number) => {
    const { status, body } = await app.get(`/api/link-tracking/sync?${new URLSearchParams({ ...(cursor ? { cursor } : {}), ...(limit ? { limit: String(limit) } : {}) })}`)
    expect(status).toBe(200)
    return body as { links: SyncedLink[]; cursor: string }
  }
  const change = (id: string, body: object) => app.patch(`/api/link-tracking/links/${id}`, body)

  test('gets what was made and changed since, oldest change first, each link as it is now', async () => {
    for (const id of ['one', 'two', 'three']) await app.given.link({ tracking_id: id })
    const first = await page('')
    expect(first.links.map(({ tracking_id }) => tracking_id)).toEqual(['one', 'two', 'three'])
    expect(await page(first.cursor)).toEqual({ links: [], cursor: first.cursor })

    app.clock.at += 1_000
    await change('one', { original_url: 'https://bücher.example/' })
    await change('two', { is_active: false })
    await change('one', { expires_at: '2026-11-22T15:00:00Z' })
    const created_at = '2026-11-22T14:30:00.000Z'
    const updated_at = '2026-11-22T14:30:01.000Z'
    const second = await page(first.cursor)
    expect(second.links).toEqual([
      { tracking_id: 'two', destination_url: 'https://example.com/', link_function: 'Website', is_active: false, expires_at: null, created_at, updated_at },
      { tracking_id: 'one', destination_url: 'https://xn--bcher-kva.example/', link_function: 'Website', is_active: true, expires_at: '2026-11-22T15:00:00.000Z', created_at, updated_at },
    ])
    app.clock.at = Date.UTC(2026, 10, 22, 15)
    expect((await page(first.cursor)).links[1]).toMatchObject({ tracking_id: 'one', is_active: false })
    app.clock.at = START
  })

  test('misses nothing and ends with a true copy, whatever changes between the pages', async () => {
    const ids = Array.from({ length: 12 }, (_, at) => `copy-${at}`)
    const step = fc.oneof(
      fc.record({ kind: fc.constant('page' as const), limit: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ kind: fc.constant('change' as const), id: fc.constantFrom(...ids), to: fc.nat(99) }),
      fc.record({ kind: fc.constant('bulk' as const), count: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ kind: fc.constant('at once' as const), ids: fc.uniqueArray(fc.constantFrom(...ids), { minLength: 2, maxLength: 4 }), to: fc.nat(99) }),
    )
    const truth = new Map<string, string>()
    const copy = new Map<string, string>()
    let made = 0
    let cursor = (await page('')).cursor
    const make = async (wanted: string[]) => {
      await app.post('/api/link-tracking/links/bulk', { links: wanted.map((tracking_id) => ({ original_url: 'https://example.com/new', tracking_id })) })
      for (const id of wanted) truth.set(id, 'https://example.com/new')
    }
    const set = async (id: string, to: number) => {
      await change(id, { original_url: `https://example.com/${to}` })
      truth.set(id, `https://example.com/${to}`)
    }
    const take = async (limit?: number) => {
      const answer = await page(cursor, limit)
      for (const { tracking_id, destination_url } of answer.links) copy.set(tracking_id, destination_url)
      cursor = answer.cursor
      return answer.links.length
    }
    await make(ids)
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
        for (const one of steps) {
          if (one.kind === 'page') await take(one.limit)
          else if (one.kind === 'change') await set(one.id, one.to)
          else if (one.kind === 'bulk') await make(Array.from({ length: one.count }, () => `copy-new-${made++}`))
          else await Promise.all([take(2), ...one.ids.map((id) => set(id, one.to))])
        }
        while ((await take()) > 0);
        expect(Object.fromEntries(copy)).toEqual(Object.fromEntries(truth))
      }),
      { numRuns: 15 },
    )
  })

  if (engine.name === 'postgres') {
    test('misses nothing of what several nodes change at once', async () => {
      const other = await app.neighbour()
      let cursor = (await page('')).cursor
      const seen = new Set<string>()
      let writing = true
      const writers = Promise.all([app, other].flatMap((node, at) => Array.from({ length: 4 }, async (_, writer) => {
        for (let i = 0; i < 10; i++) await node.given.link({ tracking_id: `node-${at}-${writer}-${i}` })
      }))).then(() => (writing = false))
      do {
        const answer = await page(cursor, 3)
        for (const { tracking_id } of answer.links) seen.add(tracking_id)
        cursor = answer.cursor
      } while (writing)
      await writers
      for (let answer = await page(cursor); answer.links.length > 0; answer = await page(answer.cursor)) for (const { tracking_id } of answer.links) seen.add(tracking_id)
      expect(seen.size).toBe(80)
      await other.close()
    })
  }

  test.each(['cursor=', 'cursor=x', 'cursor=WyJhIiwxXQ', 'limit=0', 'limit=5001', 'limit=all'])('?%s is 400', async (query) => {
    const { status, body } = await app.get(`/api/link-tracking/sync?${query}`)
    expect([status, body]).toMatchObject([400, { success: false, errors: [{ field: query.split('=')[0] }] }])
  })
})
