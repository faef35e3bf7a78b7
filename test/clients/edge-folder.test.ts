import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { expect, test } from 'vitest'
import { readEdgeConfig } from '../../src/config.ts'
import { page, root } from '../support/documents.ts'

const file = (name: string): Promise<string> => readFile(join(root, 'clients/edge', name), 'utf8')
const systemd = spawnSync('systemd-analyze', ['--version']).status === 0
if (!systemd) console.error('\n!!! LEFT OUT: there is no systemd-analyze on this machine. The unit of the edge was not checked.\n')

test('edge.env names only what the edge reads, and is taken by it', async () => {
  const text = await file('edge.env')
  const settings = /The edge reads these and no others:(.*)/.exec((await page('docs/guide/edge.md')).text)?.[1] ?? ''
  const named = [...text.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name as string)
  expect(named.length).toBeGreaterThan(8)
  expect(named.filter((name) => !settings.includes(`\`${name}\``))).toEqual([])
  const folder = await mkdtemp(join(tmpdir(), 'waymark-edge-'))
  const config = readEdgeConfig({ ...parseEnv(text), DATA_DIR: folder })
  expect(config).toMatchObject({ originUrl: 'https://waymark.example.com', port: 8090, batchEvents: 100, batchWaitMs: 60_000, syncEveryMs: 1_000, notFoundUrl: null })
  await rm(folder, { recursive: true })
})

test('nginx.conf is the site that the guide shows', async () => {
  const shown = (await page('docs/guide/edge.md')).blocks.find(({ lang }) => lang === 'nginx')?.text
  expect((await file('nginx.conf')).replace(/^#.*\n/, '')).toBe(shown)
})

test.skipIf(!systemd)('waymark-edge.service is a unit that systemd takes', async () => {
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', join(root, 'clients/edge/waymark-edge.service')], { encoding: 'utf8' })
  expect([status, stderr.split('\n').filter((line) => line.includes('waymark-edge'))]).toEqual([0, []])
})
