import { clickUrl, isOurs, openUrl, unsubscribeUrl } from '../addresses.ts'
import { FIELD, type Fields, type Piece, type Place, escaped, filled, filledUrl, piecesOf, valueOf } from './fields.ts'
import { type Attribute, type Reader, readMarkup } from './markup.ts'
import { PlainText } from './plain-text.ts'

/** What a mailing is written in. */
export interface Source {
  subject: string
  html: string | null
  text: string | null
}

/** What mails need to know of this server. */
export interface MailWorld {
  /** Its public address, without a slash at the end. */
  base: string
  secret: string
  /** A URL as its clicks are counted and sent on; null where they cannot be: such a link stays as its author wrote it. */
  counted: (url: string) => string | null
}

/** One reader's mail. */
export interface Written {
  subject: string
  html: string | null
  text: string
  unsubscribeUrl: string
}

/** A mailing, read once: for each reader its pieces are put together, and what its author wrote stays byte for byte. */
export interface Template {
  /** The mail of the reader to whom the token belongs. */
  write(token: string, fields: Fields): Written
}

/** A piece of HTML: as it stands, a field, a URL, or something of ours. */
type Part = Piece | { url: readonly Piece[]; counts: boolean } | { own: 'pixel' | 'unsubscribe' } | { unseen: string }
interface Cut {
  start: number
  end: number
  part: Part
}

/** Reads a mailing's source, in pieces where it is long, so that nobody waits for it. */
export async function readTemplate(source: Source, world: MailWorld): Promise<Template> {
  const subject = piecesOf(source.subject, 'plain')
  const html = source.html === null ? null : await readHtml(source.html, world)
  const given = source.text ?? html?.text ?? ''
  const text = piecesOf(unsubscribes(given, world.base) ? given : `${given.trimEnd()}\n\nUnsubscribe: {{unsubscribe_url}}\n`, 'plain')
  return {
    write(token, reader) {
      const unsubscribe = unsubscribeUrl(world.base, token)
      const fields = { ...reader, tracking_token: token, unsubscribe_url: unsubscribe }
      return {
        subject: filled(subject, fields),
        html: html && html.parts.map((part) => written(part, token, fields, world)).join(''),
        text: filled(text, fields),
        unsubscribeUrl: unsubscribe,
      }
    },
  }
}

const UNSUBSCRIBE_FIELD = /\{\{ {0,9}unsubscribe_url {0,9}\}\}/

function unsubscribes(source: string, base: string): boolean {
  return UNSUBSCRIBE_FIELD.test(source) || source.includes(unsubscribeUrl(base, ''))
}

async function readHtml(html: string, world: MailWorld): Promise<{ parts: Part[]; text: string }> {
  const places = new Places(html, world)
  await readMarkup(html, places)
  return { parts: places.parts(), text: places.plain.text() }
}

function written(part: Part, token: string, fields: Fields, world: MailWorld): string {
  if (typeof part === 'string') return part
  if ('field' in part) return escaped(valueOf(fields, part.field), part.place)
  if ('own' in part) return part.own === 'pixel' ? pixel(openUrl(world.base, token)) : unsubscribeLink(unsubscribeUrl(world.base, token))
  if ('unseen' in part) return unseenLink(clickUrl(world.base, token, part.unseen, world.secret))
  const url = filledUrl(part.url, fields)
  const counted = !part.counts || isOurs(url, world.base) ? null : world.counted(url)
  return escaped(counted === null ? url : clickUrl(world.base, token, counted, world.secret), 'attribute')
}

function pixel(url: string): string {
  return `<img src="${escaped(url, 'attribute')}" width="1" height="1" alt="" style="display:none">`
}

function unsubscribeLink(url: string): string {
  return `<p style="font-size:12px;color:#666"><a href="${escaped(url, 'attribute')}">Unsubscribe</a></p>`
}

/** A link for nobody: neither eyes nor screen readers nor the tab key find it, so whoever follows it is a machine. */
function unseenLink(url: string): string {
  return `<a href="${escaped(`${url}&h=1`, 'attribute')}" aria-hidden="true" tabindex="-1" style="display:none"></a>`
}

