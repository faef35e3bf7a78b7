import { crc32 } from 'node:zlib'
import { Fault } from '../core/errors.ts'
import type { GivenAnswer } from '../store/answers.ts'
import type { Cell } from '../store/engine.ts'
import { EVENT_COLUMN_NAMES } from '../store/events.ts'

/** An event that was refused, with what its sender wrote, kept so that a producer's bug loses nothing. */
export interface DeadLetter {
  id: string
  received_at: number
  family: string
  project: string
  reason: string
  field: string | null
  error: string
  original: string
}

/** One record of the journal: all that one flush made durable, as the loader reads it back. */
export interface Group {
  /** Event cells in column order; a cell more, `true`, says that the event's id may have come before. */
  events: Cell[][]
  deadLetters: DeadLetter[]
  answers: GivenAnswer[]
}

/** The events, dead letters and answer of one request, encoded, that belong in one group. */
export interface Part {
  events: string[]
  deadLetters: string[]
  answer?: string
  /** About how many bytes it takes in the journal. */
  bytes: number
}

/**
 * Writes the records of a journal. A record is a line that seals it (journal, number, length and CRC-32, since LMDB has no checksum),
 * a line that says what follows, and then a line of JSON for each event, dead letter and answer. All are written into the same memory,
 * so that none is copied: a record stands until the next is written.
 */
export class RecordWriter {
  #bytes = Buffer.alloc(0)

  /** The record of some parts under its journal's id and its number there. */
  write(parts: readonly Part[], journal: string, seq: number): Buffer {
    const events = parts.flatMap((part) => part.events)
    const deadLetters = parts.flatMap((part) => part.deadLetters)
    const answers = parts.flatMap((part) => part.answer ?? [])
    const head = `${JSON.stringify({ columns: EVENT_COLUMN_NAMES.length, events: events.length, deadLetters: deadLetters.length, answers: answers.length })}\n`
    const lines = [events, deadLetters, answers]
    // A code unit takes three bytes at most; the seal is known once all behind it is written, and put right before it.
    const most = lines.flat().reduce((sum, line) => sum + 3 * line.length + 1, SEAL_BYTES + head.length)
    if (most > this.#bytes.length) this.#bytes = Buffer.allocUnsafeSlow(most)
    const bytes = this.#bytes
    let end = SEAL_BYTES + bytes.write(head, SEAL_BYTES, 'latin1')
    for (const list of lines) {
      for (const line of list) {
        end += bytes.write(line, end)
        bytes[end++] = NEWLINE
      }
    }
    const group = bytes.subarray(SEAL_BYTES, end)
    const sealed = `${SEAL}${journal} ${seq} ${group.length} ${crc32(group)}\n`
    bytes.write(sealed, SEAL_BYTES - sealed.length, 'latin1')
    return bytes.subarray(SEAL_BYTES - sealed.length, end)
  }
}

const NEWLINE = 0x0a

/** What a sealed record begins with. */
export const SEAL = 'waymark '
/** The seal's line is no longer than this. */
const SEAL_BYTES = 128

/** The record whose seal begins at a place of some bytes, or null when there is none that is whole. */
export function sealedAt(bytes: Buffer, at: number): { journal: string; seq: number; group: Buffer } | null {
  const line = /^waymark (\S+) (\d+) (\d+) (\d+)\n/.exec(bytes.toString('latin1', at, at + SEAL_BYTES))
  if (!line) return null
  const [whole, journal, seq, length, sum] = line as unknown as [string, string, string, string, string]
  const group = bytes.subarray(at + whole.length, at + whole.length + Number(length))
  return group.length === Number(length) && crc32(group) === Number(sum) ? { journal, seq: Number(seq), group } : null
}

/** Reads a journal record back as the server writes it. Throws Fault 'unavailable' when it is damaged. */
export function decodeGroup(record: Buffer): Group {
  const { columns, events, deadLetters, answers } = readRecord(record)
  const cells = events.map((text) => JSON.parse(text) as Cell[])
  return {
    events: columns < EVENT_COLUMN_NAMES.length ? cells.map((one) => widened(one, columns)) : cells,
    deadLetters: deadLetters.map((text) => JSON.parse(text) as DeadLetter),
    answers: answers.map((text) => JSON.parse(text) as GivenAnswer),
  }
}

/** What a journal record holds, each as its JSON text. */
interface Texts {
  columns: number
  events: string[]
  deadLetters: string[]
  answers: string[]
}

/** The JSON texts in a journal record, also of one from before they had lines of their own, or a seal. Throws Fault 'unavailable' when it is damaged. */
export function readRecord(record: Buffer): Texts {
  try {
    const group = record[0] === OLD ? record : sealedAt(record, 0)?.group
    if (group === undefined) throw new Error('it is not what its checksum says.')
    const lines = linesOf(group)
    const head = JSON.parse(lines.next().value ?? '') as Record<keyof Texts, unknown>
    const take = (what: unknown): string[] => (Array.isArray(what) ? what.map((one) => JSON.stringify(one)) : Array.from({ length: what as number }, () => lines.next().value as string))
    return { columns: head.columns as number, events: take(head.events), deadLetters: take(head.deadLetters), answers: take(head.answers) }
  } catch (error) {
    throw new Fault('unavailable', `A journal record of ${record.length} bytes cannot be read: ${(error as Error).message}`)
  }
}

/** One by one: a text of all of them would be too large for the memory that is at hand, and be paid for page by page. */
function* linesOf(bytes: Buffer): Generator<string, undefined> {
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, at)
    const stop = end < 0 ? bytes.length : end
    yield bytes.toString('utf8', at, stop)
    at = stop + 1
  }
}

/** Records without a seal begin with the brace of their JSON. */
const OLD = 0x7b

/** A record written before columns were added has nulls in them. */
function widened(cells: Cell[], columns: number): Cell[] {
  return [...cells.slice(0, columns), ...Array.from({ length: EVENT_COLUMN_NAMES.length - columns }, () => null), ...cells.slice(columns)]
}
