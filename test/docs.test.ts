import { readFile, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { SETTINGS } from '../src/config.ts'
import { brokenLinks, exampleSettings, page, pages, projectFiles, root } from './support/documents.ts'

const all = await pages()
const files = await projectFiles()
const guides = all.filter(({ path }) => path.startsWith('docs/guide/'))
const pack: { scripts: Record<string, string>; dependencies: Record<string, string>; devDependencies: Record<string, string> } = JSON.parse(
  await readFile(join(root, 'package.json'), 'utf8'),
)

/** What is written like a file of the project, or like a folder in it. */
const fileName = /^[\w.-]+(\/[\w.-]+)*\.(md|json|[cm]?[jt]s|py|example)$|^(src|test|docs|scripts|bench)(\/[\w.-]+)*$/

/** Variables of the guide's own examples, of docker-compose.yml and of the tests, which are no settings. */
const otherVariables = ['WAYMARK_URL', 'WAYMARK_KEY', 'WAYMARK_TOKEN', 'LINKS_FILE', 'WEBHOOK_SECRET', 'BALANCER_PORT', 'UV_THREADPOOL_SIZE']

describe.each(all)('$path', (from) => {
  test('has no broken link', () => {
    expect(brokenLinks(from, all, files)).toEqual([])
  })

  test('names files that exist', () => {
    const names = new Set([...files].map((path) => basename(path)))
    const named = from.spans.map((span) => span.replace(/\/$/, '')).filter((span) => fileName.test(span) && !(span in pack.dependencies))
    expect(named.filter((span) => !files.has(span) && !names.has(span))).toEqual([])
  })

  test('names commands that exist', () => {
    const named = [...from.text.matchAll(/\bnpm (?:run )?([a-z:]+)/g)].map((match) => match[1] as string)
    expect(named.filter((name) => !(name in pack.scripts) && !['ci', 'install', 'link', 'may', 'pack', 'package'].includes(name))).toEqual([])
  })

  test('names settings that exist', () => {
    const named = from.spans.flatMap((span) => /^([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=.*)?$/.exec(span)?.[1] ?? [])
    expect(named.filter((name) => !(name in SETTINGS) && !otherVariables.includes(name))).toEqual([])
  })
})

describe('the guide', () => {
  const folder = join(root, 'docs/guide')

  test('names every sample, shows samples and templates as they are, and no other code', async () => {
    const blocks = guides.flatMap((guide) => guide.blocks)
    const shown = blocks.filter(({ lang }) => ['js', 'python'].includes(lang)).map(({ text }) => text)
    const names = (await readdir(join(folder, 'samples'))).sort()
    const samples = await Promise.all(names.map((name) => readFile(join(folder, 'samples', name), 'utf8')))
    expect(shown.filter((text) => !samples.includes(text))).toEqual([])
    expect(names.filter((name) => !guides.some(({ text }) => text.includes(name)))).toEqual([])
    const templates = await Promise.all(['request-minimal.json', 'request-full.json'].map((name) => readFile(join(folder, name), 'utf8')))
    const json = blocks.filter(({ lang }) => lang === 'json').map(({ text }) => text)
    expect(templates.filter((text) => !json.includes(text))).toEqual([])
  })

  test.each(guides)('lists each section of $path at its top', (guide) => {
    const sections = [...guide.text.matchAll(/^## (.*)$/gm)].map((match) => match[1])
    expect([...guide.text.matchAll(/^- \[(.*)\]\(#.*\)$/gm)].map((match) => match[1])).toEqual(sections)
  })
})

describe('.env.example', () => {
  test('has every setting once, explained', async () => {
    const shown = await exampleSettings()
    expect(shown.map(({ name }) => name).sort()).toEqual(Object.keys(SETTINGS).sort())
    expect(shown.filter(({ explained }) => !explained)).toEqual([])
  })

  test('shows every default', async () => {
    const unset = (value: unknown): boolean => value === null || (Array.isArray(value) && value.length === 0)
    const shown = Object.fromEntries((await exampleSettings()).map(({ name, value }) => [name, value === '' ? 'unset' : SETTINGS[name as keyof typeof SETTINGS].read(value)]))
    expect(shown).toEqual(Object.fromEntries(Object.entries(SETTINGS).map(([name, { default: fallback }]) => [name, unset(fallback) ? 'unset' : fallback])))
  })

  test('changes nothing as it is', async () => {
    const text = await readFile(join(root, '.env.example'), 'utf8')
    expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([])
  })
})

describe('the decisions', () => {
  const decisions = all.filter(({ path }) => path.startsWith('docs/decisions/'))

  test('are numbered without a gap, each under its own number', () => {
    expect(decisions.map(({ path }) => Number(basename(path).slice(0, 4)))).toEqual(decisions.map((_, at) => at + 1))
    expect(decisions.filter(({ path, text }) => !text.startsWith(`# ${basename(path).slice(0, 4)} `)).map(({ path }) => path)).toEqual([])
  })

  test('say what was turned down, in a page', () => {
    expect(decisions.filter(({ text }) => !/turned down/i.test(text)).map(({ path }) => path)).toEqual([])
  })

  test('give every dependency its reason, and no other', async () => {
    const { text } = await page('docs/decisions/0007-dependencies.md')
    const [server = '', workshop = ''] = text.split('## For those who work on it')
    const listed = (part: string): string[] => [...part.matchAll(/^\| (`.*?) \|/gm)].flatMap((row) => [...(row[1] as string).matchAll(/`([^`]+)`/g)].map((name) => name[1] as string)).sort()
    expect(listed(server)).toEqual(Object.keys(pack.dependencies).sort())
    expect(listed(workshop)).toEqual(Object.keys(pack.devDependencies).sort())
  })
})
