import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FILES, typesOf } from '../../scripts/api-types.mjs'
import { type TestApp, testApp } from '../support/app.ts'
import { root } from '../support/documents.ts'
import { onEngine } from '../support/engines.ts'

onEngine('duckdb', 'the types by which the SDK and the pages know the API', (engine) => {
  let app: TestApp
  let spec: Record<string, unknown>
  beforeAll(async () => {
    app = await testApp(engine)
    spec = (await app.ask('GET', '/apispec.json')).body as Record<string, unknown>
  })
  afterAll(() => app.close())

  test.each(Object.keys(FILES))('%s is what the server’s own document gives now', async (file) => {
    expect(await readFile(join(root, file), 'utf8')).toBe(await typesOf(file, spec))
  })
})
