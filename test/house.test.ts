import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative, sep } from 'node:path'
import { cruise, type IConfiguration, type ICruiseResult } from 'dependency-cruiser'
import { describe, expect, test } from 'vitest'
import { lockBreaches, readSource, textRules } from './support/house.ts'

type House = Record<string, string>

const root = join(import.meta.dirname, '..')
const config: IConfiguration = createRequire(import.meta.url)('../.dependency-cruiser.cjs')
const importRules = (config.forbidden ?? []).map((rule) => String(rule.name))
const rooms = importRules.filter((name) => name.startsWith('order-')).map((name) => name.slice('order-'.length))

describe('the house', () => {
  test('stands in the order that the plan shows', () => {
    expect(rooms.join(' → ')).toBe(
      'core → store → http → capture → accounts → ingest → reports → product → links → tracking → email → partners → webhooks → privacy → edge → cli',
    )
  })

  test('keeps every rule about imports', async () => {
    expect(await importBreaches(root)).toEqual([])
  })

  test.each(textRules)('$name', async ({ covers, breaches }) => {
    const found: string[] = []
    for (const path of (await files(root)).filter(covers)) {
      const text = await readFile(join(root, path), 'utf8')
      found.push(...breaches(readSource(path, text)).map((breach) => `${path}: ${breach}`))
    }
    expect(found).toEqual([])
  })

  test('its lock file vouches for every package and names no host', async () => {
    expect(lockBreaches(await readFile(join(root, 'package-lock.json'), 'utf8'))).toEqual([])
  })
})

describe('each rule about imports can fail', () => {
  const door = (name: string) => `export const ${name} = 1\n`
  const examples: [rule: string, house: House][] = [
    // Each room in turn reaches for its neighbour on the right; the last one for the plan itself.
    ...rooms.map((room, place): [string, House] => {
      const right = rooms[place + 1]
      const target = right === undefined ? 'app.ts' : `${right}/index.ts`
      return [`order-${room}`, { [`src/${room}/index.ts`]: `import '../${target}'\n`, [`src/${target}`]: door('x') }]
    }),
    ['order-core', { 'src/core/ids.ts': "import type { X } from '../cli/index.ts'\nexport const x: X = 1\n", 'src/cli/index.ts': 'export type X = 1\n' }],
    ['order-store', { 'src/store/a.test.ts': "export * from '../links/index.ts'\n", 'src/links/index.ts': door('x') }],
    ['order-http', { 'src/http/a.ts': "export const x = () => import('../config.ts')\n", 'src/config.ts': door('x') }],
    ['room-unknown', { 'src/main.ts': "import './attic/index.ts'\n", 'src/attic/index.ts': door('x') }],
    ['doors', { 'src/links/link.ts': "import '../ingest/journal.ts'\n", 'src/ingest/journal.ts': door('x') }],
    ['doors-from-the-plan', { 'src/app.ts': "import './links/routes.ts'\n", 'src/links/routes.ts': door('x') }],
    ['no-cycles', { 'src/core/a.ts': "export * from './b.ts'\n", 'src/core/b.ts': "import type { X } from './a.ts'\nexport type Y = X\n" }],
    ['server-alone', { 'src/app.ts': "import '../test/support/engines.ts'\n", 'test/support/engines.ts': door('x') }],
    ['server-alone', { 'src/app.ts': "import '../bench/main.ts'\n", 'bench/main.ts': door('x') }],
    ['server-alone', { 'src/app.ts': "import '../web/main.ts'\n", 'web/main.ts': door('x') }],
    ['server-alone', { 'src/core/a.ts': "import './b.test.ts'\n", 'src/core/b.test.ts': door('x') }],
    ['tests-alone', { 'src/core/a.test.ts': "import '../../bench/main.ts'\n", 'bench/main.ts': door('x') }],
    ['no-dev-dependency', { 'src/core/a.ts': "import 'vitest'\n", ...installed('vitest', 'devDependencies') }],
    ['resolvable', { 'src/core/a.ts': "import './nowhere.ts'\n" }],
  ]

  test.each(examples)('%s, example %#', async (rule, house) => {
    expect((await breachesOf(house)).map((breach) => breach.split(':')[0])).toEqual([rule])
  })

  test('all of them were tried', () => {
    expect(new Set(examples.map(([rule]) => rule))).toEqual(new Set(importRules))
  })

  test('a house that keeps them has no breach', async () => {
    const house: House = {
      'src/main.ts': "import { app } from './app.ts'\napp()\n",
      'src/app.ts': "import { ids } from './core/ids.ts'\nimport { links } from './links/index.ts'\nexport const app = () => [ids, links]\n",
      'src/core/ids.ts': "import 'pg'\n" + door('ids'),
      'src/ingest/index.ts': "export { ids } from '../core/ids.ts'\n",
      'src/links/index.ts': "import { ids } from '../ingest/index.ts'\nimport type { L } from './link.ts'\nexport const links: L = ids\n",
      'src/links/link.ts': 'export type L = number\n',
      'src/links/link.test.ts': "import type { L } from './link.ts'\nimport '../../test/support/app.ts'\nexport type M = L\n",
      'test/support/app.ts': "import '../../src/app.ts'\n",
      ...installed('pg', 'dependencies'),
    }
    expect(await breachesOf(house)).toEqual([])
  })
})

