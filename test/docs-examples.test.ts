import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { page, pages, root } from './support/documents.ts'
import { testEdge } from './support/edge.ts'
import { type ServerProcess, TEST_KEY, freePort, startServer } from './support/process.ts'
import { type Ended, run, steady, stepsOf, walk } from './support/run.ts'

const samples = join(root, 'docs/guide/samples')
const checker = join(root, 'scripts/check-links.mjs')
const python = ['python3', 'python'].find((name) => (spawnSync(name, ['--version'], { encoding: 'utf8' }).stdout ?? '').startsWith('Python 3'))
const curl = spawnSync('curl', ['--version']).status === 0
for (const [there, name] of [[python, 'Python 3'], [curl, 'curl']]) {
  if (!there) console.error(`\n!!! LEFT OUT: there is no ${name} on this machine. The examples that need it were skipped.\n`)
}

/** A folder of the test's own in which the project's paths can be used as on the pages. */
let folder = ''
let server: ServerProcess

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waymark-docs-'))
  await Promise.all(['docs', 'scripts'].map((name) => symlink(join(root, name), join(folder, name))))
  await mkdir(join(folder, 'bin'))
  await writeFile(join(folder, 'bin/waymark'), `#!/bin/sh\nexec node '${join(root, 'dist/waymark.cjs')}' "$@"\n`, { mode: 0o700 })
  // No Redis answers there; what is measured of it is shown all the same.
  server = await startServer({ dataDir: folder, env: { REDIS_URL: 'redis://127.0.0.1:1' } })
})

afterAll(async () => {
  await server.end('SIGTERM')
  await rm(folder, { recursive: true, force: true })
})

describe.each(['README.md', 'docs/guide/links.md', 'docs/guide/product.md', 'docs/guide/tracking.md', 'docs/guide/partners.md', 'docs/guide/email.md', 'docs/guide/campaigns.md', 'docs/guide/webhooks.md', 'docs/guide/accounts.md', 'docs/guide/command-line.md', 'docs/guide/edge.md'])(`the commands in %s${curl ? '' : ' (left out: no curl)'}`, (path) => {
  test.skipIf(!curl)('run, and answer what is shown', { timeout: 300_000 }, async () => {
    const fresh = await mkdtemp(join(tmpdir(), 'waymark-docs-'))
    const [own, edgePort] = await Promise.all([startServer({ dataDir: fresh, ...(path.endsWith('campaigns.md') ? { env: { SMTP_URL: 'log:' } } : {}) }), freePort()])
    try {
      const password = /password: (\S+)/.exec(await greeting(own))?.[1] as string
      const steps = stepsOf((await page(path)).blocks)
      const printed = await walk(steps, { cwd: folder, replace: { 'http://127.0.0.1:8080': own.url, ':8090': `:${edgePort}`, 'PORT=8090': `PORT=${edgePort}`, 'your-key': TEST_KEY, 'your-password': password } })
      expect(steps.length).toBeGreaterThan(1)
      for (const [at, { shown }] of steps.entries()) {
        if (shown?.lang === 'json') expect(steady(JSON.parse(printed[at] as string), own.url)).toEqual(steady(JSON.parse(shown.text), own.url))
        for (const line of shown?.lang === 'text' ? shown.text.trim().split('\n') : []) expect(printed[at]).toContain(line)
      }
    } finally {
      await own.end('SIGTERM')
      await rm(fresh, { recursive: true, force: true })
    }
  })
})

test('the first start says what README.md shows', async () => {
  const shown = (await page('README.md')).blocks.find(({ lang }) => lang === 'text')?.text ?? ''
  const words = shown.trim().split('\n').filter(Boolean).map((line) => line.trim().split(/ {2,}/)[0] as string)
  expect(words.length).toBeGreaterThan(4)
  const said = await greeting(server)
  for (const word of words) expect(said).toContain(word)
})

/** Folders of a machine, which are no paths of the server. */
const machineFolder = /^\/(?:backups|data|usr|var)(?:\/|$)/

test('every route and metric on the pages exists', async () => {
  const spec = (await (await fetch(`${server.url}/apispec.json`)).json()) as { paths: Record<string, object> }
  const edge = await testEdge(server.url)
  const metrics = (await Promise.all([server.url, edge.edge.url].map(async (url) => (await fetch(`${url}/metrics`)).text()))).join('\n')
  await edge.close()
  expect((await fetch(`${server.url}/swagger`)).status).toBe(200)
  const patterns = Object.entries(spec.paths).map(([path, methods]) => ({ path, methods, like: new RegExp(`^${path.replace(/\{\w+\}/g, '[\\w:-]+')}$`) }))
  const missing: string[] = []
  for (const { path: from, spans, text } of await pages()) {
    for (const span of spans) {
      const [, method, path = ''] = /^(?:(GET|POST|PATCH|DELETE) )?(\/[\w:/.-]*)(?:\?.*)?$/.exec(span) ?? []
      if (path === '' || path === '/swagger' || machineFolder.test(path) || (path.endsWith('/') && patterns.some((known) => known.path.startsWith(path)))) continue
      const routes = patterns.filter(({ like }) => like.test(path))
      if (routes.some(({ methods }) => method === undefined || method.toLowerCase() in methods)) continue
      const isPage = method === undefined && (await fetch(server.url + path)).headers.get('content-type')?.startsWith('text/html')
      if (!isPage) missing.push(`${from}: ${span}`)
    }
    for (const [name] of text.matchAll(/\bwaymark_\w+/g)) {
      if (!metrics.includes(`# HELP ${name.replace(/_bucket$/, '')} `)) missing.push(`${from}: ${name}`)
    }
  }
  expect(missing).toEqual([])
})

