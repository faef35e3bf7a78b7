import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openDuckdb } from './duckdb.ts'
import type { Engine } from './engine.ts'

// Longer than any test may take, unless it is interrupted.
const ENDLESS = 'select sum(a.range * b.range) as n from range(10_000_000) a, range(10_000_000) b'

let folder: string
let engine: Engine
const open = (): Promise<Engine> => openDuckdb({ dataDir: folder, memoryMb: 256, threads: 2 })
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waymark-duckdb-'))
  engine = await open()
})
afterEach(() => rm(folder, { recursive: true }))

test('closes under questions, streams and changes that would go on', async () => {
  const pieces = engine.stream('select range as n from range(10_000_000)')[Symbol.asyncIterator]()
  expect((await pieces.next()).done).toBe(false)
  const outcomes = [
    engine.rows(ENDLESS),
    // More than there are readers: these wait for one.
    ...Array.from({ length: 5 }, () => engine.rows(ENDLESS)),
    engine.transaction('rows', (tx) => tx.rows(ENDLESS)),
  ].map((asked) => asked.then(() => 'answered', (error: { code: string }) => error.code))

  await engine.close()

  expect(await Promise.all(outcomes)).toEqual(outcomes.map(() => 'unavailable'))
  await expect(pieces.next()).rejects.toMatchObject({ code: 'unavailable', message: 'The store is closed.' })
  await expect(engine.rows('select 1')).rejects.toMatchObject({ code: 'unavailable', message: 'The store is closed.' })
  // The file is free again.
  await (await open()).close()
})

test('lets what is nearly done end before it closes', async () => {
  const asked = engine.transaction('rows', async (tx) => {
    await tx.rows('create table kept (n bigint)')
    await tx.rows('insert into kept select count(*) from range(1_000_000)')
  })
  await engine.close()
  await asked
  engine = await open()
  expect(await engine.rows('select n from kept')).toEqual([{ n: 1_000_000 }])
  await engine.close()
})