describe('each rule about a file can fail', () => {
  const long = 'const x = 1\n'.repeat(301)
  const cases: Record<string, { bad: [path: string, text: string][]; good: [path: string, text: string][] }> = {
    'no file over 300 lines': {
      bad: [['src/a.ts', long], ['test/a.test.ts', long], ['bench/a.ts', long], ['web/a.tsx', long], ['clients/a.ts', long]],
      good: [['src/a.ts', long.slice('const x = 1\n'.length)], ['src/a.ts', '']],
    },
    'only src/config.ts reads process.env': {
      bad: [
        ['src/app.ts', 'const port = process.env.PORT'],
        ['src/app.ts', "const port = process['env'].PORT"],
        ['src/app.ts', 'const { env } = process'],
        ['src/core/a.test.ts', 'const all = { ...process.env }'],
        ['src/core/a.ts', "import { env } from 'node:process'"],
      ],
      good: [['src/config.ts', 'process.env.PORT'], ['src/app.ts', "// process.env\nconst said = 'process.env'; process.exit(1)"], ['test/a.ts', 'process.env.PORT']],
    },
    'SQL only in store.ts, src/store/ and src/reports/': {
      bad: [
        ['src/links/link.ts', "const q = 'select id from links'"],
        ['src/links/routes.ts', 'const q = `\n  SELECT ${columns}\n  FROM links`'],
        ['src/links/link.ts', "const q = 'select 1'"],
        ['src/links/link.ts', "const q = 'select count(*)'"],
        ['src/links/link.ts', "const q = 'insert into links values ($1)'"],
        ['src/links/link.ts', 'const q = `update ${table} set a = 1`'],
        ['src/links/link.ts', "const q = 'delete from links'"],
        ['src/links/link.ts', "const q = 'create unique index i on links (id)'"],
        ['src/links/link.ts', "const q = 'with recent (id) as (select 1) select id from recent'"],
        ['src/links/restore.ts', "const q = 'drop table links'"],
      ],
      good: [
        ['src/links/store.ts', "const q = 'select id from links'"],
        ['src/store/open.ts', "const q = 'select id from links'"],
        ['src/reports/compile.ts', "const q = 'with a as (select 1) select 1'"],
        ['src/links/link.test.ts', "const q = 'select id from links'"],
        ['src/links/link.ts', "// select id from links\nconst words = ['select', 'Select a link', 'update', 'delete the link', 'with care', 'create a link', 'insert']"],
      ],
    },
    'no test left out or run alone': {
      bad: [
        ['web/a.test.ts', "test.only('x', () => {})"],
        ['src/a.test.ts', "test.only('x', () => {})"],
        ['src/a.test.ts', "describe.skip('x', () => {})"],
        ['src/a.test.ts', "test.each([1]).only('x', () => {})"],
        ['src/a.test.ts', "it.todo('x')"],
        ['src/a.test.ts', "test.runIf(engine.name === 'duckdb')('x', () => {})"],
      ],
      good: [['src/a.test.ts', "test('test.only', () => { cursor.skip(3) })"]],
    },
    'no compiler error silenced': {
      bad: [['web/a.tsx', '// @ts-ignore\nconst x = y'], ['src/a.ts', '// @ts-ignore\nconst x = y'], ['src/a.ts', '// @ts-nocheck\n']],
      good: [['src/a.test.ts', '// @ts-expect-error: the compiler must refuse it\nconst x: string = 1']],
    },
    'no any': {
      bad: [
        ['web/a.tsx', 'const x = <p>{1 as any}</p>'],
        ['src/a.ts', 'const x: any = 1'],
        ['src/a.ts', 'const x = 1 as any'],
        ['src/a.ts', 'type X = Record<string, any>'],
        ['src/a.ts', 'function f(x: readonly any[]): void {}'],
        ['src/a.ts', 'const x = f<any>()'],
      ],
      good: [['src/a.ts', "// : any\nconst any = 'as any'; const x = { any: 1 }"]],
    },
    'the pages know the server by its API': {
      bad: [['web/links/a.tsx', "import '../../src/links/index.ts'"], ['web/a.ts', "import type { X } from '../src/links/schemas.ts'"], ['web/a.ts', "const x = await import('../test/support/app.ts')"]],
      good: [['web/links/a.tsx', "import { momentOf } from '../../src/core/zones.ts'"], ['web/a.ts', "import type { X } from './api/links.ts'\nimport './design/base.css'"], ['src/a.ts', "import '../src/links/index.ts'"]],
    },
    'the design and the way to the API know no page': {
      bad: [['web/design/a.tsx', "import '../links/b.ts'"], ['web/api/a.ts', "import type { X } from '../shell/b.ts'"]],
      good: [['web/design/a.tsx', "import '../api/b.ts'\nimport './c.ts'\nimport '../../src/core/csv.ts'\nimport 'uplot'"], ['web/links/a.tsx', "import '../shell/b.ts'"]],
    },
    'what runs in browsers of others needs nothing but itself, and React where that is': {
      bad: [['clients/browser/src/a.ts', "import '../../../src/core/ids.ts'"], ['clients/browser/src/a.ts', "import type { X } from 'react-dom'"]],
      good: [['clients/browser/src/a.ts', "import './b.ts'\nimport { useState } from 'react'"], ['clients/browser/vite.config.ts', "import 'vite'"]],
    },
    'what runs in servers of others needs nothing but itself and Node': {
      bad: [['clients/node/src/a.ts', "import '../../../src/core/ids.ts'"], ['clients/node/src/a.ts', "import { uuidv7 } from 'uuidv7'"], ['clients/node/src/a.ts', "const x = await import('pino')"]],
      good: [['clients/node/src/a.ts', "import './b.ts'\nimport { crc32 } from 'node:zlib'"], ['clients/browser/vite.config.ts', "import 'vite'"]],
    },
    'no import written inside a type': {
      bad: [['web/a.ts', "type X = import('../b.ts').X"], ['src/a.ts', "type X = import('../links/link.ts').Link"], ['src/a.ts', "let x: typeof import('../links/link.ts')"]],
      good: [['src/a.ts', "import type { Link } from '../links/link.ts'"], ['src/a.ts', "const x = await import('node:fs')"]],
    },
  }

  test.each(textRules)('$name', ({ name, covers, breaches }) => {
    const caught = ([path, text]: [string, string]) => covers(path) && breaches(readSource(path, text)).length > 0
    const { bad, good } = cases[name] ?? { bad: [], good: [] }
    expect(bad.length).toBeGreaterThan(0)
    expect(bad.filter((example) => !caught(example))).toEqual([])
    expect(good.filter(caught)).toEqual([])
  })

  test('the lock file', () => {
    const lock = (entry: object) => JSON.stringify({ packages: { '': { name: 'x' }, 'node_modules/a': entry } })
    expect(lockBreaches(lock({ integrity: 'sha512-x' }))).toEqual([])
    expect(lockBreaches(lock({ integrity: 'sha512-x', resolved: 'https://a.example/a.tgz' }))).toEqual(['node_modules/a: names a host'])
    expect(lockBreaches(lock({ version: '1.0.0' }))).toEqual(['node_modules/a: no integrity'])
    expect(lockBreaches(lock({ integrity: 'sha512-x', optionalDependencies: { 'a-mac': '1' } }))).toEqual(['node_modules/a: a-mac is missing'])
  })
})

