import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hold } from '../../clients/node/src/hold.ts'
import { Journal, JournalFull } from '../../clients/node/src/journal.ts'
import { readLines, written } from '../../clients/node/src/lines.ts'

const BOUND = 1024 * 1024
/** Of what visitors may write, what looks most like a line of the journal. */
const HOSTILE = written({ to: '', seq: 999, event: '{}' }).toString()
const EVENTS = [1, 2, 3, 4, 5, 6].map((n) => JSON.stringify({ n, text: n % 2 ? HOSTILE : 'ä'.repeat(n * 7) }))

describe('the journal of the package for Node', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waymark-client-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const reopened = async () => {
    const { journal, waiting, damaged } = await Journal.open(folder, BOUND)
    await journal.close()
    return { events: waiting.map(({ event }) => event), damaged }
  }
  const logs = async (): Promise<string[]> => (await readdir(folder)).filter((name) => name.endsWith('.log')).sort()

  test('gives back what was not done, in order, and each destination by itself', async () => {
    const { journal } = await Journal.open(folder, BOUND)
    const clicks = await Promise.all(EVENTS.map((event) => journal.append('', event)))
    const others = await Promise.all(EVENTS.slice(0, 2).map((event) => journal.append('a1b2c3d4e5f6', event)))
    await journal.done(clicks.slice(0, 4))
    await journal.done(others.slice(0, 1))
    await journal.close()
    expect(await reopened()).toEqual({ events: [EVENTS[4], EVENTS[5], EVENTS[1]], damaged: 0 })
    const again = await Journal.open(folder, BOUND)
    await again.journal.done(again.waiting.filter(({ to }) => to === ''))
    await again.journal.done(again.waiting.filter(({ to }) => to !== ''))
    await again.journal.close()
    expect([await reopened(), await logs(), again.journal.bytes]).toEqual([{ events: [], damaged: 0 }, [], 0])
  })

  test('removes files in which nothing waits, and forgets no note of what is done with them', async () => {
    const { journal } = await Journal.open(folder, BOUND)
    const stays = await journal.append('away', EVENTS[0] as string)
    for (let round = 0; round < 30; round++) await journal.done(await Promise.all(Array.from({ length: 50 }, () => journal.append('', JSON.stringify({ pad: 'x'.repeat(500) })))))
    expect(journal.bytes).toBeLessThan(BOUND / 2)
    await journal.close()
    expect(await reopened()).toEqual({ events: [stays.event], damaged: 0 })
  })

  test('takes no more at its bound, keeps what it has, and takes again once there is room', async () => {
    const { journal } = await Journal.open(folder, BOUND)
    const event = JSON.stringify({ pad: 'x'.repeat(10_000) })
    const told = await Promise.allSettled(Array.from({ length: 200 }, () => journal.append('', event)))
    const kept = told.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    expect(told.flatMap((one) => (one.status === 'rejected' ? [one.reason instanceof JournalFull] : []))).toEqual(Array.from({ length: 200 - kept.length }, () => true))
    expect([kept.length > 90, kept.length < 105, journal.bytes <= BOUND]).toEqual([true, true, true])
    await journal.close()
    const again = await Journal.open(folder, BOUND)
    expect(again.waiting).toHaveLength(kept.length)
    await again.journal.done(again.waiting)
    await again.journal.append('', event)
    await again.journal.close()
  })

  test('is one process’s: another is refused with a sentence, and a killed one leaves it free', async () => {
    const letGo = await hold(folder)
    await expect(hold(folder)).rejects.toThrow(/Another process records into .*: give each process a folder of its own/)
    await letGo()
    // What a kill leaves behind: a socket on which nobody answers.
    await writeFile(join(folder, 'process.sock'), '')
    await (await hold(folder))()
  })

  // R9.
  describe('damaged at every byte of its last three lines', () => {
    let whole: Buffer
    let starts: number[]
    let name: string
    beforeEach(async () => {
      const { journal } = await Journal.open(folder, BOUND)
      for (const event of EVENTS) await journal.append('', event)
      await journal.close()
      name = join(folder, (await logs())[0] as string)
      whole = await readFile(name)
      starts = EVENTS.map((event, at) => whole.indexOf(written({ to: '', seq: at + 1, event })))
    })
    const places = (): number[] => Array.from({ length: whole.length - (starts[3] as number) }, (_, n) => (starts[3] as number) + n)
    const lineOf = (at: number): number => starts.findLastIndex((start) => start <= at)

    test('(flipped) it keeps every other line, and counts the damage', () => {
      for (const at of places()) {
        const bytes = Buffer.from(whole)
        bytes[at] = (bytes[at] as number) ^ 0xff
        const { lines, damaged } = readLines(bytes)
        // A line without its line feed is whole all the same.
        const feed = whole[at] === 0x0a && (at === whole.length - 1 || starts.includes(at + 1))
        const left = EVENTS.filter((_, n) => feed || n !== lineOf(at))
        // At the very end it looks like a line that was torn off.
        expect({ at, left: lines.map((line) => 'event' in line && line.event), damaged }).toEqual({ at, left, damaged: at === whole.length - 1 ? 0 : 1 })
      }
    })

    test('(cut) it keeps every line that is whole, and takes the rest for what a kill tore off', () => {
      for (const at of places()) {
        const { lines, damaged } = readLines(whole.subarray(0, at))
        const left = EVENTS.filter((_, n) => (starts[n + 1] ?? whole.length) - 1 <= at)
        expect({ at, left: lines.map((line) => 'event' in line && line.event), damaged }).toEqual({ at, left, damaged: 0 })
      }
    })

    test('(zeroed from there) it keeps every line before', () => {
      for (const at of places()) {
        const { lines } = readLines(Buffer.concat([whole.subarray(0, at), Buffer.alloc(whole.length - at)]))
        const left = EVENTS.filter((_, n) => (starts[n + 1] ?? whole.length) - 1 <= at)
        expect({ at, left: lines.map((line) => 'event' in line && line.event) }).toEqual({ at, left })
      }
    })

    test('it opens, says so, goes on, and keeps the damaged file aside', async () => {
      whole[(starts[4] as number) + 30] = 0
      await writeFile(name, whole)
      const { journal, waiting, damaged } = await Journal.open(folder, BOUND)
      expect([waiting.map(({ event }) => event), damaged]).toEqual([EVENTS.filter((_, n) => n !== 4), 1])
      const more = await journal.append('', '{}')
      await journal.done([...waiting, more])
      await journal.close()
      expect(await logs()).toEqual(['damaged-000000000001.log'])
      expect((await readFile(join(folder, 'damaged-000000000001.log'))).equals(whole)).toBe(true)
      expect(await reopened()).toEqual({ events: [], damaged: 0 })
    })
  })
})
