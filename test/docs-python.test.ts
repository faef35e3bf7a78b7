import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from './support/ask.ts'
import { CHROME, TOKEN_SECRET } from './support/app.ts'
import { root } from './support/documents.ts'
import { type Mailbox, openMailbox } from './support/mailbox.ts'
import { type ServerProcess, TEST_KEY, freePort, startServer } from './support/process.ts'
import { type Ended, run } from './support/run.ts'

const python = ['python3', 'python'].find((name) => (spawnSync(name, ['--version'], { encoding: 'utf8' }).stdout ?? '').startsWith('Python 3'))

describe.skipIf(!python)(`the samples in Python of mails and events${python ? '' : ' (left out: no Python 3)'}`, () => {
  let folder: string
  let server: ServerProcess
  let mailbox: Mailbox
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waymark-python-'))
    mailbox = await openMailbox()
    server = await startServer({ dataDir: folder, env: { TRACKING_TOKEN_SECRET: TOKEN_SECRET, EMAIL_REDIRECT_ALLOWED_DOMAINS: 'example.com' } })
  })
  afterAll(async () => {
    await server.end('SIGTERM')
    await mailbox.close()
    await rm(folder, { recursive: true, force: true })
  })

  const script = (name: string, args: string[] = [], env: Record<string, string> = {}): Promise<Ended> =>
    run(python as string, ['-B', join(root, 'docs/guide/samples', name), ...args], { cwd: folder, env: { PYTHONUNBUFFERED: '1', PYTHONUTF8: '1', WAYMARK_URL: server.url, WAYMARK_KEY: TEST_KEY, TRACKING_TOKEN_SECRET: TOKEN_SECRET, ...env } })
  const api = async (method: string, path: string, body?: object): Promise<unknown> =>
    (await fetch(server.url + path, { method, headers: { 'x-api-key': TEST_KEY, ...(body ? { 'content-type': 'application/json' } : {}) }, ...(body ? { body: JSON.stringify(body) } : {}) })).json()
  const visit = (url: string): Promise<Response> => fetch(url, { redirect: 'manual', headers: { 'user-agent': CHROME } })

  test('tracking_token.py makes a token that the server reads', async () => {
    const { id: lead } = (await api('POST', '/api/v1/leads', { email: 'grace@example.com' })) as { id: number }
    const { id: campaign } = (await api('POST', '/api/v1/campaigns', { name: 'token' })) as { id: number }
    const { code, out } = await script('tracking_token.py', [String(campaign), String(lead)])
    expect([code, out]).toEqual([0, expect.stringMatching(/^[\w-]{50,}\n$/)])
    expect(await (await visit(`${server.url}/api/v1/tracking/unsubscribe/${out.trim()}`)).text()).toContain('grace@example.com')
  })

  test('email_service.py sends a mail whose click and way out are tracked, and none to who has opted out; email_metrics.py reads what became of it', async () => {
    const { port, username, password } = new URL(mailbox.url)
    const smtp = { SMTP_PORT: port, SMTP_USER: decodeURIComponent(username), SMTP_PASSWORD: decodeURIComponent(password) }
    expect(await script('email_service.py', ['Ada@example.com'], smtp)).toEqual({ code: 0, out: expect.stringMatching(/^Sent to ada@example\.com, as lead \d+ of campaign \d+\n$/), err: '' })
    const [mail] = mailbox.mails
    const addresses = [...(mail?.html ?? '').matchAll(/(?:href|src)="([^"]+)"/g)].map(([, url]) => (url as string).replaceAll('&amp;', '&'))
    const [click = '', wayOut = '', picture = ''] = addresses
    expect(mail?.headers['list-unsubscribe']).toEqual([`<${wayOut}>`])
    const clicked = await visit(click)
    expect([clicked.status, clicked.headers.get('location'), (await visit(picture)).status]).toEqual([302, 'https://example.com/offer', 200])
    expect((await fetch(wayOut, { method: 'POST', body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }) })).status).toBe(200)
    await until('the lead has opted out', async () => ((await api('GET', '/api/v1/leads?q=ada')) as { leads: { email_unsubscribed: boolean }[] }).leads[0]?.email_unsubscribed)
    expect(await script('email_service.py', ['ada@example.com'], smtp)).toEqual({ code: 1, out: '', err: 'ada@example.com has opted out: no mail.\n' })
    const { code, out } = await script('email_metrics.py')
    expect([code, out.split('\n')]).toEqual([0, [expect.stringMatching(/^email_opened: \d of \d leads, [\d.]+ %$/), expect.stringMatching(/^email_clicked: \d of \d leads/), expect.stringMatching(/^email_unsubscribed: [12] of \d leads/), '']])
  })

  test('send_events.py sends twice, and is counted once; it waits for a server, and gives up where another try cannot help', async () => {
    const { projectKey } = (await api('POST', '/v1/projects', { name: 'shop' })) as { projectKey: string }
    const port = await freePort()
    const { code, out, err } = await script('send_events.py', [], { WAYMARK_PROJECT: projectKey })
    expect([code, err]).toEqual([0, ''])
    expect([...out.matchAll(/'inserted': (\d), 'duplicates': (\d)/g)].map(([, inserted, duplicates]) => [inserted, duplicates])).toEqual([['2', '0'], ['0', '2']])
    expect((await script('send_events.py', [], { WAYMARK_PROJECT: '000000000000' })).err).toContain('RuntimeError: 403')
    const late = script('send_events.py', [], { WAYMARK_PROJECT: '000000000000', WAYMARK_URL: `http://127.0.0.1:${port}` })
    const other = await mkdtemp(join(tmpdir(), 'waymark-python-'))
    const second = await startServer({ dataDir: other, port })
    expect((await late).err).toContain('RuntimeError: 403')
    await second.end('SIGTERM')
    await rm(other, { recursive: true, force: true })
  })

  test('test_tracking_ingest.py says what the requirement shows', async () => {
    const names = ['Health Check', 'Connection Test', 'Invalid API Key', 'Valid Batch', 'Invalid Batch', 'Minimal Event']
    const passed = [...names.map((name) => `✅ PASS: ${name}`), '', 'Total: 6/6 tests passed', '🎉 All tests passed!', ''].join('\n')
    const env = { WEBHOOK_API_KEY: TEST_KEY }
    // Twice: what it sends has ids.
    expect([await script('test_tracking_ingest.py', [], env), await script('test_tracking_ingest.py', [server.url], env)]).toEqual([{ code: 0, out: passed, err: '' }, { code: 0, out: passed, err: '' }])
    expect(await script('test_tracking_ingest.py', [], { WEBHOOK_API_KEY: 'wrong' })).toMatchObject({ code: 1, out: expect.stringContaining('Total: 2/6 tests passed') })
    expect(await script('test_tracking_ingest.py', [`http://127.0.0.1:${await freePort()}`], env)).toMatchObject({ code: 1, out: expect.stringContaining('Total: 0/6 tests passed') })
  })
})