/** What breaks the rules about imports in the house at `folder`, as `rule: from → to`. */
async function importBreaches(folder: string): Promise<string[]> {
  const { output } = await cruise(['src'], { ...config.options, baseDir: folder, validate: true, ruleSet: { forbidden: config.forbidden ?? [] } })
  const { summary } = output as ICruiseResult
  return summary.violations.map((breach) => `${breach.rule.name}: ${breach.from} → ${breach.to}`)
}

/** The same for a house that exists only for this question. */
async function breachesOf(house: House): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-house-'))
  try {
    for (const [path, text] of Object.entries(house)) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), text)
    }
    return await importBreaches(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function installed(name: string, kind: 'dependencies' | 'devDependencies'): House {
  return {
    'package.json': JSON.stringify({ name: 'house', type: 'module', [kind]: { [name]: '1.0.0' } }),
    [`node_modules/${name}/package.json`]: JSON.stringify({ name, version: '1.0.0', main: 'index.js' }),
    [`node_modules/${name}/index.js`]: '',
  }
}

/** The TypeScript files of the project, by path from `folder` with `/`. */
async function files(folder: string): Promise<string[]> {
  const found: string[] = []
  for (const top of ['src', 'test', 'bench', 'web', 'clients']) {
    const entries = await readdir(join(folder, top), { recursive: true, withFileTypes: true }).catch(() => [])
    found.push(...entries.filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name)).map((entry) => join(entry.parentPath, entry.name)))
  }
  return found.map((path) => relative(folder, path).split(sep).join('/')).filter((path) => !/(^|\/)(node_modules|dist)\//.test(path))
}
