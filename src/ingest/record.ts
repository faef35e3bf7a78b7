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

/** Encodes the parts of one group as a journal record: JSON, with the number of columns it was written for. */
export function encodeGroup(parts: readonly Part[]): Buffer {
  const texts = [`{"columns":${EVENT_COLUMN_NAMES.length},"events":[`]
  list(texts, parts.flatMap((part) => part.events))
  texts.push('],"deadLetters":[')
  list(texts, parts.flatMap((part) => part.deadLetters))
  texts.push('],"answers":[')
  list(texts, parts.flatMap((part) => part.answer ?? []))
  texts.push(']}')
  return joined(texts)
}

function list(into: string[], items: readonly string[]): void {
  items.forEach((item, at) => into.push(at === 0 ? '' : ',', item))
}

/** Writes texts one behind the other: joined as strings first, each byte would be copied twice more. */
function joined(texts: readonly string[]): Buffer {
  let most = 0
  for (const text of texts) most += 3 * text.length
  if (most > scratch.length) scratch = Buffer.allocUnsafeSlow(most)
  let end = 0
  for (const text of texts) end += scratch.write(text, end)
  return Buffer.from(scratch.subarray(0, end))
}

let scratch = Buffer.alloc(0)

/** Reads a journal record back. Throws Fault 'unavailable' when it is damaged. */
export function decodeGroup(record: Buffer): Group {
  try {
    const { columns, ...group } = JSON.parse(record.toString()) as Group & { columns: number }
    if (columns < EVENT_COLUMN_NAMES.length) group.events = group.events.map((cells) => widened(cells, columns))
    return group
  } catch (error) {
    throw new Fault('unavailable', `A journal record of ${record.length} bytes cannot be read: ${(error as Error).message}`)
  }
}

/** A record written before columns were added has nulls in them. */
function widened(cells: Cell[], columns: number): Cell[] {
  return [...cells.slice(0, columns), ...Array.from({ length: EVENT_COLUMN_NAMES.length - columns }, () => null), ...cells.slice(columns)]
}
