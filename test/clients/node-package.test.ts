import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { VERSION } from '../../src/app.ts'
import { until } from '../support/ask.ts'
import { page, root } from '../support/documents.ts'
import { TEST_KEY, type ServerProcess, startServer } from '../support/process.ts'
import { run } from '../support/run.ts'

const SOURCE = join(root, 'clients/node')
const tsc = join(root, 'node_modules/typescript/bin/tsc')

describe('the npm package @waymark/node', () => {
  /** A project of somebody's, in which the packed package is installed. */
  let folder: string
  let installed: string
  let server: ServerProcess
  const done = async (command: string, ...args: string[]): Promise<void> => {
    const { code, err } = await run(command, args, { cwd: folder, env: { HOME: folder } })
    if (code !== 0) throw new Error(`${command} ${args[0]}: ${err}`)
  }
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waymark-package-'))
    installed = join(folder, 'node_modules/@waymark/node')
    await mkdir(installed, { recursive: true })
    await mkdir(join(folder, 'data'))
    server = await startServer({ dataDir: join(folder, 'data') })
    await done('npm', 'pack', SOURCE, '--pack-destination', folder)
    await done('tar', '-xzf', join(folder, `waymark-node-${VERSION}.tgz`), '-C', installed, '--strip-components=1')
    await mkdir(join(folder, 'node_modules/@types'))
    for (const name of ['@types/node', 'undici-types']) await symlink(join(root, 'node_modules', name), join(folder, 'node_modules', name))
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  })
  afterAll(async () => {
    await server.end('SIGTERM')
    await rm(folder, { recursive: true, force: true })
  })

  test('holds what it promises, and nothing else', async () => {
    const files = (await readdir(installed, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1))
    const built = (await readdir(join(SOURCE, 'src'))).flatMap((name) => [`dist/${name.replace(/\.ts$/, '.d.ts')}`, `dist/${name.replace(/\.ts$/, '.js')}`])
    expect(files.sort()).toEqual(['LICENSE', 'README.md', ...built, 'package.json'].sort())
    const pack = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as { version: string; engines: object; exports: Record<string, Record<string, string>>; dependencies?: object; scripts?: object }
    const own = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { engines: object }
    expect([pack.version, pack.engines, pack.dependencies, pack.scripts]).toEqual([VERSION, own.engines, undefined, undefined])
    expect(Object.values(pack.exports).flatMap(Object.values).filter((path) => !files.includes(path.slice(2)))).toEqual([])
    expect(await readFile(join(installed, 'LICENSE'), 'utf8')).toBe(await readFile(join(root, 'LICENSE'), 'utf8'))
  })

  test('does what its guide shows, with types that fit', { timeout: 120_000 }, async () => {
    const { projectKey } = (await (await fetch(`${server.url}/v1/projects`, { method: 'POST', headers: { 'x-api-key': TEST_KEY, 'content-type': 'application/json' }, body: '{"name":"shop"}' })).json()) as { projectKey: string }
    const blocks = (await page('docs/guide/node.md')).blocks.filter(({ lang }) => lang === 'ts')
    expect(blocks.length).toBeGreaterThan(3)
    const shown = blocks.map(({ text }) => text).join('\n').replaceAll('http://127.0.0.1:8080', server.url).replaceAll('a1b2c3d4e5f6', projectKey)
    await writeFile(join(folder, 'guide.ts'), shown)
    const compiled = await run(process.execPath, [tsc, '--strict', '--target', 'es2023', '--module', 'nodenext', '--types', 'node', 'guide.ts'], { cwd: folder })
    expect(compiled).toMatchObject({ code: 0, out: '' })
    const secret = 'a secret of at least thirty-two bytes'
    const ended = await run(process.execPath, ['guide.js'], { cwd: folder, env: { WAYMARK_KEY: TEST_KEY, TRACKING_TOKEN_SECRET: secret, WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' } })
    expect([ended.code, ended.err]).toEqual([0, ''])
    const overview = async (): Promise<unknown> => (await fetch(`${server.url}/v1/reports/overview?projectKey=${projectKey}`, { headers: { 'x-api-key': TEST_KEY } })).json()
    await until('the event is there', async () => ((await overview()) as { totalEvents: number }).totalEvents === 1)
  })
})
