import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testApp } from '../support/app.ts'
import { root } from '../support/documents.ts'
import { onEveryEngine } from '../support/engines.ts'
import { exportedNames } from '../support/exported.ts'
import { TEST_KEY } from '../support/process.ts'
import { startProxy } from '../support/proxy.ts'
import { between, randomFrom, seedOf } from '../support/random.ts'

const kills = process.env.ASSURE === '1' ? 100 : 6
const BETWEEN_MS = 400

onEveryEngine('a service that records with the package for Node', (engine) => {
  // CLIENT_SEED repeats a run.
  test(`killed ${kills} times on a road that swallows answers loses nothing and doubles nothing`, { timeout: kills * 60_000 + 120_000 }, async () => {
    const seed = seedOf('CLIENT_SEED')
    const random = randomFrom(seed)
    const app = await testApp(engine, { env: { RATE_LIMIT_EVENTS: '1000000' }, clock: { at: Date.now() } })
    const road = await startProxy(Number(new URL(app.url).port), () => random() < 0.2)
    const folder = await mkdtemp(join(tmpdir(), 'waymark-client-'))
    const ledger = join(folder, 'ledger')
    await Promise.all([ledger, `${ledger}.tried`].map((path) => writeFile(path, '')))
    await app.given.link({ tracking_id: 'one' })
    const { projectKey } = (await app.post('/v1/projects', { name: 'shop' })).body as { projectKey: string }
    const services: ChildProcess[] = []
    const start = (run: number, mode = ''): ChildProcess => {
      const service = spawn(process.execPath, [join(root, 'build/test/support/recorder-run.js')], {
        env: { SERVER: `http://127.0.0.1:${road.port}`, KEY: TEST_KEY, PROJECT: projectKey, FOLDER: join(folder, 'journal'), RUN: String(run), LEDGER: ledger, MODE: mode },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      services.push(service)
      return service
    }
    try {
      for (let run = 0; run < kills; run++) {
        const recording = start(run)
        // What it writes is that it has begun to record.
        await once(recording.stdout as NonNullable<ChildProcess['stdout']>, 'data')
        // The random moment itself: nothing is waited for here.
        await new Promise((resolve) => setTimeout(resolve, random() * BETWEEN_MS))
        recording.kill('SIGKILL')
        await once(recording, 'exit')
        if (between(random, 0, 4) === 0) await road.cut()
        else await road.restore()
      }
      await road.restore()
      expect(await once(start(kills, 'drain'), 'exit')).toEqual([0, null])
      const lines = async (path: string): Promise<string[]> => (await readFile(path, 'utf8')).split('\n').filter(Boolean)
      const [kept, tried] = [await lines(ledger), new Set(await lines(`${ledger}.tried`))]
      const stored = await exportedNames(app)
      const there = new Set(stored)
      const figures = { lost: kept.filter((name) => !there.has(name)).length, twice: stored.length - there.size, foreign: stored.filter((name) => !tried.has(name)).length }
      console.log(`${engine.name}, ${kills} kills, ${road.swallowed} answers swallowed: ${kept.length} kept, ${stored.length} stored; ${JSON.stringify(figures)}`)
      expect(figures).toEqual({ lost: 0, twice: 0, foreign: 0 })
      expect(kept.length).toBeGreaterThan(kills * 2)
    } finally {
      for (const service of services) service.kill('SIGKILL')
      await road.close()
      await app.close()
      await rm(folder, { recursive: true, force: true })
    }
  })
})
