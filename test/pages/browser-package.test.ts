import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { VERSION } from '../../src/app.ts'
import { testApp } from '../support/app.ts'
import { until } from '../support/ask.ts'
import { browserPath, startBrowser } from '../support/browser.ts'
import { root } from '../support/documents.ts'
import { onEngine } from '../support/engines.ts'
import { run } from '../support/run.ts'
import { startSite } from '../support/site.ts'

const SOURCE = join(root, 'clients/browser')

/** Somebody's app, as the guide shows it. */
const APP = (server: string, project: string) => `
import { StrictMode, useEffect } from 'react'
import { createRoot } from 'react-dom/client'
import { LinkTracker, useLinkTracking } from '@waymark/browser/react'
import { LinkTrackingService, type Settings } from '@waymark/browser'

const settings: Settings = { server: '${server}', project: '${project}', pageviews: true }
document.title = LinkTrackingService.generateTrackingLink('partner_john')

function Offer() {
  const { visit, track, trackOutboundClick } = useLinkTracking()
  useEffect(() => track('offer_shown', { price: 1 }), [])
  return <button onClick={() => visit && trackOutboundClick(visit.referrer, 'https://kickstarter.com/x', visit.campaign)}>{visit ? 'Thanks to ' + visit.referrer : 'Hello'}</button>
}

createRoot(document.body.appendChild(document.createElement('main'))).render(<StrictMode><LinkTracker {...settings}><Offer /></LinkTracker></StrictMode>)
`

describe('the npm package @waymark/browser', () => {
  /** A project of somebody's, in which the packed package is installed. */
  let folder: string
  let installed: string
  const done = async (command: string, ...args: string[]): Promise<void> => {
    const { code, err } = await run(command, args, { cwd: folder, env: { HOME: folder } })
    if (code !== 0) throw new Error(`${command} ${args[0]}: ${err}`)
  }
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waymark-package-'))
    installed = join(folder, 'node_modules/@waymark/browser')
    await mkdir(installed, { recursive: true })
    await done('npm', 'pack', SOURCE, '--pack-destination', folder)
    await done('tar', '-xzf', join(folder, `waymark-browser-${VERSION}.tgz`), '-C', installed, '--strip-components=1')
    await mkdir(join(folder, 'node_modules/@types'))
    for (const name of ['react', 'react-dom', 'scheduler', 'csstype', '@types/react', '@types/react-dom']) await symlink(join(root, 'node_modules', name), join(folder, 'node_modules', name))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('holds what it promises, and nothing else', async () => {
    const files = (await readdir(installed, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1))
    const built = ['ids', 'index', 'keeper', 'page', 'queue', 'react'].flatMap((name) => [`dist/${name}.d.ts`, `dist/${name}.js`])
    expect(files.sort()).toEqual(['LICENSE', 'README.md', ...built, 'package.json'])
    const pack = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as { version: string; exports: Record<string, Record<string, string>>; dependencies?: object; scripts?: object }
    expect([pack.version, pack.dependencies, pack.scripts]).toEqual([VERSION, undefined, undefined])
    expect(Object.values(pack.exports).flatMap(Object.values).filter((path) => !files.includes(path.slice(2)))).toEqual([])
    expect(await readFile(join(installed, 'LICENSE'), 'utf8')).toBe(await readFile(join(root, 'LICENSE'), 'utf8'))
  })

  test('is imported on a server without doing anything', async () => {
    const said = `import { start, track, LinkTrackingService as s } from '@waymark/browser'; start({ server: 'http://127.0.0.1:1' }); track('x'); console.log(s.generateTrackingLink('a', 'b', 'https://example.com'))`
    expect(await run(process.execPath, ['--input-type=module', '-e', said], { cwd: folder })).toEqual({ code: 0, out: 'https://example.com/?ref=a&campaign=b\n', err: '' })
  })

  onEngine('duckdb', 'in an app of React', (engine) => {
    test.skipIf(browserPath === null)('has types that fit, and captures each visit once', { timeout: 60_000 }, async () => {
      const site = await startSite()
      const app = await testApp(engine, { env: { ALLOWED_ORIGINS: site.origin }, clock: { at: Date.now() } })
      const { projectKey } = (await app.post('/v1/projects', { name: 'app' })).body as { projectKey: string }
      await writeFile(join(folder, 'app.tsx'), APP(app.url, projectKey))
      const compiled = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '--strict', '--jsx', 'react-jsx', '--target', 'es2022', '--module', 'esnext', '--moduleResolution', 'bundler', '--types', '', 'app.tsx'], { cwd: folder })
      expect(compiled).toMatchObject({ code: 0, out: '' })
      const made = (await build({ root: folder, configFile: false, logLevel: 'silent', define: { 'process.env.NODE_ENV': '"development"' }, build: { write: false, minify: false, lib: { entry: 'app.tsx', name: 'app', formats: ['iife'] } } })) as { output: { code: string }[] }[]
      site.html = `<!doctype html><title>App</title><body><script>${made[0]?.output[0]?.code}</script>`
      const browser = await startBrowser()
      try {
        const page = await browser.newPage()
        await page.goto(`${site.origin}/offer?ref=partner_john&campaign=launch`)
        await page.getByRole('button', { name: 'Thanks to partner_john' }).click()
        expect(await page.title()).toBe(`${site.origin}/?ref=partner_john`)
        await until('nothing waits', () => page.evaluate(`!Object.keys(localStorage).some((name) => name.startsWith('waymark http'))`))
        const { events } = (await app.get('/api/tracking/referrer/partner_john', { as: 'admin' })).body as { events: { eventType: string; landingPage: string }[] }
        expect(events.map(({ eventType, landingPage }) => `${eventType} ${landingPage}`).sort()).toEqual(['inbound /offer', 'outbound /offer'])
        // React runs effects twice in development, in StrictMode.
        expect((await app.get(`/v1/reports/top-events?projectKey=${projectKey}`)).body).toMatchObject({ events: [{ eventName: 'offer_shown', count: 2 }, { eventName: 'page_view', count: 1 }] })
      } finally {
        await browser.close()
        await app.close()
        await site.close()
      }
    })
  })
})
