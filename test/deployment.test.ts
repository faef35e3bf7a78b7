import { spawnSync } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { SETTINGS, readConfig } from '../src/config.ts'
import { copiesIn, saidIn, stagesIn, variablesIn } from './support/dockerfile.ts'
import { projectFiles, root } from './support/documents.ts'
import { startImage } from './support/image.ts'

interface Service {
  image: string
  build?: string
  environment?: Record<string, string>
  volumes?: string[]
  depends_on?: string[] | Record<string, object>
  ports?: string[]
  networks?: string[]
  read_only?: boolean
}

const files = await projectFiles()
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8')
const [dockerfile, ignored, composed, balancer, unit, guide] = await Promise.all(['Dockerfile', '.dockerignore', 'docker-compose.yml', 'deploy/nginx.conf', 'deploy/waymark.service', 'docs/guide/deployment.md'].map(read)) as [string, string, string, string, string, string]
const pack = JSON.parse(await read('package.json')) as { engines: { node: string } }
const compose = parse(composed, { merge: true }) as { services: Record<string, Service>; volumes: Record<string, null>; networks: { waymark: { ipam: { config: { subnet: string }[] } } } }
const [build, image] = stagesIn(dockerfile) as [ReturnType<typeof stagesIn>[0], ReturnType<typeof stagesIn>[0]]
const services = Object.entries(compose.services)
const servers = services.filter(([, service]) => service.image === 'waymark')

const SECRET = 'x'.repeat(48)
const GIVEN: Record<string, string> = { PUBLIC_URL: 'https://waymark.example.com', POSTGRES_PASSWORD: 'secret', JWT_SECRET: SECRET, TRACKING_TOKEN_SECRET: SECRET, WEBHOOK_API_KEY: SECRET }

describe('the image', () => {
  test('is built from files that are there and reach the builder', () => {
    const letIn = ignored.split('\n').filter((line) => line.startsWith('!')).map((line) => line.slice(1))
    const sources = [build, image].flatMap(copiesIn).filter(({ from }) => from === null).flatMap((copy) => copy.sources).map((source) => source.replace(/^\.\//, ''))
    expect(sources.filter((source) => !letIn.includes(source))).toEqual([])
    expect(sources.filter((source) => !files.has(source) && ![...files].some((file) => file.startsWith(`${source}/`)))).toEqual([])
    expect(letIn.filter((path) => !sources.includes(path))).toEqual([])
    expect(ignored).toMatch(/^\*$/m)
  })

  test('has a Node that fits, no package for work, no install script, and nobody’s rights', () => {
    expect(new Set([build.from, image.from]).size).toBe(1)
    expect(Number(/^node:(\d+)-/.exec(image.from)?.[1])).toBeGreaterThanOrEqual(Number(/\d+/.exec(pack.engines.node)?.[0]))
    const installs = saidIn(build, 'RUN').filter((line) => line.includes('npm ci'))
    expect(installs.every((line) => line.includes('--ignore-scripts'))).toBe(true)
    expect(installs.at(-1)).toContain('--omit=dev')
    const user = saidIn(image, 'USER').at(-1)
    expect(user).toBe('node')
    expect(saidIn(image, 'RUN')).toEqual([`install -d -o ${user} -g ${user} -m 0700 ${variablesIn(image).DATA_DIR}`])
    expect(saidIn(image, 'VOLUME')).toEqual([variablesIn(image).DATA_DIR])
    expect(saidIn(image, 'HEALTHCHECK')[0]).not.toMatch(/curl|wget/)
    expect(variablesIn(image)).toMatchObject({ ENV: 'production' })
  })

  test('starts as nobody on a program that cannot be written, is well, and ends in good order', { timeout: 180_000 }, async () => {
    // What `npm run build` and `npm ci` have made here stands for what the builder makes.
    const built = await mkdtemp(join(tmpdir(), 'waymark-test-'))
    await Promise.all([symlink(root, join(built, 'build')), chmod(built, 0o755)])
    const started = await startImage(image, { '': root, build: built }, { JWT_SECRET: SECRET, TRACKING_TOKEN_SECRET: SECRET })
    await rm(built, { recursive: true })
    expect(started).toMatchObject({ health: { status: 'ok' }, checked: 0, code: 0 })
    expect(started.files).toEqual(['journal', 'waymark.duckdb'])
  })
})

describe('the settings of', () => {
  test('the image, docker-compose.yml and the unit are ones that exist', () => {
    const named = [...Object.keys(variablesIn(image)), ...servers.flatMap(([, { environment }]) => Object.keys(environment ?? {})), ...[...unit.matchAll(/^Environment=(\w+)=/gm)].map(([, name]) => name as string)]
    expect([...new Set(named)].filter((name) => !(name in SETTINGS))).toEqual([])
  })

  test('each server in docker-compose.yml are taken together', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'waymark-test-'))
    for (const [, { environment }] of servers) {
      const env = Object.fromEntries(Object.entries(environment ?? {}).map(([name, value]) => [name, filledIn(value)]))
      expect(readConfig({ ...env, DATA_DIR: dataDir })).toMatchObject({ production: true, port: 8080, host: '0.0.0.0', publicUrl: GIVEN.PUBLIC_URL, store: { databaseUrl: 'postgres://waymark:secret@primary:5432/waymark' } })
    }
    await rm(dataDir, { recursive: true })
  })
})

