import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from '../support/app.ts'
import { onEngine } from '../support/engines.ts'

const FOLDER = join(import.meta.dirname, '../../dist/web')
const MOST_SCRIPT = 200 * 1024

onEngine('duckdb', 'the pages, as they are delivered', (engine) => {
  let app: TestApp
  beforeAll(async () => {
    app = await testApp(engine)
  })
  afterAll(() => app.close())

  test('all scripts together are lighter than 200 KB, gzipped', async () => {
    const scripts = (await readdir(join(FOLDER, 'assets'))).filter((name) => name.endsWith('.js'))
    const sizes = await Promise.all(scripts.map(async (name) => gzipSync(await readFile(join(FOLDER, 'assets', name))).length))
    expect(scripts.length).toBeGreaterThan(3)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MOST_SCRIPT)
  })

  test.each(['/', '/login', '/links', '/links/x', '/tracking-dashboard', '/tracking-admin', '/engagement/x', '/email', '/email/leads', '/email/campaigns/1', '/product', '/product/x', '/settings', '/settings/users'])('%s is the one document, under a strict policy', async (path) => {
    const { status, headers, body } = await app.ask('GET', path)
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([200, 'text/html; charset=utf-8', 'no-cache'])
    const policy = String(headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
    expect(policy).not.toMatch(/unsafe|\*|http/)
    expect(headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' })
    expect(body).not.toMatch(/<script(?![^>]*src="\/assets\/)|<style|style=|\son[a-z]+=|https?:\/\//)
    expect((await app.ask('POST', path)).status).toBe(405)
  })

  test('an address that leads nowhere is a page for a browser, and JSON for a program', async () => {
    const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
    const page = await app.ask('GET', '/pricing?a=1', { headers: { accept } })
    expect([page.status, page.headers['content-type'], page.headers['x-frame-options']]).toEqual([404, 'text/html; charset=utf-8', 'DENY'])
    expect(page.body).toBe((await app.ask('GET', '/')).body)
    const plain = { method: 'GET', path: '/pricing', accept: '*/*' } as const
    for (const { method, path, accept: wanted } of [plain, { ...plain, path: '/api/pricing', accept }, { ...plain, path: '/v1/pricing', accept }, { ...plain, method: 'POST' as const, accept }]) {
      const answer = await app.ask(method, path, { headers: { accept: wanted } })
      expect([answer.status, answer.headers['content-type'], JSON.stringify(answer.body)]).toEqual([404, 'application/json; charset=utf-8', expect.stringContaining(`There is nothing at ${method} ${path}.`)])
    }
  })

  test('its files have names of their content and may be kept for a year, packed or not', async () => {
    const { body } = await app.ask('GET', '/')
    const files = [...String(body).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file ?? '')
    expect(files.map((file) => file.split('.').at(-1)).sort()).toEqual(expect.arrayContaining(['css', 'js', 'svg']))
    for (const file of files) {
      const plain = await app.ask('GET', file)
      expect([file, plain.status, plain.headers['cache-control']]).toEqual([expect.stringMatching(/^\/assets\/[\w-]+-[\w-]{8}\.(js|css|svg)$/), 200, 'public, max-age=31536000, immutable'])
      const packed = await app.ask('GET', file, { headers: { 'accept-encoding': 'br, gzip' } })
      expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', vary: expect.stringContaining('Accept-Encoding') })
      expect(gunzipSync(packed.bytes).equals(plain.bytes)).toBe(true)
    }
  })

  test.each(['/assets/nothing.js', '/assets/..%2Findex.html', '/assets/%2e%2e%2f%2e%2e%2fmain.js', '/assets/'])('%s is not there', async (path) => {
    expect((await app.ask('GET', path)).status).toBe(404)
  })
})
