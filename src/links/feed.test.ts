import { afterAll, beforeAll, expect, test } from 'vitest'
import { onEveryEngine } from '../../test/support/engines.ts'
import { type TestStore, openStore } from '../../test/support/store.ts'
import { type LinkNews, createLinkFeed } from './feed.ts'
import { insertLinks, updateLink } from './store.ts'

onEveryEngine('the feed of changes to links', (engine) => {
  let store: TestStore
  beforeAll(async () => {
    store = await openStore(engine)
  })
  afterAll(() => store.close())

  const feed = () => createLinkFeed(store.sql, () => 0)
  const make = (...ids: string[]) =>
    insertLinks(store.sql, ids.map((id) => ({
      tracking_id: id, job_id: null, application_id: null, link_function: 'Website', link_type: null, original_url: 'https://example.com/', redirect_url: '', description: null, campaign: null,
      partner: null, is_active: true, expires_at: null, metadata: '{"a":1}', created_at: 0, updated_at: 0,
    })))
  const change = (id: string) => updateLink(store.sql, id, { is_active: false }, 1)
  const told = (links: LinkNews[]) => links.map(({ trackingId, made, changed }) => `${trackingId}${made ? ' made' : ''}${changed ? ' changed' : ''}`)
  /** Reads to the end, and deals with all of it. */
  const all = async (follower: string) => {
    const links: LinkNews[] = []
    for (;;) {
      const piece = await feed().read(follower)
      links.push(...piece.links)
      await store.sql.write([feed().passed(follower, piece)])
      if (piece.end) return links
    }
  }

  test('begins behind what there is, and tells of what was made and changed since, again until it is dealt with', async () => {
    await make('before')
    expect(told((await feed().read('a')).links)).toEqual([])
    await make('b', 'a')
    await change('before')
    expect(told((await feed().read('a')).links)).toEqual(['a made', 'b made', 'before changed'])
    expect(told(await all('a'))).toEqual(['a made', 'b made', 'before changed'])
    expect(told(await all('a'))).toEqual([])
  })

  test('a link that was changed before anybody looked is told as made, too; several changes are one', async () => {
    await all('b')
    await make('c')
    await change('c')
    await change('c')
    await change('a')
    expect(told(await all('b'))).toEqual(['c made changed', 'a changed'])
  })

  test('of thousands that were made at once each is told once, page by page', async () => {
    await all('c')
    const ids = Array.from({ length: 3_500 }, (_, at) => `many-${at}`)
    for (let from = 0; from < ids.length; from += 1_000) await make(...ids.slice(from, from + 1_000))
    expect((await feed().read('c')).end).toBe(false)
    const found = (await all('c')).map(({ trackingId }) => trackingId)
    expect([found.length, new Set(found)]).toEqual([3_500, new Set(ids)])
  })

  test('gives links as they are now', async () => {
    expect((await feed().at(['c', 'nobody'])).map(({ tracking_id, is_active, metadata }) => [tracking_id, is_active, metadata])).toEqual([['c', false, { a: 1 }]])
  })
})
