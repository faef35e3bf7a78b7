import { existsSync } from 'node:fs'
import { type FileHandle, mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { newId } from '../core/ids.ts'
import { iso } from '../core/time.ts'
import { openRecords } from './journal.ts'
import { SEAL, readRecord, sealedAt } from './record.ts'

/** What became of a damaged journal. */
export interface Mended {
  /** Records it should have held, and those of them that were not whole; where the file was cut, at least so many. */
  records: number
  lost: number
  /** Records found whole; those that the store has already may be among them, and are not loaded again. */
  kept: number
  /** The folder where the damaged files lie now. */
  aside: string
}

/**
 * Looks whether all records of a journal's folder are whole. Where they are not, the files are put aside, never deleted,
 * and every record found whole is written to a new journal under its old number, so that the store knows which it has.
 * Gives null when there was nothing to mend. `now` is UTC ms.
 */
export async function mendJournal(folder: string, now: number): Promise<Mended | null> {
  const file = join(folder, 'data.mdb')
  if (!existsSync(file)) return null
  const standing = await standingOf(file)
  // A file that was cut must not be opened: reading what is missing would end the process.
  const read = standing === null || standing.cut ? null : await readAll(folder)
  if (read?.wrong === 0) return null

  const { journal, whole } = read ?? wholeIn(await readFile(file))
  const aside = join(folder, `damaged-${iso(now).replaceAll(':', '-')}`)
  await mkdir(aside)
  for (const name of ['data.mdb', 'lock.mdb']) if (existsSync(join(folder, name))) await rename(join(folder, name), join(aside, name))
  const records = openRecords(folder)
  await records.put('id', Buffer.from(journal ?? newId()))
  for (const [seq, record] of whole) await records.put(seq, record)
  await records.close()
  const all = read ? whole.size + read.wrong : (standing?.records ?? whole.size)
  return { records: all, lost: Math.max(0, all - whole.size), kept: whole.size, aside }
}

interface Found {
  /** The journal's id, where it was found. */
  journal: string | null
  whole: Map<number, Buffer>
}

/** The records that read as they were written, and how many do not; null when the files cannot be opened. */
async function readAll(folder: string): Promise<(Found & { wrong: number }) | null> {
  let records: ReturnType<typeof openRecords> | null = null
  try {
    records = openRecords(folder)
    const found = { journal: records.get('id')?.toString() ?? null, whole: new Map<number, Buffer>(), wrong: 0 }
    for (const { key, value } of records.getRange({ start: 0, end: Number.MAX_SAFE_INTEGER })) {
      if (reads(value as Buffer)) found.whole.set(key as number, Buffer.from(value as Buffer))
      else found.wrong++
    }
    return found
  } catch {
    return null
  } finally {
    await records?.close()
  }
}

function reads(record: Buffer): boolean {
  try {
    readRecord(record)
    return true
  } catch {
    return false
  }
}

/** Every record that is whole, by number, wherever it stands in the file: LMDB keeps each in one piece. What it has freed may be among them. */
function wholeIn(bytes: Buffer): Found {
  const found: Found = { journal: null, whole: new Map() }
  const more: Buffer[] = []
  for (let at = bytes.indexOf(SEAL); at >= 0; at = bytes.indexOf(SEAL, at + 1)) {
    const sealed = sealedAt(bytes, at)
    if (sealed === null) continue
    found.journal ??= sealed.journal
    const record = bytes.subarray(at, sealed.group.byteOffset - bytes.byteOffset + sealed.group.length)
    const same = found.whole.get(sealed.seq)
    if (same === undefined) found.whole.set(sealed.seq, record)
    // A flush that failed has left its number to the next one. Nobody knows which this is, so neither is given up.
    else if (!same.equals(record)) more.push(record)
  }
  const last = Math.max(0, ...found.whole.keys())
  more.forEach((record, at) => found.whole.set(last + 1 + at, record))
  return found
}

/** LMDB's meta pages (MDB_meta of its data format 2): where the magic stands, and behind it the page size, entries, last page and transaction. */
const META = { at: 24, magic: 0xbeefc0de, pageSize: 24, entries: 104, lastPage: 120, transaction: 128, bytes: 136 }

/** What the newer meta page says of a file: its records, and whether pages are missing at the end; null when neither can be read. */
async function standingOf(path: string): Promise<{ records: number; cut: boolean } | null> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const metas = [await metaAt(file, 0)]
    metas.push(await metaAt(file, metas[0]?.pageSize ?? 4_096))
    const [newest] = metas.filter((meta) => meta !== null).sort((a, b) => b.transaction - a.transaction)
    // One entry is the journal's id.
    return newest ? { records: Math.max(0, newest.entries - 1), cut: metas.includes(null) || size < (newest.lastPage + 1) * newest.pageSize } : null
  } finally {
    await file.close()
  }
}

async function metaAt(file: FileHandle, page: number): Promise<{ pageSize: number; entries: number; lastPage: number; transaction: number } | null> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(META.bytes), 0, META.bytes, page + META.at)
  if (bytesRead < META.bytes || buffer.readUInt32LE(0) !== META.magic) return null
  const number = (at: number): number => Number(buffer.readBigUInt64LE(at))
  return { pageSize: buffer.readUInt32LE(META.pageSize), entries: number(META.entries), lastPage: number(META.lastPage), transaction: number(META.transaction) }
}