test.each(['request-minimal.json', 'request-full.json'])('%s is accepted', async (name) => {
  const body = await readFile(join(root, 'docs/guide', name), 'utf8')
  const response = await fetch(`${server.url}/api/tracking-ingest/batch`, { method: 'POST', headers: { 'x-api-key': TEST_KEY, 'content-type': 'application/json' }, body })
  expect([response.status, ((await response.json()) as { success: boolean }).success]).toEqual([200, true])
})

describe('the samples in JavaScript', () => {
  const node = (name: string, env: Record<string, string> = {}): Promise<Ended> => run(process.execPath, [join(samples, name)], { cwd: folder, env: world(env) })

  test('make-links.mjs makes links', async () => {
    const { code, out } = await node('make-links.mjs')
    expect(code).toBe(0)
    expect(out.replaceAll(server.url, '').replace(/[\w]{22}/g, 'ID')).toBe(
      'Hand out: /linkedin?uuid=ID\n0 /calendly?uuid=ID\n1 /github?uuid=ID\n2 refused, original_url must be an http or https URL of at most 1000 characters, without user info\n',
    )
  })

  test('send-clicks.mjs sends twice, and is counted once', async () => {
    expectTwice(await node('send-clicks.mjs'))
  })

  test('send-clicks.mjs tries again until the server is there', async () => {
    await untilThere((url) => node('send-clicks.mjs', { WAYMARK_URL: url }))
  })

  test('send-clicks.mjs gives up where another try cannot help', async () => {
    const { code, err } = await node('send-clicks.mjs', { WAYMARK_KEY: 'wrong' })
    expect(code).toBe(1)
    expect(err).toContain('401: The ingest key in the X-API-Key header is not valid.')
  })

  test('sync-links.mjs takes all links, then what has changed', async () => {
    const env = { LINKS_FILE: join(folder, 'links.json') }
    const copy = async (): Promise<Record<string, { is_active: boolean }>> => JSON.parse(await readFile(env.LINKS_FILE, 'utf8')).links
    await api('POST', '/links', { original_url: 'https://example.com', tracking_id: 'synced' })
    expect((await node('sync-links.mjs', env)).code).toBe(0)
    expect((await copy()).synced?.is_active).toBe(true)
    await api('PATCH', '/links/synced', { is_active: false })
    expect((await node('sync-links.mjs', env)).out).toMatch(/^1 changed, /)
    expect((await copy()).synced?.is_active).toBe(false)
  })

  test('redirect-domain.mjs redirects, and reports each click when it ends', async () => {
    await api('POST', '/links', { original_url: 'https://example.com/there', tracking_id: 'elsewhere' })
    const port = await freePort()
    const domain = spawn(process.execPath, [join(samples, 'redirect-domain.mjs')], { env: world({ PORT: String(port) }), stdio: ['ignore', 'pipe', 'inherit'] })
    await once(domain.stdout, 'data')
    const ask = async (path: string, method = 'GET'): Promise<[number, string | null]> => {
      const { status, headers } = await fetch(`http://127.0.0.1:${port}${path}`, { method, redirect: 'manual', headers: { referer: 'https://indeed.com/job/1' } })
      return [status, headers.get('location')]
    }
    expect(await ask('/github?uuid=elsewhere')).toEqual([302, 'https://example.com/there'])
    expect(await ask('/github?uuid=elsewhere', 'HEAD')).toEqual([302, 'https://example.com/there'])
    expect(await ask('/github?uuid=nobody')).toEqual([404, null])
    expect(await ask('/github?uuid=a%20b')).toEqual([400, null])
    expect(await ask('/elsewhere')).toEqual([404, null])
    domain.kill('SIGTERM')
    expect(await once(domain, 'exit')).toEqual([0, null])
    expect(await api('GET', '/links/elsewhere/stats')).toMatchObject({ clicks: 1, by_click_source: [{ click_source: 'github' }], by_referrer: [{ referrer: 'indeed.com' }] })
  })
})

