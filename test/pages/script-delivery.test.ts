import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { VERSION } from '../../src/app.ts'
import { type TestApp, testApp } from '../support/app.ts'
import { onEngine } from '../support/engines.ts'

const MOST = 3 * 1024

onEngine('duckdb', 'the script, as it is delivered', (engine) => {
  let app: TestApp
  beforeAll(async () => {
    app = await testApp(engine)
  })
  afterAll(() => app.close())

  test('is lighter than 3 KB, and for every page', async () => {
    const { status, headers, bytes } = await app.ask('GET', '/waymark.js', { headers: { 'accept-encoding': 'gzip', origin: 'https://anybody.example' } })
    expect([status, headers]).toMatchObject([200, { 'content-type': 'text/javascript; charset=utf-8', 'content-encoding': 'gzip', 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin', vary: 'Accept-Encoding' }])
    expect(bytes.length).toBeLessThan(MOST)
    expect(gunzipSync(bytes).equals((await app.ask('GET', '/waymark.js')).bytes)).toBe(true)
  })

  test('is looked at again after an hour, and not sent again when it is the same', async () => {
    const { headers } = await app.ask('GET', '/waymark.js')
    expect(headers['cache-control']).toBe('public, max-age=3600, stale-while-revalidate=86400')
    const again = await app.ask('GET', '/waymark.js', { headers: { 'if-none-match': String(headers.etag) } })
    expect([again.status, again.bytes.length, again.headers.etag]).toEqual([304, 0, headers.etag])
    expect((await app.ask('GET', '/waymark.js', { headers: { 'if-none-match': 'W/"other"' } })).status).toBe(200)
  })

  test('is kept for a year under its own version, and under no other', async () => {
    const keptFor = async (query: string) => (await app.ask('GET', `/waymark.js${query}`)).headers['cache-control']
    expect(await keptFor(`?v=${VERSION}`)).toBe('public, max-age=31536000, immutable')
    expect(await keptFor('?v=0.0.9')).toMatch(/max-age=3600/)
    expect(await keptFor(`?v=${VERSION}&v=${VERSION}`)).toMatch(/max-age=3600/)
  })
})
