import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { replay, stagesIn } from '../support/dockerfile.ts'
import { root } from '../support/documents.ts'
import { startImage } from '../support/image.ts'
import { run } from '../support/run.ts'

const SECRET = 'x'.repeat(48)
/** What an installation may weigh, in MB: the design's bound. */
const MOST_MB = 300

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waymark-image-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('the image is built from nothing but what is copied into it, is small, and starts', async () => {
  const [build, image] = stagesIn(await readFile(join(root, 'Dockerfile'), 'utf8')) as [ReturnType<typeof stagesIn>[0], ReturnType<typeof stagesIn>[0]]
  await replay(build, folder, { '': root })
  // The user that runs it must be able to read it.
  await run('chmod', ['-R', 'a+rX', folder])
  const { out } = await run('du', ['-sm', join(folder, 'build/node_modules'), join(folder, 'build/dist')])
  const megabytes = out.trim().split('\n').reduce((sum, line) => sum + Number.parseInt(line, 10), 0)
  console.log(`The image's own files: ${megabytes} MB`)
  expect(megabytes).toBeLessThan(MOST_MB)
  const started = await startImage(image, { '': root, build: folder }, { JWT_SECRET: SECRET, TRACKING_TOKEN_SECRET: SECRET })
  expect(started).toMatchObject({ health: { status: 'ok' }, checked: 0, code: 0 })
})
