import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../support/app.ts'
import { until } from '../support/ask.ts'
import { waymark } from '../support/commands.ts'
import { type FreshStore, duckdb, onEngine } from '../support/engines.ts'
import { TEST_KEY, startServer } from '../support/process.ts'
import { askStore } from '../support/stored.ts'
import { numbers, used } from '../support/used.ts'

onEngine('postgres', 'a store moves', (postgres) => {
  describe.each([
    { from: duckdb, to: postgres },
    { from: postgres, to: duckdb },
  ])('from $from.name to $to.name', ({ from, to }) => {
    let old: FreshStore
    let fresh: FreshStore
    beforeEach(async () => {
      ;[old, fresh] = await Promise.all([from.fresh(), to.fresh()])
    })
    afterEach(() => Promise.all([old.drop(), fresh.drop()]))
    const move = () => waymark(old, ['migrate-store', '--from', nameOf(old), '--to', nameOf(fresh)])

    test('with everything in it, and the old one stays as it is', { timeout: 240_000 }, async () => {
      const app = await testApp(from, { store: old, env: { SMTP_URL: 'log:' } })
      const known = await used(app)
      await app.post('/api/v1/webhooks', { url: 'https://hooks.example.com/x', events: ['link.created'], description: 'CRM' }, { as: 'admin' })
      await app.post('/api/v1/leads/import', 'email,first_name,plan\nreader@example.com,Ann,pro\ngone@example.com,Ben,free\n', { headers: { 'content-type': 'text/csv' } })
      await app.post('/api/tracking/partner/create', { trackingId: 'john', partnerName: 'John' }, { as: 'admin' })
      const { id } = (await app.post('/api/v1/campaigns', { name: 'Autumn', subject: 'Hello', html: '<p>Hello</p>' })).body as { id: number }
      const { mailing_id: mailing } = (await app.post('/api/v1/campaigns/send', { campaign_id: id, all: true })).body as { mailing_id: string }
      await until('the mailing has ended', async () => ((await app.get(`/api/v1/campaigns/mailings/${mailing}`)).body as { ended_at: string | null }).ended_at, 60_000)
      const key = ((await app.post('/api/keys', { name: 'edge' }, { as: 'admin' })).body as { key: string }).key
      await app.post('/api/tracking-ingest/batch', { events: [{ tracking_id: '' }] })
      const before = await everything(app, known, id, mailing)
      const { cursor } = (await app.get('/api/link-tracking/sync')).body as { cursor: string }
      await app.stop()

      const moved = await move()
      expect([moved.code, moved.err]).toEqual([0, ''])
      expect(moved.out).toMatch(/\nevents +\d+ +[0-9a-f]{12}\n/)
      expect(moved.out).toMatch(/\n\d+ rows of \d+ tables: counts and sums are the same on both sides\.\n/)
      expect(await move()).toMatchObject({ code: 1, err: 'This store has been used. Take one that nobody has used: another folder, or an empty database.\n' })

      // Beside a database the server keeps its folder, with the journal of before.
      const place = to.name === 'postgres' ? { ...fresh, dataDir: old.dataDir } : fresh
      const there = await testApp(to, { store: place, env: { SMTP_URL: 'log:' } })
      expect(await everything(there, known, id, mailing)).toEqual(before)
      expect((await there.ask('POST', '/api/tracking-ingest/test', { headers: { 'x-api-key': key } })).status).toBe(200)
      // What was sent before is known, those who follow the links go on, and new ones come behind the old ones.
      expect(await there.given.clicks([{ tracking_id: 'two', event_id: 'c-1' }])).toMatchObject({ duplicates: 1 })
      await there.given.link({ tracking_id: 'later' })
      expect(((await there.get(`/api/link-tracking/sync?cursor=${cursor}`)).body as { links: { tracking_id: string }[] }).links.map(({ tracking_id }) => tracking_id)).toEqual(['later'])
      expect((await there.post('/api/v1/leads', { email: 'new@example.com' })).status).toBe(201)
      await there.stop()

      const again = await testApp(from, { store: old, env: { SMTP_URL: 'log:' } })
      expect(await everything(again, known, id, mailing)).toEqual(before)
      await again.stop()
    })

    test('not while a server runs on it', { timeout: 120_000 }, async () => {
      const app = await testApp(from, { store: old, clock: { at: Date.now() + 3_600_000 } })
      if (from.name === 'postgres') await until('it has its turn', async () => (await askStore(old, 'select name from leases')).length > 0)
      // On PostgreSQL also where the server is another machine's.
      const { code, err } = await waymark(from.name === 'postgres' ? fresh : old, ['migrate-store', '--from', nameOf(old), '--to', nameOf(fresh)])
      expect([code, err]).toEqual([1, expect.stringMatching(/^A server runs on .*Stop (it|all of them) first\.\n$/)])
      expect((await move()).err).toMatch(/^A server runs on /)
      await app.stop()
    })

    test('as a backup too', { timeout: 240_000 }, async () => {
      const app = await testApp(from, { store: old })
      const known = await used(app)
      const before = await numbers(app, known.links, known.project)
      const folder = join(old.dataDir, 'saved')
      // The server goes on meanwhile.
      expect(await waymark(old, ['backup', folder])).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^\d+ rows of \d+ tables, 20 of them events, are in /) })
      await app.click('/website?uuid=one')
      await app.stop()
      expect(await waymark(fresh, ['restore', folder])).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/ restored as they were at .*, counts and sums verified\.\n$/) })
      const there = await testApp(to, { store: fresh })
      expect(await numbers(there, known.links, known.project)).toEqual(before)
      await there.stop()
    })
  })
})