describe('docker-compose.yml', () => {
  test('names files, services and volumes that exist, and images by their version', () => {
    const missing: string[] = []
    for (const [name, service] of services) {
      for (const volume of service.volumes ?? []) {
        const [from = ''] = volume.split(':')
        if (from === './backups') continue
        if (from.startsWith('./') ? !files.has(from.slice(2)) : !(from in compose.volumes)) missing.push(`${name}: ${volume}`)
      }
      const needed = Array.isArray(service.depends_on) ? service.depends_on : Object.keys(service.depends_on ?? {})
      missing.push(...needed.filter((other) => !(other in compose.services)).map((other) => `${name} after ${other}`))
      if (service.image !== 'waymark' && !/:\d/.test(service.image)) missing.push(`${name}: ${service.image}`)
    }
    expect(missing).toEqual([])
    const hosts = servers.flatMap(([, { environment = {} }]) => Object.values(environment).flatMap((value) => [...value.matchAll(/[/@]([a-z]+):\d+/g)].map(([, host]) => host as string)))
    expect([...new Set(hosts)].sort()).toEqual(['primary', 'redis', 'replica'])
  })

  test('has two servers, each with a folder of its own, and a balancer that knows them and is trusted', () => {
    expect(servers.map(([name]) => name)).toEqual(['server-1', 'server-2'])
    const folders = servers.map(([, { volumes = [], environment }]) => volumes.find((volume) => volume.endsWith(`:${environment?.DATA_DIR}`)))
    expect(folders).toEqual(['server-1:/data', 'server-2:/data'])
    expect(servers.every(([, { read_only, build: from }]) => read_only === true && from === '.')).toBe(true)
    expect([...balancer.matchAll(/^ +server ([\w-]+):(\d+)/gm)].map(([, host, port]) => [host, port])).toEqual(servers.map(([name, { environment }]) => [name, environment?.PORT]))
    const [, inside] = /:(\d+)$/.exec(compose.services.balancer?.ports?.[0] as string) ?? []
    expect(/^ +listen (\d+);/m.exec(balancer)?.[1]).toBe(inside)
    const { subnet } = compose.networks.waymark.ipam.config[0] as { subnet: string }
    expect(servers.map(([, { environment }]) => environment?.TRUST_PROXY)).toEqual([subnet, subnet])
  })

  test('asks for nothing that the guide does not name', () => {
    const asked = [...composed.matchAll(/\$\{(\w+)/g)].map(([, name]) => name as string)
    expect([...new Set(asked)].filter((name) => !guide.includes(name))).toEqual([])
  })
})

describe('waymark.service', () => {
  test('starts what the image starts, from where the guide puts it', () => {
    expect(unit).toContain(`ExecStart=/usr/bin/${(JSON.parse(saidIn(image, 'ENTRYPOINT')[0] as string) as string[]).join(' ')} ${(JSON.parse(saidIn(image, 'CMD')[0] as string) as string[]).join(' ')}\n`)
    for (const [, path = ''] of unit.matchAll(/(?:WorkingDirectory=|EnvironmentFile=-)(\S+)/g)) expect(guide).toContain(path)
  })

  const verifies = spawnSync('systemd-analyze', ['--version']).status === 0
  test.skipIf(!verifies)(`is one that systemd takes${verifies ? '' : ' (left out: no systemd-analyze)'}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'waymark-test-'))
    const path = join(folder, 'waymark.service')
    const verified = async (text: string): Promise<string> => {
      await writeFile(path, text.replace('/usr/bin/node', process.execPath))
      return spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' }).stderr
    }
    expect(await verified(unit)).toBe('')
    expect(await verified(unit.replace('NoNewPrivileges=true', 'NoNewPrivilege=true'))).toContain('NoNewPrivilege')
    await rm(folder, { recursive: true })
  })
})

/** A value with what the file .env gives. */
function filledIn(value: string): string {
  return value.replace(/\$\{(\w+)(?::[-?][^}]*)?\}/g, (_, name: string) => GIVEN[name] ?? '')
}