/** Attributes whose value is a URL. */
const URLS = new Set(['href', 'src', 'action', 'formaction', 'background', 'poster', 'cite', 'data', 'xlink:href'])
const LINKS = new Set(['a', 'area'])
/** Each is signed for each reader; those behind them stay as they are. */
const MOST_COUNTED = 1_000

/** Finds the places in the source where something else is to stand. */
class Places implements Reader {
  readonly plain = new PlainText()
  readonly #html: string
  readonly #world: MailWorld
  readonly #cuts: Cut[] = []
  #counted = 0
  /** Where the first counted link leads that is the same for all readers. */
  #unseen: string | null = null
  #pixel = false
  /** Where the last `</body>` begins. */
  #body = -1
  /** Behind the last piece that a reader sees or that is a whole tag: what follows may be broken. */
  #sound = 0
  #unread = ''

  constructor(html: string, world: MailWorld) {
    this.#html = html
    this.#world = world
  }

  text(start: number, end: number, value: string): void {
    this.#fields(start, end, 'html')
    this.plain.add(value)
    if (this.#unread === '') this.#sound = end
  }

  open(name: string, attributes: readonly Attribute[], end: number): void {
    const href = LINKS.has(name) ? attributes.find((attribute) => attribute.name === 'href') : undefined
    const isCounted = href !== undefined && !attributes.some((attribute) => attribute.name === 'data-no-track')
    for (const attribute of attributes) this.#attribute(attribute, attribute === href && isCounted)
    if (name === 'img') this.#pixel ||= attributes.some(({ name: other, value }) => other === 'src' && value.startsWith(openUrl(this.#world.base, '')))
    this.plain.open(name, href?.value ?? null)
    if (SWALLOWING.has(name)) this.#unread = name
    if (this.#unread === '') this.#sound = end
  }

  close(name: string, start: number, end: number): void {
    if (name === 'body') this.#body = start
    if (name === this.#unread) this.#unread = ''
    this.plain.close(name)
    if (this.#unread === '') this.#sound = end
  }

  comment(start: number, end: number): void {
    this.#fields(start, end, 'html')
  }

  /** The source in pieces. */
  parts(): Part[] {
    const at = this.#body >= 0 ? this.#body : this.#sound
    const own: Cut[] = []
    if (!unsubscribes(this.#html, this.#world.base)) own.push({ start: at, end: at, part: { own: 'unsubscribe' } })
    if (this.#unseen !== null) own.push({ start: at, end: at, part: { unseen: this.#unseen } })
    if (!this.#pixel) own.push({ start: at, end: at, part: { own: 'pixel' } })
    const parts: Part[] = []
    let from = 0
    for (const { start, end, part } of [...this.#cuts.filter((cut) => cut.start < at), ...own, ...this.#cuts.filter((cut) => cut.start >= at)]) {
      // What is in no place that was read is markup or script.
      parts.push(...piecesOf(this.#html.slice(from, start), 'bare'), part)
      from = end
    }
    parts.push(...piecesOf(this.#html.slice(from), 'bare'))
    return parts
  }

  #attribute({ name, start, end, value }: Attribute, isCounted: boolean): void {
    const asks = isCounted && this.#counted < MOST_COUNTED && !isOurs(value, this.#world.base)
    const counted = asks && !value.includes('{{') ? this.#world.counted(value.trim()) : null
    const counts = asks && (value.includes('{{') || counted !== null)
    if (counts) this.#counted++
    this.#unseen ??= counted
    if (counts || (URLS.has(name) && FIELD_AT_START.test(value))) this.#cuts.push({ start, end, part: { url: piecesOf(value.trim(), 'url'), counts } })
    else this.#fields(start, end, URLS.has(name) ? 'url' : name === 'style' || name.startsWith('on') ? 'bare' : 'attribute')
  }

  #fields(start: number, end: number, place: Place): void {
    for (const match of this.#html.slice(start, end).matchAll(FIELD)) {
      const at = start + match.index
      this.#cuts.push({ start: at, end: at + match[0].length, part: { field: match[2] as string, place: match[1] ? 'url' : place } })
    }
  }
}

const FIELD_AT_START = /^\s*\{\{/
/** What follows these, unclosed, is no longer markup. */
const SWALLOWING = new Set(['script', 'style', 'title', 'textarea', 'xmp', 'iframe', 'noembed', 'noframes', 'plaintext'])