describe('moving a store', () => {
  let store: FreshStore
  beforeEach(async () => {
    store = await duckdb.fresh()
  })
  afterEach(() => store.drop())

  test('takes what the journal of a killed server still holds', { timeout: 120_000 }, async () => {
    const server = await startServer({ dataDir: store.dataDir })
    const events = Array.from({ length: 500 }, (_, at) => ({ tracking_id: 'x', event_id: `e-${at}` }))
    const sent = await fetch(`${server.url}/api/tracking-ingest/batch`, { method: 'POST', headers: { 'x-api-key': TEST_KEY, 'content-type': 'application/json' }, body: JSON.stringify({ events }) })
    expect(sent.status).toBe(200)
    await server.end('SIGKILL')
    const to = join(store.dataDir, 'to')
    const { code, out } = await waymark(store, ['migrate-store', '--from', store.dataDir, '--to', to, '--json'])
    const told = JSON.parse(out) as { tables: { table: string; rows: number }[] }
    expect([code, told.tables.find(({ table }) => table === 'events')?.rows]).toEqual([0, 500])
    // The secrets that were made for it go with it.
    for (const name of ['jwt-secret', 'tracking-token-secret']) expect(await readFile(join(to, name), 'utf8')).toBe(await readFile(join(store.dataDir, name), 'utf8'))
  })

  test('asks for two stores, one of which is there', { timeout: 60_000 }, async () => {
    const ran = (...args: string[]) => waymark(store, ['migrate-store', ...args])
    expect(await ran('--from', './data')).toMatchObject({ code: 2, err: expect.stringContaining("required option '--to <store>' not specified") })
    expect(await ran('--from', store.dataDir, '--to', store.dataDir)).toMatchObject({ code: 2, err: '--from and --to are the same store.\n' })
    expect(await ran('--from', store.dataDir, '--to', join(store.dataDir, 'to'))).toMatchObject({ code: 2, err: `There is no store in ${store.dataDir}: it has no waymark.duckdb.\n` })
    expect(await ran('--from', 'postgres://127.0.0.1:1/x', '--to', join(store.dataDir, 'to'))).toMatchObject({ code: 1, err: expect.stringMatching(/^The database does not answer\./) })
  })

  test('a backup whose files are not what they were is not taken for one', { timeout: 120_000 }, async () => {
    const app = await testApp(duckdb, { store })
    await used(app)
    await app.stop()
    const folder = join(store.dataDir, 'saved')
    await waymark(store, ['backup', folder])
    const manifest = join(folder, 'manifest.json')
    const text = await readFile(manifest, 'utf8')
    const { tables } = JSON.parse(text) as { tables: Record<string, { rows: number; sum: number }> }
    await writeFile(manifest, text.replace(`"sum": ${tables.link_tracking?.sum}`, '"sum": 1').replace(`"rows": ${tables.events?.rows}`, '"rows": 21'))
    const to = { ...store, dataDir: join(store.dataDir, 'to') }
    await mkdir(to.dataDir)
    const { code, err } = await waymark(to, ['restore', folder])
    expect(code).toBe(1)
    expect(err).toContain('events has 20 rows, not 21')
    expect(err).toContain('the rows of link_tracking are not the same')
    // And nobody takes the store for whole.
    expect(await waymark(to, ['link', 'list'])).toMatchObject({ code: 1, err: expect.stringMatching(/^This store is a copy that was cut short/) })
    // The whole one completes it.
    await writeFile(manifest, text)
    expect((await waymark(to, ['restore', folder])).code).toBe(0)
    expect((await waymark(to, ['link', 'list'])).code).toBe(0)
  })
})

/** A store as it is named on a command line. */
function nameOf({ dataDir, databaseUrl }: FreshStore): string {
  return databaseUrl ?? dataDir
}

/** All that a server shows of what it holds. */
async function everything(app: TestApp, { links, project }: { links: string[]; project: string }, campaign: number, mailing: string): Promise<unknown> {
  const shown = ['/api/link-tracking/links', '/api/auth/users', '/api/keys', '/api/v1/webhooks', '/api/v1/leads?counts=true', `/api/v1/campaigns/${campaign}`, `/api/v1/campaigns/mailings/${mailing}`, `/api/v1/campaigns/analytics?campaign_id=${campaign}`, '/api/tracking/partners', '/api/dead-letters']
  const answers = await numbers(app, links, project)
  for (const path of shown) answers.push((await app.get(path, { as: path.startsWith('/api/v1') && !path.includes('webhooks') ? 'key' : 'admin' })).body)
  return JSON.parse(JSON.stringify(answers, (name, value: unknown) => (['last_used_at', 'last_login_at'].includes(name) ? null : value)))
}
