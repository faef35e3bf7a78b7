import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Waymark, connect, generateTrackingToken, mailAddresses, verifyWebhook } from '../../clients/node/src/index.ts'
import { newSigningSecret, signedHeaders } from '../../src/webhooks/signature.ts'
import { TOKEN_SECRET, type TestApp, testApp } from '../support/app.ts'
import { until } from '../support/ask.ts'
import { root } from '../support/documents.ts'
import { onEveryEngine } from '../support/engines.ts'
import { TEST_KEY } from '../support/process.ts'
import { type Weather, startWeather } from '../support/weather.ts'

onEveryEngine('the package for Node', (engine) => {
  let app: TestApp
  let weather: Weather
  let waymark: Waymark
  beforeAll(async () => {
    app = await testApp(engine, { clock: { at: Date.now() } })
    weather = await startWeather(() => app.url, Date.now)
    waymark = connect({ server: `${weather.url}/`, key: TEST_KEY })
  })
  afterAll(async () => {
    await weather.close()
    await app.close()
  })
  /** The road is bad for the first try alone. */
  const badOnce = async <T>(scene: Weather['scene'], work: () => Promise<T>): Promise<T> => {
    const before = weather.tried.length
    weather.scene = scene
    const done = work()
    await until('it was tried', () => weather.tried.length > before)
    weather.scene = 'fair'
    return done
  }

  test('makes, changes, lists and counts links', async () => {
    const link = await waymark.links.make({ original_url: 'https://example.com/', link_function: 'LinkedIn', tracking_id: 'made' })
    expect(link).toMatchObject({ tracking_id: 'made', is_active: true, redirect_url: expect.stringMatching(/\/linkedin\?uuid=made$/) })
    const made = await waymark.links.makeAll([{ original_url: 'https://example.com/2' }, { original_url: 'not an address' }])
    expect(made).toMatchObject({ successful: 1, failed: 1, results: [{ success: true }, { success: false, field: 'original_url' }] })
    expect(await waymark.links.makeAll([{ original_url: 'none' }])).toMatchObject({ successful: 0, failed: 1 })
    expect(await waymark.links.change('made', { is_active: false })).toMatchObject({ tracking_id: 'made', is_active: false })
    expect((await waymark.links.list({ q: 'made', is_active: false, counts: true })).links).toMatchObject([{ tracking_id: 'made', clicks: 0 }])
    await waymark.sendClicks([{ tracking_id: 'made', click_source: 'linkedin' }])
    expect(await waymark.links.stats('made')).toMatchObject({ clicks: 1, by_click_source: [{ click_source: 'linkedin', clicks: 1 }] })
    await expect(waymark.links.make({ original_url: 'ftp://example.com' })).rejects.toMatchObject({ name: 'WaymarkError', status: 400, errors: [{ field: 'original_url' }] })
    await expect(waymark.links.stats('no/body')).rejects.toMatchObject({ status: 400 })
    await expect(waymark.links.stats('nobody')).rejects.toMatchObject({ status: 404 })
    await expect(connect({ server: app.url, key: 'wrong' }).links.list()).rejects.toMatchObject({ status: 401 })
    await expect(connect({ server: 'http://127.0.0.1:1', tries: 1 }).links.list()).rejects.toMatchObject({ status: 0, message: expect.stringMatching(/^No answer/) })
  })

  test.each(['half', 'half-closed', 'fails', 'someone else'] as const)('does once what it asks for twice (%s)', async (scene) => {
    const { projectKey } = (await app.post('/v1/projects', { name: 'shop' })).body as { projectKey: string }
    const { tracking_id } = await waymark.links.make({ original_url: 'https://example.com/' })
    expect(await badOnce(scene, () => waymark.sendClicks([{ tracking_id }, { tracking_id: 'a b' }]))).toMatchObject({ total: 2, successful: 1, failed: 1 })
    expect(await badOnce(scene, () => waymark.sendEvents(projectKey, [{ eventName: 'paid', userId: 'ada' }, { eventName: 'left', userId: 'ada' }]))).toMatchObject({ received: 2, errors: [] })
    expect((await waymark.links.stats(tracking_id)).clicks).toBe(1)
    expect((await app.get(`/v1/reports/overview?projectKey=${projectKey}`)).body).toMatchObject({ totalEvents: 2 })
    expect(await waymark.sendEvents(projectKey, [{ eventName: 'nobody' }])).toMatchObject({ received: 1, errors: [{ field: 'anonymousId' }] })
    await expect(waymark.sendEvents('000000000000', [{ eventName: 'x', userId: 'y' }])).rejects.toMatchObject({ status: 403 })
  })

  test('makes the tokens that the server reads', async () => {
    const { id } = (await app.post('/api/v1/leads', { email: 'ada@example.com' })).body as { id: number }
    const { id: campaign } = (await app.post('/api/v1/campaigns', { name: 'spring' })).body as { id: number }
    const { openUrl, unsubscribeUrl, clickUrl } = mailAddresses(`${app.url}/`, generateTrackingToken(campaign, id, TOKEN_SECRET, new Date(app.clock.at - 60_000)))
    expect((await app.click(openUrl)).status).toBe(200)
    expect((await app.get(`/api/v1/leads/${id}`)).body).toMatchObject({ email_opened: true })
    expect((await app.click(clickUrl('https://example.com/a?b=ä&c'))).status).toBe(400)
    expect((await app.click(unsubscribeUrl)).body).toContain('ada@example.com')
  })
})

