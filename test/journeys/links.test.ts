import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LinkAnswer, START, type TestApp, testApp } from '../support/app.ts'
import { onEveryEngine } from '../support/engines.ts'
import { readPng } from '../support/png.ts'

const LINKS = '/api/link-tracking/links'

onEveryEngine('links', (engine) => {
  let app: TestApp
  beforeAll(async () => {
    app = await testApp(engine, { env: { BASE_REDIRECT_URL: 'https://go.example.com' } })
  })
  afterAll(() => app.close())

  const list = async (query: string) => (await app.get(`${LINKS}?${query}`)).body as { links: LinkAnswer[]; cursor: string | null }
  const ids = (links: LinkAnswer[]) => links.map(({ tracking_id }) => tracking_id)

  describe('one by one', () => {
    test('a link is made, read and changed; what is not named stays', async () => {
      const all = {
        tracking_id: 'a_Link-1',
        original_url: 'https://example.com/cv.pdf',
        link_function: 'Resume',
        link_type: 'document',
        job_id: 'job 1',
        application_id: 'application 1',
        description: 'Ünï 🙂 "quoted" \\ ',
        campaign: 'fall-2025',
        partner: 'partner_1',
        metadata: { a: [1, { b: null }] },
      }
      const made = await app.given.link({ ...all, expires_at: '2027-01-01T00:00:00+01:00', unknown: 'kept out', is_active: false, created_at: '2000-01-01' })
      const link = {
        ...all,
        redirect_url: 'https://go.example.com/link?uuid=a_Link-1',
        is_active: true,
        created_at: '2026-11-22T14:30:00.000Z',
        updated_at: '2026-11-22T14:30:00.000Z',
        expires_at: '2026-12-31T23:00:00.000Z',
      }
      expect(made).toEqual(link)
      app.clock.at += 5_000
      const changed = { ...link, description: null, is_active: false, updated_at: '2026-11-22T14:30:05.000Z' }
      expect(await app.patch(`${LINKS}/a_Link-1`, { description: null, is_active: false, link_function: 'LinkedIn', job_id: 'other' })).toMatchObject({ status: 200, body: changed })
      app.clock.at += 5_000
      expect((await app.patch(`${LINKS}/a_Link-1`, {})).body).toEqual(changed)
      expect((await app.get(`${LINKS}/a_Link-1`)).body).toEqual(changed)
      app.clock.at = START
    })

    test('an id that is taken is 409, also in bulk and at once', async () => {
      await app.given.link({ tracking_id: 'taken' })
      const taken = await app.post(LINKS, { original_url: 'https://example.org/', tracking_id: 'taken' })
      expect([taken.status, taken.body]).toEqual([409, { success: false, error: 'tracking_id is taken.', errors: [{ field: 'tracking_id', error: 'is taken' }] }])
      expect((await app.get(`${LINKS}/taken`)).body).toMatchObject({ original_url: 'https://example.com/' })

      const answers = await Promise.all(Array.from({ length: 10 }, () => app.post(LINKS, { original_url: 'https://example.org/', tracking_id: 'race' })))
      expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(9).fill(409)])
    })

    test('ids differ by upper and lower case, and a made one is 22 random letters and digits', async () => {
      await app.given.link({ tracking_id: 'Case' })
      expect((await app.post(LINKS, { original_url: 'https://example.org/', tracking_id: 'case' })).status).toBe(201)
      const made = await Promise.all(Array.from({ length: 50 }, () => app.given.link()))
      for (const id of ids(made)) expect(id).toMatch(/^[0-9A-Za-z]{22,}$/)
      expect(new Set(ids(made)).size).toBe(50)
    })

    test.each(['', '/stats', '/qr'])('GET of one that is not there is 404 (%s)', async (path) => {
      const { status, body } = await app.get(`${LINKS}/nobody${path}`)
      expect([status, body]).toEqual([404, { success: false, error: 'Tracking ID not found' }])
    })

    test('PATCH of one that is not there is 404, and of a bad destination 400', async () => {
      const missing = await app.patch(`${LINKS}/nobody`, { is_active: false })
      expect([missing.status, missing.body]).toEqual([404, { success: false, error: 'Tracking ID not found' }])
      await app.given.link({ tracking_id: 'patched' })
      for (const [change, field] of [
        [{ original_url: 'javascript:alert(1)' }, 'original_url'],
        [{ original_url: null }, 'original_url'],
        [{ is_active: 'no' }, 'is_active'],
        [{ is_active: null }, 'is_active'],
        [{ expires_at: 'never' }, 'expires_at'],
        [{ description: 'x'.repeat(1_001) }, 'description'],
      ] as const) {
        const { status, body } = await app.patch(`${LINKS}/patched`, change)
        expect([status, body]).toMatchObject([400, { success: false, errors: [{ field }] }])
      }
      expect((await app.get(`${LINKS}/patched`)).body).toMatchObject({ original_url: 'https://example.com/', is_active: true, expires_at: null })
    })
  })

  describe('in bulk', () => {
    test('each stands or falls alone', async () => {
      await app.given.link({ tracking_id: 'bulk-taken' })
      const good = { original_url: 'https://example.com/', link_function: 'GitHub' }
      const { status, body } = await app.post(`${LINKS}/bulk`, {
        links: [
          { ...good, tracking_id: 'bulk-1' },
          { ...good, original_url: 'ftp://example.com/' },
          null,
          { ...good, tracking_id: 'bulk-1' },
          { ...good, tracking_id: 'bulk-taken' },
          { ...good, tracking_id: 'a b' },
          { ...good, expires_at: 'soon' },
          { ...good, metadata: { a: 'x'.repeat(33 * 1024) } },
          good,
        ],
      })
      const bad = (index: number, field: string, error: string) => ({ index, success: false, field, error })
      expect([status, body]).toEqual([
        207,
        {
          success: false,
          total: 9,
          successful: 2,
          failed: 7,
          results: [
            { index: 0, success: true, link: expect.objectContaining({ tracking_id: 'bulk-1', redirect_url: 'https://go.example.com/github?uuid=bulk-1' }) },
            bad(1, 'original_url', 'must be an http or https URL of at most 1000 characters, without user info'),
            bad(2, expect.any(String) as unknown as string, 'must be an object'),
            bad(3, 'tracking_id', 'is taken'),
            bad(4, 'tracking_id', 'is taken'),
            bad(5, 'tracking_id', 'must match ^[A-Za-z0-9_-]{1,100}$'),
            bad(6, 'expires_at', 'must be an ISO 8601 time, such as 2026-11-22T14:30:00Z'),
            bad(7, 'metadata', 'must be at most 32 KiB'),
            { index: 8, success: true, link: expect.objectContaining({ link_function: 'GitHub' }) },
          ],
        },
      ])
      for (const id of ['bulk-1', 'bulk-taken']) expect((await app.click(`/link?uuid=${id}`)).status).toBe(302)
    })

    test('a thousand at once, all of which work', async () => {
      const { status, body } = await app.post(`${LINKS}/bulk`, { links: Array.from({ length: 1_000 }, (_, at) => ({ original_url: `https://example.com/thousand/${at}` })) })
      const { results, ...counts } = body as { results: { index: number; link: LinkAnswer }[] }
      expect([status, counts]).toEqual([201, { success: true, total: 1_000, successful: 1_000, failed: 0 }])
      expect(results.map(({ index, link }) => link.original_url === `https://example.com/thousand/${index}`)).not.toContain(false)
      expect((await app.click(`/website?uuid=${results[999]?.link.tracking_id}`)).headers.location).toBe('https://example.com/thousand/999')
    })

    test('all bad is 400; none, too many and no list are refused whole', async () => {
      const all = await app.post(`${LINKS}/bulk`, { links: [{ original_url: 'x' }] })
      expect([all.status, all.body]).toEqual([
        400,
        { success: false, total: 1, successful: 0, failed: 1, results: [{ index: 0, success: false, field: 'original_url', error: expect.stringMatching(/^must be an http or https URL/) }] },
      ])
      for (const links of [[], 'x', null]) {
        expect(await app.post(`${LINKS}/bulk`, { links })).toMatchObject({ status: 400, body: { success: false, error: expect.stringContaining('links') } })
      }
      const tooMany = Array.from({ length: 1_001 }, () => ({ original_url: 'https://example.com/' }))
      expect(await app.post(`${LINKS}/bulk`, { links: tooMany })).toMatchObject({
        status: 413,
        body: { success: false, error: 'At most 1000 links can be made at once; these are 1001.' },
      })
    })
  })

  describe('listed', () => {
    test('newest first, page by page, each once, though links are made meanwhile', async () => {
      const made: string[] = []
      for (let minute = 0; minute < 4; minute++) {
        app.clock.at = START + minute * 60_000
        // Three in one moment: their ids decide.
        for (const letter of ['c', 'a', 'b']) made.push((await app.given.link({ tracking_id: `page-${minute}${letter}`, description: 'paged' })).tracking_id)
      }
      const seen: string[] = []
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page = await list(`q=paged&limit=5${cursor ? `&cursor=${cursor}` : ''}`)
        expect(page.links.length).toBeLessThanOrEqual(5)
        seen.push(...ids(page.links))
        app.clock.at += 1
        await app.given.link({ description: 'paged, but later' })
        cursor = page.cursor
      }
      expect(seen).toEqual([3, 2, 1, 0].flatMap((minute) => ['c', 'b', 'a'].map((letter) => `page-${minute}${letter}`)))
      expect([...seen].sort()).toEqual([...made].sort())
      app.clock.at = START
    })

    test.each([
      ['NEEDLE', ['found-by-url', 'found-by-text', 'found-NeedLe-by-id']],
      ['found-by-', ['found-by-url', 'found-by-text']],
      ['100%_', ['found-by-text']],
      ['%', ['found-by-text']],
      ["' or '1'='1", []],
      ['nothing has this', []],
      ['ÜNÏ-needle', ['found-by-text']],
    ])('by what is looked for: %s', async (q, found) => {
      if ((await list('q=found-')).links.length === 0) {
        await app.given.link({ tracking_id: 'found-by-url', original_url: 'https://example.com/a-needle' })
        await app.given.link({ tracking_id: 'found-by-text', description: '100%_ ünï-Needle' })
        await app.given.link({ tracking_id: 'found-NeedLe-by-id' })
      }
      expect(ids((await list(`q=${encodeURIComponent(q)}`)).links).sort()).toEqual([...found].sort())
    })

    test('by whether they are active', async () => {
      await app.given.link({ tracking_id: 'switched-off', description: 'switch' })
      await app.given.link({ tracking_id: 'switched-on', description: 'switch' })
      await app.patch(`${LINKS}/switched-off`, { is_active: false })
      expect(ids((await list('q=switch&is_active=true')).links)).toEqual(['switched-on'])
      expect(ids((await list('q=switch&is_active=false')).links)).toEqual(['switched-off'])
      expect(ids((await list('q=switch')).links)).toEqual(['switched-on', 'switched-off'])
    })

    test('with no empty last page', async () => {
      for (const at of [1, 2, 3, 4]) await app.given.link({ tracking_id: `exact-${at}`, description: 'exactly four' })
      const first = await list('q=exactly&limit=4')
      expect(first.links).toHaveLength(4)
      expect(first.cursor === null || (await list(`q=exactly&limit=4&cursor=${first.cursor}`)).links.length === 0).toBe(true)
    })

    test.each(['limit=0', 'limit=1001', 'limit=-1', 'limit=1.5', 'limit=ten', 'is_active=perhaps', `q=${'x'.repeat(201)}`, 'cursor=', 'cursor=x', 'cursor=bnVsbA', 'cursor=WyJhIiwxXQ', "cursor='"])('?%s is 400', async (query) => {
      const { status, body } = await app.get(`${LINKS}?${query}`)
      expect([status, body]).toMatchObject([400, { success: false, errors: [{ field: query.split('=')[0] }] }])
    })
  })

  describe('as a QR code', () => {
    test('SVG, drawn in the width that is asked for', async () => {
      const { tracking_id: id } = await app.given.link({ tracking_id: 'drawn' })
      for (const [query, size] of [['', 512], ['?size=64', 64], ['?format=svg&size=2048', 2048]] as const) {
        const { status, headers, body } = await app.get(`${LINKS}/${id}/qr${query}`)
        expect([status, headers['content-type']]).toEqual([200, expect.stringContaining('image/svg+xml')])
        // 45 letters at level M fill version 4: 33 modules, and 2 around.
        expect(body).toMatch(new RegExp(`^<svg xmlns="http://www\\.w3\\.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 (\\d+) \\1"`))
        expect(body).toMatch(/<\/svg>\s*$/)
        expect(body).not.toMatch(/<script|href|&(?!amp;)/)
      }
    })

    test('PNG, well formed and as wide as asked for', async () => {
      for (const size of [128, 512]) {
        const { status, headers, bytes } = await app.get(`${LINKS}/drawn/qr?format=png&size=${size}`)
        expect([status, headers['content-type']]).toEqual([200, 'image/png'])
        const png = readPng(bytes)
        expect(png).toMatchObject({ width: size, height: size })
        // A quiet zone of white around, and both colours within.
        expect(new Set(png.pixels.subarray(0, size))).toEqual(new Set([255]))
        expect(new Set(png.pixels)).toEqual(new Set([0, 255]))
      }
    })

    test.each(['format=gif', 'format=', 'size=63', 'size=2049', 'size=big', 'size=1e9'])('?%s is 400', async (query) => {
      const { status, body } = await app.get(`${LINKS}/drawn/qr?${query}`)
      expect([status, body]).toEqual([400, { success: false, error: expect.stringContaining(query.split('=')[0] ?? ''), errors: [{ field: query.split('=')[0], error: expect.any(String) }] }])
    })
  })
})
