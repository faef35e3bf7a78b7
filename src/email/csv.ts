import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { parse } from 'csv-parse'
import { Fault, invalidField } from '../core/errors.ts'
import { type GivenLead, NAME_MAX } from './lead.ts'

export const IMPORT_ROWS = 10_000
const COLUMNS = 100
const COLUMN_NAME_MAX = 100
const ROW_BYTES = 256 * 1024
/** What is read in one go; between two, others have their turn. */
const PIECE_BYTES = 4 * 1024
const OWN = ['email', 'first_name', 'last_name'] as const
/** What other lists call these columns. */
const ALIASES: ReadonlyMap<string, (typeof OWN)[number]> = new Map([
  ['e_mail', 'email'], ['email_address', 'email'], ['mail', 'email'], ['firstname', 'first_name'], ['given_name', 'first_name'], ['lastname', 'last_name'], ['surname', 'last_name'],
  ['family_name', 'last_name'],
])

/**
 * Reads leads from a CSV (RFC 4180; comma, semicolon or tab) whose first line names the columns: `email`, `first_name`, `last_name`,
 * and others, which become fields. It is read in pieces, so that a long list keeps nobody waiting. Throws Fault 'invalid' for what is
 * no such list as a whole.
 */
export async function leadsFromCsv(bytes: Buffer, charset: string | null): Promise<GivenLead[]> {
  const text = decoded(bytes, charset)
  const [head = '', ...rest] = text.split(/\r\n|\n|\r/, 2)
  if (head.length > COLUMNS * (COLUMN_NAME_MAX + 3)) throw invalidField('body', `must have at most ${COLUMNS} columns`)
  const delimiter = [',', ';', '\t'].toSorted((a, b) => head.split(b).length - head.split(a).length)[0] as string
  if (rest.length === 0) throw invalidField('body', 'must be a CSV with a header line and a row or more')
  let columns: string[] | null = null
  const leads: GivenLead[] = []
  for await (const row of records(text, delimiter)) {
    if (columns === null) columns = columnsOf(row)
    else if (leads.length === IMPORT_ROWS) throw invalidField('body', `must have at most ${IMPORT_ROWS} rows`)
    else leads.push(leadOf(columns, row))
  }
  if (columns === null) throw invalidField('email', 'is required as a column')
  if (leads.length === 0) throw invalidField('body', 'must have a row or more')
  return leads
}

/** By the charset that is given, by its byte order mark, as UTF-8, or else as Windows-1252, which every byte is a letter of. */
function decoded(bytes: Buffer, charset: string | null): string {
  const marked = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : null
  const named = marked ?? charset
  if (named !== null) {
    try {
      return new TextDecoder(named, { fatal: true }).decode(bytes)
    } catch (error) {
      throw invalidField('body', error instanceof RangeError ? `has a charset that is not known: ${named.slice(0, 40)}` : `is no ${named.slice(0, 40)}`)
    }
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}

async function* records(text: string, delimiter: string): AsyncGenerator<string[]> {
  const parser = parse({ delimiter, bom: true, relax_column_count: true, skip_empty_lines: true, max_record_size: ROW_BYTES, record_delimiter: ['\r\n', '\n', '\r'] })
  try {
    yield* Readable.from(pieces(Buffer.from(text))).pipe(parser)
  } catch (error) {
    const { code, lines } = error as { code?: string; lines?: number }
    if (code === 'CSV_MAX_RECORD_SIZE') throw invalidField('body', `has a row of more than ${ROW_BYTES} bytes, or a quote that is never closed`)
    throw new Fault('invalid', `The body is no CSV: a quote is wrong or never closed${lines === undefined ? '' : `, in line ${lines} or before`}.`)
  }
}

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    await setImmediate()
    yield bytes.subarray(at, at + PIECE_BYTES)
  }
}

function columnsOf(names: readonly string[]): string[] {
  if (names.length > COLUMNS) throw invalidField('body', `must have at most ${COLUMNS} columns`)
  const columns = names.map((name) => {
    const plain = name.trim().toLowerCase().replace(/[\s-]+/g, '_')
    return ALIASES.get(plain) ?? ((OWN as readonly string[]).includes(plain) ? plain : name.trim().slice(0, COLUMN_NAME_MAX))
  })
  if (!columns.includes('email')) throw invalidField('email', 'is required as a column')
  if (columns.some((name) => name === '__proto__' || name === 'constructor' || name === 'prototype')) throw invalidField('body', 'has a column named __proto__, constructor or prototype')
  const twice = columns.find((name, at) => name !== '' && columns.indexOf(name) !== at)
  if (twice !== undefined) throw invalidField('body', `has the column ${twice.slice(0, NAME_MAX)} twice`)
  return columns
}

function leadOf(columns: readonly string[], row: readonly string[]): GivenLead {
  const cells = columns.map((name, at): [string, string] => [name, armed(row[at] ?? '').trim()]).filter(([name, cell]) => name !== '' && cell !== '')
  const own = cells.filter(([name]) => (OWN as readonly string[]).includes(name))
  const others = cells.filter(([name]) => !(OWN as readonly string[]).includes(name))
  return { ...Object.fromEntries(own), ...(others.length > 0 ? { fields: Object.fromEntries(others) } : {}) }
}

/** Without the quote that an export puts before what a spreadsheet would take for a formula. */
function armed(cell: string): string {
  return /^'[=+\-@\t\r\n]/.test(cell) ? cell.slice(1) : cell
}
