import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, until } from '../support/ask.ts'
import { type FreshStore, onEveryEngine } from '../support/engines.ts'
import { type ServerProcess, freePort, startServer } from '../support/process.ts'

const run = promisify(execFile)
/** As somebody starts it who has set nothing. */
const UNSET = { WEBHOOK_API_KEY: '' }

onEveryEngine('a newcomer', (engine) => {
  let store: FreshStore
  let server: ServerProcess
  let greeting: string
  beforeAll(async () => {
    store = await engine.fresh()
    server = await startServer({ ...store, env: UNSET })
    greeting = await greetingOf(server)
  })
  afterAll(async () => {
    await server.end('SIGTERM')
    await store.drop()
  })

  const shown = (name: string, pattern = '\\S+') => new RegExp(`^  ${name} +(${pattern})`, 'm').exec(greeting)?.[1] ?? `no ${name} in:\n${greeting}`

  test('reads where the server listens, where the reference and the data are', async () => {
    expect(shown('Listening')).toBe(server.url)
    expect((await ask(server.url, 'GET', '/health')).body).toEqual({ status: 'ok', version: expect.stringMatching(/^\d+\.\d+\.\d+/), uptimeSeconds: expect.any(Number) })
    const reference = new URL(shown('Reference'))
    expect((await ask(server.url, 'GET', reference.pathname)).status).toBe(200)
    expect(shown('Data')).toBe(store.dataDir)
    expect((await stat(shown('Data'))).isDirectory()).toBe(true)
  })

  test('logs in as the admin that is shown', async () => {
    const email = shown('Admin')
    const password = /password: (\S+)/.exec(greeting)?.[1]
    const { status, body } = await ask(server.url, 'POST', '/api/auth/login', { body: { email, password } })
    expect([status, body]).toMatchObject([200, { success: true, user: { email, role: 'admin' } }])
  })

  test('takes the ingest key that is shown', async () => {
    const answer = await ask(server.url, 'POST', '/api/tracking-ingest/test', { headers: { 'x-api-key': shown('Ingest key') } })
    expect(answer.status).toBe(200)
  })

  test('copies the command that is shown into a shell, follows the link and reads its number', async () => {
    const command = /^ *(curl [^]*?')$/m.exec(greeting)?.[1] ?? ''
    const { stdout } = await run('sh', ['-c', command.replace('curl', 'curl --silent --show-error')])
    const link = JSON.parse(stdout) as { redirect_url: string; tracking_id: string }
    expect(link.redirect_url).toBe(`${server.url}/website?uuid=${link.tracking_id}`)

    const visit = await run('curl', ['--silent', '--output', join(store.dataDir, 'page'), '--write-out', '%{http_code} %{redirect_url}', link.redirect_url])
    expect(visit.stdout).toBe('302 https://example.com/')
    const { body } = await ask(server.url, 'GET', `/api/link-tracking/links/${link.tracking_id}/stats`, { headers: { 'x-api-key': shown('Ingest key') } })
    expect(body).toMatchObject({ clicks: 1, human_clicks: 0, machine_clicks: 1, recent: [{ machine_reason: 'agent_tool' }] })
  })

  test('finds no secret in the log, and made ones readable by the owner alone', async () => {
    const { out } = server.output()
    for (const secret of [shown('Ingest key'), /password: (\S+)/.exec(greeting)?.[1] ?? '']) expect(out).not.toContain(secret)
    for (const line of out.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), time: expect.any(String), msg: expect.any(String) })
    const file = join(store.dataDir, 'jwt-secret')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await readFile(file, 'utf8')).length).toBeGreaterThanOrEqual(32)
  })

  test('is refused a second server on the same data folder, and the first goes on', async () => {
    const second = await startServer({ ...store, env: UNSET }).catch((error: Error) => error)
    if (!(second instanceof Error)) await second.end('SIGKILL')
    expect(String(second)).toMatch(/Waymark cannot start\.\n.*(another|other) process.*DATA_DIR/i)
    expect((await ask(server.url, 'GET', '/db/health')).body).toEqual({ status: 'ok', engine: engine.name, latencyMs: expect.any(Number) })
  })

  test('ends it by Ctrl-C or SIGTERM in order, and starts it again without secrets on the screen', async () => {
    expect(await server.end('SIGINT')).toEqual({ code: 0, signal: null })
    const key = shown('Ingest key')
    server = await startServer({ ...store, env: UNSET })
    const second = await greetingOf(server)
    expect(second).toContain('Ingest key  made at the first start')
    expect(second).not.toContain('password')
    expect((await ask(server.url, 'POST', '/api/tracking-ingest/test', { headers: { 'x-api-key': key } })).status).toBe(200)

    expect(await server.end('SIGTERM')).toEqual({ code: 0, signal: null })
    server = await startServer({ ...store, env: UNSET })
    expect((await ask(server.url, 'GET', '/health')).status).toBe(200)
  })
})

describe('a start that cannot be', () => {
  let dataDir: string
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'waymark-test-'))
  })
  afterAll(() => rm(dataDir, { recursive: true }))

  test.each([
    ['PORT', { PORT: 'eighty' }],
    ['ADMIN_EMAIL', { ADMIN_EMAIL: 'ada@example.com' }],
    ['ADMIN_PASSWORD_HASH', { ADMIN_EMAIL: 'ada@example.com', ADMIN_PASSWORD_HASH: 'a password' }],
    ['JWT_SECRET', { ENV: 'production' }],
    ['COUNTRY_DB', { COUNTRY_DB: '/nowhere/countries.mmdb' }],
    ['DATABASE_URL', { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' }],
    ['DATA_DIR', { DATA_DIR: '/dev/null/data' }],
  ])('names %s in %j', async (variable, env) => {
    const failed = await startServer({ dataDir, env: env as Record<string, string> }).catch((error: Error) => error.message)
    expect(failed).toMatch(/^The server ended \(1\)/)
    expect(failed).toContain('Waymark cannot start.')
    expect(failed).toContain(variable)
    expect(failed).not.toMatch(/^\s+at /m)
  })

  test('says that the port is taken', async () => {
    const port = await freePort()
    const first = await startServer({ dataDir, port })
    const second = join(dataDir, 'second')
    await expect(startServer({ dataDir, port, env: { DATA_DIR: second } })).rejects.toThrow(/Waymark cannot start\.\n.*address already in use.*:\d+/)
    await first.end('SIGTERM')
  })
})

test('npm start serves, and a signal ends it in order', { timeout: 120_000 }, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'waymark-test-'))
  const port = await freePort()
  const child = spawn('npm', ['start', '--silent'], {
    cwd: join(import.meta.dirname, '../..'),
    env: { PATH: (await run('sh', ['-c', 'echo $PATH'])).stdout.trim(), HOME: dataDir, PORT: String(port), DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let err = ''
  child.stderr.on('data', (chunk: Buffer) => (err += chunk))
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  await until('it greets', () => err.includes('Make a link'), 90_000)
  expect((await ask(`http://127.0.0.1:${port}`, 'GET', '/health')).status).toBe(200)
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
  await rm(dataDir, { recursive: true })
})

async function greetingOf(server: ServerProcess): Promise<string> {
  await until('it greets', () => server.output().err.includes('original_url'))
  return server.output().err
}
