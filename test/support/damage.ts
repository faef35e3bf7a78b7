import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Journal, openRecords } from '../../src/ingest/journal.ts'
import { type Mended, mendJournal } from '../../src/ingest/mend.ts'
import { decodeGroup } from '../../src/ingest/record.ts'

/** A journal's folder with some records, and what is in them. */
export interface Written {
  folder: string
  id: string
  /** The session of each record's one event, by number. */
  sessions: Map<number, string>
  /** The bytes of each record, its seal included. */
  bytes: Map<number, Buffer>
  remove(): Promise<void>
}

const RECORDS = 8
const FILE = 'data.mdb'
const NOW = Date.UTC(2026, 10, 22)

/** Writes a journal of small and large records, one event in each. */
export async function writtenJournal(): Promise<Written> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-test-'))
  const journal = await Journal.open(folder, 64e6, () => undefined)
  const sessions = new Map<number, string>()
  for (let at = 1; at <= RECORDS; at++) {
    const session = `session-${at}-${'x'.repeat(at % 3 === 0 ? 5_000 : 40)}`
    sessions.set(await journal.append({ events: [JSON.stringify([session])], deadLetters: [], bytes: session.length }), session)
  }
  await journal.close()
  const records = openRecords(folder)
  const bytes = new Map([...sessions.keys()].map((seq) => [seq, Buffer.from(records.get(seq) as Buffer)]))
  await records.close()
  return { folder, id: journal.id, sessions, bytes, remove: () => rm(folder, { recursive: true }) }
}

/** What happens to a record, wherever it stands in the file: LMDB leaves older copies of a page behind. Null: nothing. */
export type Damage = { seq: number; at: number; how: 'flip' | 'tear' | 'cut' } | null

function damaged(file: Buffer, { bytes }: Written, damage: Damage): Buffer {
  if (damage === null) return file
  const { seq, at, how } = damage
  const record = bytes.get(seq) as Buffer
  const places: number[] = []
  for (let place = file.indexOf(record); place >= 0; place = file.indexOf(record, place + 1)) places.push(place)
  // Of several the last, so that as much as there can be is left.
  if (how === 'cut') return file.subarray(0, (places.at(-1) as number) + at)
  for (const place of places) {
    if (how === 'flip') file[place + at] = (file[place + at] as number) ^ 0xff
    else file.fill(0, place + at, place + record.length)
  }
  return file
}

/** Damages a copy of a journal, opens it as a start does, and gives what is in it then. `standing`: the records that stand whole in the damaged file. */
export async function afterDamage(written: Written, damage: Damage) {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-test-'))
  try {
    await cp(written.folder, folder, { recursive: true })
    const file = join(folder, FILE)
    const left = damaged(await readFile(file), written, damage)
    await writeFile(file, left)
    const standing = [...written.bytes].filter(([, record]) => left.includes(record)).map(([seq]) => seq)
    const mended = await mendJournal(folder, NOW)
    const asideSame = mended === null || (await readFile(join(mended.aside, FILE))).equals(left)
    const journal = await Journal.open(folder, 64e6, () => undefined)
    const { id } = journal
    await journal.close()
    const records = openRecords(folder)
    const sessions = new Map([...records.getRange({ start: 0, end: Number.MAX_SAFE_INTEGER })].map(({ key, value }) => [key as number, decodeGroup(value as Buffer).events[0]?.[0] as string]))
    await records.close()
    return { mended: mended as Mended | null, sessions, id, asideSame, standing }
  } finally {
    await rm(folder, { recursive: true })
  }
}
