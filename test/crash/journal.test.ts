import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testApp } from '../support/app.ts'
import { type Written, afterDamage, writtenJournal } from '../support/damage.ts'
import { onEveryEngine } from '../support/engines.ts'

const assure = process.env.ASSURE === '1'
/** Of the bytes of the last three records every one, or every so many-th. */
const STEP = assure ? 1 : 211

// R9.
describe(`a journal that is damaged at ${assure ? 'every byte' : `every ${STEP}th byte`} of its last three records`, () => {
  let written: Written
  let places: { seq: number; at: number }[]
  beforeAll(async () => {
    written = await writtenJournal()
    places = [...written.bytes].slice(-3).flatMap(([seq, { length }]) => Array.from({ length: Math.ceil(length / STEP) }, (_, n) => ({ seq, at: n * STEP })))
  })
  afterAll(() => written.remove())

  test('is left as it is when it is not', async () => {
    expect(await afterDamage(written, null)).toMatchObject({ mended: null, id: written.id, sessions: written.sessions })
  })

  test.each(['flip', 'tear'] as const)('(%s) keeps every other record, counts that one as lost, and sets the file aside', async (how) => {
    for (const place of places) {
      const { standing, ...after } = await afterDamage(written, { ...place, how })
      const others = new Map([...written.sessions].filter(([seq]) => seq !== place.seq))
      expect({ place, ...after }).toEqual({
        place,
        id: written.id,
        asideSame: true,
        sessions: others,
        mended: { records: written.sessions.size, lost: 1, kept: written.sessions.size - 1, aside: expect.stringMatching(/damaged-2026-11-22T00-00-00.000Z$/) },
      })
      expect(standing).toEqual([...others.keys()])
    }
  })

  test('(cut) keeps every record that stands whole in what is left, and counts the others', async () => {
    for (const place of places) {
      const { standing, mended, sessions, ...after } = await afterDamage(written, { ...place, how: 'cut' })
      expect({ place, ...after }).toEqual({ place, id: standing.length > 0 ? written.id : expect.any(String), asideSame: true })
      expect({ place, sessions }).toEqual({ place, sessions: new Map([...written.sessions].filter(([seq]) => standing.includes(seq))) })
      expect({ place, mended }).toMatchObject({ place, mended: { records: written.sessions.size, lost: written.sessions.size - standing.length, kept: standing.length } })
    }
  })
})

onEveryEngine('a server whose journal was damaged while it was down', (engine) => {
  test('starts, says how much is lost and where the file lies, and goes on', async () => {
    const log: string[] = []
    const app = await testApp(engine, { env: { LOG_LEVEL: 'warn' }, log })
    try {
      const { tracking_id } = await app.given.link()
      await app.given.clicks([tracking_id])
      await app.restart(async () => {
        const file = join(app.store.dataDir, 'journal/data.mdb')
        const bytes = await readFile(file)
        await writeFile(file, bytes.subarray(0, bytes.length - 4_096))
      })
      expect(log.map((line) => JSON.parse(line) as object)).toContainEqual(expect.objectContaining({ msg: expect.stringContaining('the journal was damaged'), lost: expect.any(Number), kept: expect.any(Number), aside: expect.stringContaining('damaged-') }))
      await app.given.clicks([tracking_id, tracking_id])
      expect((await app.stats(tracking_id)).clicks).toBe(3)
    } finally {
      await app.close()
    }
  })
})
