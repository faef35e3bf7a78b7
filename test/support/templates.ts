import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { migrate } from '../../src/store/migrations/index.ts'
import { openEngine } from '../../src/store/open.ts'
import { databasePrefix, withClient } from './services.ts'

/** Stores with the schema and nothing else in them, of which a test's own is a copy: making the schema takes longer than most tests. */
export interface Templates {
  /** A folder with the embedded engine's file. */
  duckdb: string
  /** The name of a database, beside those of the tests. */
  postgres: string
}

declare module 'vitest' {
  // oxlint-disable-next-line typescript/consistent-type-definitions -- vitest asks for a merged interface
  interface ProvidedContext {
    templates: Templates
  }
}

/** Runs once before all tests, behind the search for services. Gives the teardown. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { postgres: serverUrl } = project.getProvidedContext().services
  const templates: Templates = { duckdb: await mkdtemp(join(tmpdir(), 'waymark-test-')), postgres: `${databasePrefix}${process.pid}_template` }
  const fill = async (databaseUrl: string | null): Promise<void> => {
    const engine = await openEngine({ dataDir: templates.duckdb, databaseUrl, replicas: { urls: [], maxLagMs: 0 }, memoryMb: 256, threads: 1 })
    await migrate(engine)
    await engine.close()
  }
  const drop = (url: string) => withClient(url, (client) => client.query(`drop database if exists ${templates.postgres} with (force)`))

  await fill(null)
  if (serverUrl !== null) {
    await drop(serverUrl)
    await fill(await createDatabase(serverUrl, templates.postgres, 'template0'))
  }
  project.provide('templates', templates)

  return async () => {
    await rm(templates.duckdb, { recursive: true })
    if (serverUrl !== null) await drop(serverUrl)
  }
}

/** Makes a database as a copy of another, to which nobody is connected: one in use cannot be copied. Gives its URL. */
export async function createDatabase(serverUrl: string, name: string, template: string): Promise<string> {
  await withClient(serverUrl, (client) => client.query(`create database ${name} template ${template} encoding 'UTF8'`))
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}