describe(`the samples in Python${python ? '' : ' (left out: no Python 3)'}`, () => {
  const script = (name: string, env: Record<string, string> = {}): Promise<Ended> =>
    run(python as string, ['-B', join(samples, name)], { cwd: folder, env: world({ PYTHONUNBUFFERED: '1', ...env }) })

  test.skipIf(!python)('make_links.py makes a link and reads its numbers', async () => {
    const { code, out } = await script('make_links.py')
    expect([code, out.replaceAll(server.url, '').replace(/[\w]{22}/g, 'ID')]).toEqual([0, 'Hand out: /linkedin?uuid=ID\nClicks by people: 0 by machines: 0\n'])
  })

  test.skipIf(!python)('send_clicks.py sends twice, and is counted once', async () => {
    expectTwice(await script('send_clicks.py'))
  })

  test.skipIf(!python)('send_clicks.py tries again until the server is there', async () => {
    await untilThere((url) => script('send_clicks.py', { WAYMARK_URL: url }))
  })

  test.skipIf(!python)('send_clicks.py gives up where another try cannot help', async () => {
    const { code, err } = await script('send_clicks.py', { WAYMARK_KEY: 'wrong' })
    expect(code).toBe(1)
    expect(err).toContain('RuntimeError: 401: The ingest key in the X-API-Key header is not valid.')
  })
})

test('every sample is tried here', async () => {
  const text = (await Promise.all(['examples', 'python', 'webhooks'].map((name) => readFile(join(root, `test/docs-${name}.test.ts`), 'utf8')))).join('\n')
  expect((await readdir(samples)).filter((name) => !text.includes(`'${name}'`))).toEqual([])
})

describe('scripts/check-links.mjs', () => {
  const check = async (...args: string[]): Promise<{ code: number | null; passed: string[]; last: string | undefined }> => {
    const { code, out } = await run(process.execPath, [checker, ...args])
    const lines = out.trim().split('\n')
    return { code, passed: lines.filter((line) => line.startsWith('PASS')).map((line) => line.split(/ {2,}/)[1] as string), last: lines.at(-1) }
  }

  test('passes a good server, without a trace in the dead letters', async () => {
    const dropped = async (): Promise<string[]> => (await (await fetch(`${server.url}/metrics`)).text()).match(/^waymark_events_dropped_total.*invalid.*/gm) ?? []
    const before = await dropped()
    expect(await check(server.url, TEST_KEY)).toEqual({
      code: 0,
      passed: ['health', 'connection', 'invalid key', 'valid batch', 'invalid batch', 'minimal event'],
      last: '6 of 6 checks passed.',
    })
    expect(await dropped()).toEqual(before)
  })

  test('fails what a wrong key cannot do', async () => {
    expect(await check(server.url, 'wrong')).toEqual({ code: 1, passed: ['health', 'invalid key'], last: '2 of 6 checks passed.' })
  })

  test('fails everything where nobody answers', async () => {
    expect(await check(`http://127.0.0.1:${await freePort()}`, TEST_KEY)).toEqual({ code: 1, passed: [], last: '0 of 6 checks passed.' })
  })

  test('asks for an address and a key', async () => {
    expect(await run(process.execPath, [checker])).toEqual({ code: 2, out: '', err: 'Usage: node scripts/check-links.mjs URL KEY [TRACKING_ID]\n' })
  })
})

function world(env: Record<string, string>): Record<string, string> {
  return { WAYMARK_URL: server.url, WAYMARK_KEY: TEST_KEY, ...env }
}

/** What a server has said on the terminal, once it has said all of it: that comes after it listens. */
async function greeting({ child, output }: ServerProcess): Promise<string> {
  while (!output().err.includes('Make a link:')) await once(child.stderr as Readable, 'data')
  return output().err
}

async function api(method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${server.url}/api/link-tracking${path}`, {
    method,
    headers: { 'x-api-key': TEST_KEY, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`)
  return response.json()
}

/** Of two clicks sent twice one is bad, and the other is a duplicate the second time. */
function expectTwice({ code, out, err }: Ended): void {
  expect([code, err]).toEqual([0, ''])
  const numbers = (name: string): number[] => [...out.matchAll(new RegExp(`\\b${name}'?: (\\d+)`, 'g'))].map((match) => Number(match[1]))
  expect({ successful: numbers('successful'), failed: numbers('failed'), duplicates: numbers('duplicates') }).toEqual({ successful: [1, 1], failed: [1, 1], duplicates: [0, 1] })
}

/** Starts a sender first and its server afterwards. */
async function untilThere(sender: (url: string) => Promise<Ended>): Promise<void> {
  const port = await freePort()
  const ended = sender(`http://127.0.0.1:${port}`)
  const dataDir = await mkdtemp(join(tmpdir(), 'waymark-docs-'))
  const late = await startServer({ dataDir, port })
  expectTwice(await ended)
  await late.end('SIGTERM')
  await rm(dataDir, { recursive: true, force: true })
}
