import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { until } from '../../test/support/ask.ts'
import { type Flush, Journal, openRecords } from './journal.ts'
import { type Part, decodeGroup } from './record.ts'

const part = (...events: string[]): Part => ({ events: events.map((id) => JSON.stringify([id])), deadLetters: [], bytes: events.join('').length })
const MB = 1024 * 1024

describe('the journal', () => {
  let folder: string
  let journal: Journal
  let flushes: Flush[]
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waymark-test-'))
    flushes = []
    journal = await open()
  })
  afterEach(async () => {
    await journal.close()
    await rm(folder, { recursive: true })
  })

  const open = (maxBytes = 64 * MB) => Journal.open(folder, maxBytes, (flush) => flushes.push(flush))
  /** What lies on the disk, by number: the ids of the events of each record. */
  const onDisk = async () => {
    const records = openRecords(folder)
    try {
      return [...records.getRange({ start: 0, end: Number.MAX_SAFE_INTEGER })].map(({ key, value }) => [key, decodeGroup(value as Buffer).events.map(([id]) => id)])
    } finally {
      await records.close()
    }
  }

  test('holds what was appended when it says so', async () => {
    expect(await journal.append(part('a'))).toBe(1)
    expect(await journal.append(part('b', 'c'))).toBe(2)
    expect(journal.head).toBe(2)
    expect(await onDisk()).toEqual([[1, ['a']], [2, ['b', 'c']]])
    expect(flushes).toEqual([expect.objectContaining({ events: 1 }), expect.objectContaining({ events: 2 })])
  })

  test('makes one record of all that comes while a flush is under way', async () => {
    const first = [journal.append(part('a')), journal.append(part('b'))]
    await new Promise(setImmediate)
    const second = Array.from({ length: 50 }, (_, at) => journal.append(part(`c${at}`)))
    expect(await Promise.all(first)).toEqual([1, 1])
    expect(new Set(await Promise.all(second))).toEqual(new Set([2]))
    expect(flushes).toHaveLength(2)
    expect((await onDisk())[1]).toEqual([2, Array.from({ length: 50 }, (_, at) => `c${at}`)])
  })

  test('bounds a record in events and bytes, and keeps a part whole', async () => {
    const many = (count: number, size = 1): Part => part(...Array.from({ length: count }, () => 'x'.repeat(size)))
    const parts = [many(4_999), many(1), many(1), many(6_000), many(1), many(3, MB), many(1, MB), many(1, MB)]
    const seqs = await Promise.all(parts.map((one) => journal.append(one)))
    expect(seqs).toEqual([1, 1, 2, 3, 4, 4, 5, 5])
    expect((await onDisk()).map(([, events]) => (events as string[]).length)).toEqual([5_000, 1, 6_000, 4, 2])
  })

  test('turns new parts away at its bound, with when to come again, and takes them when the store has caught up', async () => {
    await journal.close()
    journal = await open(1 * MB)
    const big = part('x'.repeat(400_000))
    expect(await Promise.all([journal.append(big), journal.append(big)])).toEqual([1, 1])
    await expect(journal.append(big)).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('The journal is full'), more: { retryAfterSeconds: 5 } })
    expect(journal.depth).toMatchObject({ records: 1, bytes: expect.toSatisfy((bytes: number) => bytes > 800_000) })
    journal.loaded(1)
    expect(journal.depth).toEqual({ records: 0, bytes: 0, oldestAt: null })
    expect(await journal.append(big)).toBe(2)
  })

  test('counts what waits for its flush against the bound too', async () => {
    await journal.close()
    journal = await open(1 * MB)
    const answers = await Promise.allSettled(Array.from({ length: 10 }, () => journal.append(part('x'.repeat(300_000)))))
    expect(answers.map(({ status }) => status)).toEqual([...Array(3).fill('fulfilled'), ...Array(7).fill('rejected')])
  })

  test('forgets what the store has, with the next record or soon without one', async () => {
    for (const id of ['a', 'b', 'c']) await journal.append(part(id))
    journal.loaded(2)
    await journal.append(part('d'))
    expect(await onDisk()).toEqual([[3, ['c']], [4, ['d']]])
    journal.loaded(4)
    await until('what is loaded is gone', async () => (await onDisk()).length === 0)
    expect(await journal.append(part('e'))).toBe(5)
  })

  test('goes on after a restart where it was, under the same id, with what was not loaded', async () => {
    const { id } = journal
    for (const one of ['a', 'b', 'c']) await journal.append(part(one))
    await journal.close()
    journal = await open()
    expect([journal.id, journal.head]).toEqual([id, 3])
    journal.resume(2, 1_000)
    expect(journal.depth).toMatchObject({ records: 1, oldestAt: 1_000 })
    expect(await journal.append(part('d'))).toBe(4)
    await until('what is loaded is gone', async () => (await onDisk()).length === 2)
    expect(await onDisk()).toEqual([[3, ['c']], [4, ['d']]])
  })

  test('that was emptied goes on behind what the store has', async () => {
    journal.resume(41, 0)
    expect(await journal.append(part('a'))).toBe(42)
  })

  test('flushes what waits before it closes, and is open to nobody after', async () => {
    const appended = [journal.append(part('a')), journal.append(part('b'))]
    await journal.close()
    expect(await Promise.all(appended)).toEqual([1, 1])
    expect(await onDisk()).toEqual([[1, ['a', 'b']]])
    journal = await open()
  })
})
