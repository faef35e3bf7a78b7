import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Recorder, type RecorderSettings, openRecorder } from '../../clients/node/src/index.ts'
import { type TestApp, testApp } from '../support/app.ts'
import { until } from '../support/ask.ts'
import { waymark } from '../support/commands.ts'
import { onEngine } from '../support/engines.ts'
import { exportedNames } from '../support/exported.ts'
import { TEST_KEY } from '../support/process.ts'
import { type Weather, startWeather } from '../support/weather.ts'

// Each engine keeps an event once by itself, which test/crash/node-client.test.ts shows; the way there is the same.
onEngine('duckdb', 'a recorder of the package for Node', (engine) => {
  let app: TestApp
  let weather: Weather
  let folder: string
  let project: string
  let recorder: Recorder
  /** What the recorder said. */
  let said: string[]

  beforeEach(async () => {
    app = await testApp(engine, { env: { RATE_LIMIT_EVENTS: '1000000' }, clock: { at: Date.now() } })
    weather = await startWeather(() => app.url, () => performance.now())
    folder = await mkdtemp(join(tmpdir(), 'waymark-client-'))
    await app.given.link({ tracking_id: 'one' })
    project = ((await app.post('/v1/projects', { name: 'shop' })).body as { projectKey: string }).projectKey
    said = []
  })
  afterEach(async () => {
    await recorder.close(0)
    await weather.close()
    await app.close()
    await rm(folder, { recursive: true, force: true })
  })

  const start = async (settings: Partial<RecorderSettings> = {}): Promise<void> => {
    recorder = await openRecorder({ server: weather.url, key: TEST_KEY, folder, batchWaitMs: 100, told: (message) => said.push(message), ...settings })
  }
  /** Records so many clicks and as many events of the project; each has a name of its own. All must be kept. */
  const record = async (name: string, count: number): Promise<string[]> => {
    const names = Array.from({ length: count }, (_, at) => `https://from.example/${name}/${at}`)
    const kept = await Promise.all(names.flatMap((one) => [recorder.click({ tracking_id: 'one', referrer_url: one }), recorder.track(project, { eventName: `event ${one}`, anonymousId: 'x' })]))
    expect(kept.filter((one) => !one)).toEqual([])
    return names.flatMap((one) => [one, `event ${one}`])
  }
  const drained = (): Promise<unknown> => until('nothing waits', () => recorder.waiting.events === 0, 60_000)
  const deadLetters = async (): Promise<Record<string, unknown>[]> => (await readFile(join(folder, 'dead-letters.ndjson'), 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)

  test('sends in batches: when a hundred wait, when the oldest has waited long enough, and when it is asked to', async () => {
    await start({ batchWaitMs: 3_600_000 })
    await record('few', 99)
    expect([weather.tried.length, recorder.waiting.events]).toEqual([0, 198])
    await record('full', 1)
    await drained()
    expect(weather.tried.map(({ events }) => events)).toEqual([100, 100])
    await record('asked', 1)
    expect([await recorder.flush(), weather.tried.length]).toEqual([true, 4])
    await recorder.close()
    await start({ batchWaitMs: 50 })
    await record('late', 2)
    await drained()
    expect(weather.tried.slice(4).map(({ events }) => events)).toEqual([2, 2])
  })

  test('loses and doubles nothing on a bad road, obeys Retry-After, and sends up to 500 at once afterwards', { timeout: 120_000 }, async () => {
    await start()
    const names = await record('before', 20)
    for (const scene of ['down', 'half-closed', 'half', 'fails', 'someone else', 'limits'] as const) {
      weather.scene = scene
      weather.retryAfter = scene === 'limits' ? 3 : null
      const from = weather.tried.length
      names.push(...(await record(scene, scene === 'down' ? 510 : 30)))
      await until('both ways were tried', () => new Set(weather.tried.slice(from).flatMap((one) => (one.scene === scene ? [one.path] : []))).size === 2, 60_000)
      weather.scene = 'fair'
      await drained()
    }
    for (const path of ['/api/tracking-ingest/batch', '/v1/events/batch']) {
      const tries = weather.tried.filter((one) => one.path === path)
      const last = tries.findLastIndex(({ scene }) => scene === 'limits')
      expect((tries[last + 1]?.at ?? 0) - (tries[last]?.at ?? 0)).toBeGreaterThanOrEqual(3_000)
    }
    expect(Math.max(...weather.tried.map(({ events }) => events))).toBe(500)
    const stored = await exportedNames(app)
    const figures = { sent: names.length, lost: names.filter((name) => !stored.includes(name)).length, twice: stored.length - new Set(stored).size, tries: weather.tried.length }
    console.log(`${engine.name}: ${JSON.stringify(figures)}`)
    expect(figures).toMatchObject({ lost: 0, twice: 0 })
    expect(said.filter((one) => one.startsWith('events wait in the journal')).length).toBeGreaterThan(1)
    expect(said.filter((one) => one === 'the server takes events again').length).toBeGreaterThan(1)
  })

  test('goes on where the one before it ended, with the server away all the while', async () => {
    weather.scene = 'down'
    await start()
    const names = await record('left', 30)
    await recorder.close(0)
    await start()
    names.push(...(await record('right', 5)))
    expect([recorder.waiting.events, await recorder.flush(0)]).toEqual([70, false])
    weather.scene = 'fair'
    await drained()
    expect((await exportedNames(app)).sort()).toEqual(names.sort())
  })

  test('buries what the server refuses, each with its reason, and costs the neighbours nothing', async () => {
    await start()
    await recorder.click({ tracking_id: 'an id with spaces', referrer_url: 'https://from.example/bad' })
    await recorder.track(project, { eventName: 'nobody' })
    await recorder.track('000000000000', { eventName: 'of no project', userId: 'ada' })
    const names = await record('good', 3)
    await drained()
    const letters = (await deadLetters()).map(({ refused, tracking_id, projectKey, eventName }) => ({ of: tracking_id ?? projectKey, eventName, ...(refused as object) }))
    expect(letters).toHaveLength(3)
    expect(letters).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ of: 'an id with spaces', field: 'tracking_id' }),
        expect.objectContaining({ of: project, eventName: 'nobody', field: 'anonymousId', error: 'is required where there is no userId' }),
        expect.objectContaining({ of: '000000000000', field: 'projectKey', error: "Project with key '000000000000' not found" }),
      ]),
    )
    expect(said.filter((one) => one.includes('were refused for good'))).toHaveLength(3)
    expect((await exportedNames(app)).sort()).toEqual(names.sort())
  })

  test('halves what is too large, and what of it is too large alone can be imported', async () => {
    weather.scene = 'too large'
    await start()
    const names = (await record('heavy', 3)).sort()
    await drained()
    expect((await deadLetters()).map(({ referrer_url, eventName }) => referrer_url ?? eventName).sort()).toEqual(names)
    await app.stop()
    expect((await waymark(app.store, ['import', join(folder, 'dead-letters.ndjson')])).out).toBe('6 stored, 0 were here already, 0 refused.\n')
  })

  test('loses nothing to a wrong key', async () => {
    await start({ key: 'wrong' })
    const names = await record('waits', 4)
    await until('it was told', () => said.length > 0)
    expect(said).toEqual(['events wait in the journal: the server answers 401'])
    await recorder.close(0)
    await start()
    await drained()
    expect((await exportedNames(app)).sort()).toEqual(names.sort())
  })

  test('says of each whether it is kept: at its bound those before stay, later ones are refused', async () => {
    weather.scene = 'down'
    await start({ journalMaxBytes: 1024 * 1024 })
    const names = Array.from({ length: 1_500 }, (_, at) => `https://from.example/${at}/${'x'.repeat(900)}`)
    const kept = await Promise.all(names.map((referrer_url) => recorder.click({ tracking_id: 'one', referrer_url })))
    const most = kept.indexOf(false)
    expect([most > 500, kept.slice(most).some(Boolean), recorder.waiting.bytes <= 1024 * 1024]).toEqual([true, false, true])
    expect(said.filter((one) => one.startsWith('events are not recorded'))).toEqual(['events are not recorded: The journal has reached its bound of 1048576 bytes'])
    weather.scene = 'fair'
    await drained()
    expect(await recorder.click({ tracking_id: 'one', referrer_url: 'https://from.example/again' })).toBe(true)
    await drained()
    expect((await exportedNames(app)).sort()).toEqual([...names.slice(0, most), 'https://from.example/again'].sort())
  })

  test('refuses settings that are none, a folder that is taken, and work after its end', async () => {
    await start()
    await expect(openRecorder({ server: weather.url, folder })).rejects.toThrow(/Another process records into/)
    const wrong: [Partial<RecorderSettings>, string][] = [
      [{ journalMaxBytes: 1_000 }, 'journalMaxBytes'],
      [{ batchEvents: 0 }, 'batchEvents'],
      [{ batchEvents: 501 }, 'batchEvents'],
      [{ batchWaitMs: -1 }, 'batchWaitMs'],
      [{ server: 'waymark' }, 'server'],
    ]
    for (const [settings, name] of wrong) await expect(openRecorder({ server: weather.url, folder: `${folder}-other`, ...settings })).rejects.toThrow(new RegExp(`^${name} must be`))
    await recorder.close()
    await expect(recorder.click({ tracking_id: 'one' })).rejects.toThrow('The recorder is closed')
  })
})
