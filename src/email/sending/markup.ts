import { setImmediate as nextTurn } from 'node:timers/promises'
import { QuoteType, Tokenizer, type TokenizerCallbacks } from 'htmlparser2'

/** An attribute, and where its value stands in the source, without its quotes. */
export interface Attribute {
  name: string
  start: number
  end: number
  /** With its character references read. */
  value: string
}

/** What a source is made of, in its order. Places are those of the source; what is told of no place is markup. */
export interface Reader {
  /** Text that a reader sees, and a title. `value` has its character references read. */
  text(start: number, end: number, value: string): void
  /** A tag that begins something and ends at `end`, with its attributes; of two of one name the first counts. */
  open(name: string, attributes: readonly Attribute[], end: number): void
  /** A tag that ends something, written from `start` to `end`. */
  close(name: string, start: number, end: number): void
  comment(start: number, end: number): void
}

/** Read at once; between two of them others have their turn. */
const CHUNK = 32 * 1024

/**
 * Reads HTML as it was written, broken or not, by tokens alone: time and memory go with its length, however deep it nests. Ends
 * when all is read; other work goes on meanwhile.
 */
export async function readMarkup(html: string, reader: Reader): Promise<void> {
  const tokenizer = new Tokenizer({ decodeEntities: true }, callbacksFor(html, reader))
  for (let at = 0; at < html.length; at += CHUNK) {
    tokenizer.write(html.slice(at, at + CHUNK))
    await nextTurn()
  }
  tokenizer.end()
}

/** What stands in these is no text for readers. */
const UNREAD = new Set(['script', 'style'])

function callbacksFor(html: string, reader: Reader): TokenizerCallbacks {
  let tag = ''
  let inside = ''
  let attributes: Attribute[] = []
  let name = ''
  let after = 0
  let value: string[] = []
  // Pieces of one text are put together: they may be cut within a field.
  let text: { start: number; end: number; value: string[] } | null = null

  const flush = (): void => {
    if (text && !UNREAD.has(inside)) reader.text(text.start, text.end, text.value.join(''))
    text = null
  }
  const grow = (start: number, end: number, piece: string): void => {
    if (text && text.end !== start) flush()
    text ??= { start, end, value: [] }
    text.end = end
    text.value.push(piece)
  }
  const opened = (end: number): void => {
    if (UNREAD.has(tag)) inside = tag
    reader.open(tag, attributes, end + 1)
  }
  return {
    ontext: (start, end) => grow(start, end, html.slice(start, end)),
    ontextentity: (code, end) => grow(text?.end ?? html.lastIndexOf('&', end - 1), end, String.fromCodePoint(code)),
    onopentagname(start, end) {
      flush()
      tag = html.slice(start, end).toLowerCase()
      attributes = []
    },
    onopentagend: opened,
    onselfclosingtag: opened,
    onattribname(start, end) {
      name = html.slice(start, end).toLowerCase()
      after = end
      value = []
    },
    onattribdata: (start, end) => void value.push(html.slice(start, end)),
    onattribentity: (code) => void value.push(String.fromCodePoint(code)),
    onattribend(quote, end) {
      if (attributes.length === MOST_ATTRIBUTES || attributes.some((other) => other.name === name)) return
      const quoted = quote === QuoteType.Double || quote === QuoteType.Single
      const start = quote === QuoteType.NoValue ? end : valueStart(html, after, quoted)
      // The closing quote is behind the value.
      attributes.push({ name, start, end: quoted ? end - 1 : end, value: value.join('') })
    },
    onclosetag(start, end) {
      flush()
      const closed = html.slice(start, end).toLowerCase().trim()
      if (closed === inside) inside = ''
      reader.close(closed, html.lastIndexOf('<', start), end + 1)
    },
    oncomment(start, end, offset) {
      flush()
      reader.comment(start, end - offset)
    },
    oncdata(start, end, offset) {
      flush()
      reader.comment(start, end - offset)
    },
    ondeclaration: flush,
    onprocessinginstruction: flush,
    onend: flush,
  }
}

/** Nobody writes more into one tag. */
const MOST_ATTRIBUTES = 200

function valueStart(html: string, after: number, quoted: boolean): number {
  let at = html.indexOf('=', after) + 1
  while (/\s/.test(html[at] ?? '')) at++
  return quoted ? at + 1 : at
}