describe('a token of the package for Node', () => {
  const SECRET = 'größer als zweiunddreißig Bytes, ja'
  const ids = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })

  test.skipIf(spawnSync('python3', ['--version']).status !== 0)('is byte for byte what the Python function gives', () => {
    const wanted = fc.sample(fc.tuple(ids, ids, fc.integer({ min: 0, max: 4e9 })), { numRuns: 200, seed: 7 })
    const script = `import sys\nsys.path.insert(0, sys.argv[1])\nfrom tracking_token import generate_tracking_token\nfor line in sys.stdin.read().splitlines():\n    print(generate_tracking_token(*map(int, line.split()[:2]), sys.argv[2], int(line.split()[2])))`
    const made = execFileSync('python3', ['-B', '-c', script, join(root, 'docs/guide/samples'), SECRET], { input: wanted.map((one) => one.join(' ')).join('\n') })
    expect(made.toString().trim().split('\n')).toEqual(wanted.map(([campaign, lead, at]) => generateTrackingToken(campaign, lead, SECRET, new Date(at * 1_000))))
  })

  test.each([[0, 1], [1, 0], [1.5, 1], [1, Number.NaN], [1, 2 ** 60]])('of campaign %d and lead %d is refused by its name', (campaign, lead) => {
    expect(() => generateTrackingToken(campaign, lead, SECRET)).toThrow(/^(campaignId|leadId) must be a whole number from 1 on/)
  })

  test('asks for a secret', () => expect(() => generateTrackingToken(1, 1, '')).toThrow('secret must be'))
})

describe('a webhook', () => {
  const [old, fresh] = [newSigningSecret(), newSigningSecret()] as const
  const body = JSON.stringify({ event_type: 'email_opened', timestamp: '2026-11-22T14:30:00.000Z', note: 'ä' })
  const now = new Date('2026-11-22T14:30:30Z')
  const at = (seconds: number): number => now.getTime() + seconds * 1_000
  const signed = (seconds = 0, secrets: readonly string[] = [old]) => signedHeaders('msg_1', at(seconds), body, secrets)

  test('that is genuine is read, from Node’s headers and from those of fetch, as text and as bytes', () => {
    expect(verifyWebhook(signed(), body, old, { now })).toEqual(JSON.parse(body))
    expect(verifyWebhook(new Headers(signed()), Buffer.from(body), old, { now })).toEqual(JSON.parse(body))
    // Standard Webhooks, the example of its libraries.
    const headers = { 'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek', 'webhook-timestamp': '1614265330', 'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=' }
    expect(verifyWebhook(headers, '{"test": 2432232314}', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', { now: new Date(1_614_265_330_000) })).toEqual({ test: 2432232314 })
  })

  test('is read while secrets rotate, on either side', () => {
    expect(verifyWebhook(signed(0, [fresh, old]), body, old, { now })).toEqual(JSON.parse(body))
    expect(verifyWebhook(signed(0, [fresh]), body, [old, fresh], { now })).toEqual(JSON.parse(body))
    expect(verifyWebhook({ ...signed(), 'webhook-signature': `v2,abc v1a,def ${signed()['webhook-signature']}` }, body, old, { now })).toEqual(JSON.parse(body))
  })

  test.each<[string, Record<string, string>, string, string | string[], RegExp]>([
    ['of another secret', signed(), body, fresh, /No signature/],
    ['with another body', signed(), `${body} `, old, /No signature/],
    ['with another id', { ...signed(), 'webhook-id': 'msg_2' }, body, old, /No signature/],
    ['with a cut signature', { ...signed(), 'webhook-signature': (signed()['webhook-signature'] as string).slice(0, -4) }, body, old, /No signature/],
    ['with no signature of this version', { ...signed(), 'webhook-signature': 'v2,abc' }, body, old, /No signature/],
    ['from long ago', signed(-301), body, old, /within 300 seconds/],
    ['from the future', signed(301), body, old, /within 300 seconds/],
    ['with no time', { ...signed(), 'webhook-timestamp': 'now' }, body, old, /webhook-timestamp is not/],
    ['without its id', { ...signed(), 'webhook-id': '' }, body, old, /webhook-id is missing/],
    ['for which there are no secrets', signed(), body, [], /No signature/],
  ])('%s is refused', (_, headers, text, secrets, reason) => {
    expect(() => verifyWebhook(headers, text, secrets, { now })).toThrow(reason)
  })

  test('has a tolerance of one’s choice, and no empty secret', () => {
    expect(verifyWebhook(signed(-400), body, old, { now, toleranceSeconds: 600 })).toEqual(JSON.parse(body))
    expect(() => verifyWebhook(signed(), body, 'whsec_', { now })).toThrow('A secret of a webhook is')
  })
})
