import { clip } from '../../core/text.ts'

/** Tags that begin a line of their own. */
const LINES = new Set(['address', 'article', 'blockquote', 'br', 'center', 'dd', 'div', 'dl', 'dt', 'footer', 'form', 'header', 'hr', 'li', 'main', 'ol', 'pre', 'section', 'table', 'tr', 'ul'])
/** Tags with an empty line around them. */
const PARAGRAPHS = new Set(['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'p'])
const MOST = 256 * 1024

/** What readers without HTML get: the text, and behind each link its address. Told of tags and texts in their order. */
export class PlainText {
  readonly #parts: string[] = []
  #href: string | null = null
  #linked: string[] = []
  #hidden = false
  #length = 0

  add(text: string): void {
    if (this.#hidden || this.#length > MOST) return
    const line = text.replace(/\s+/g, ' ')
    this.#push(line)
    if (this.#href !== null) this.#linked.push(line)
  }

  open(tag: string, href: string | null): void {
    this.#turn(tag)
    if (tag === 'li') this.#push('- ')
    if (tag === 'td' || tag === 'th') this.#push(' ')
    if (tag === 'title') this.#hidden = true
    if (tag !== 'a') return
    this.#endLink()
    this.#href = href !== null && /^\s*(https?:|\{\{)/i.test(href) ? href.trim() : null
    this.#linked = []
  }

  close(tag: string): void {
    if (tag === 'title') this.#hidden = false
    if (tag === 'a') this.#endLink()
    if (tag !== 'br') this.#turn(tag)
  }

  /** The text so far. Fields stand in it as they were written; those in addresses are marked as parts of a URL. */
  text(): string {
    this.#endLink()
    const lines = clip(this.#parts.join(''), MOST).split('\n').map((line) => line.replace(/ +/g, ' ').trim())
    const kept = lines.filter((line, at) => line !== '' || (at > 0 && lines[at - 1] !== ''))
    return `${kept.join('\n').trim()}\n`
  }

  #turn(tag: string): void {
    if (PARAGRAPHS.has(tag)) this.#push('\n\n')
    else if (LINES.has(tag)) this.#push('\n')
  }

  #endLink(): void {
    const href = this.#href
    this.#href = null
    if (href === null || this.#linked.join('').trim() === href) return
    // A field at the beginning is a whole address; elsewhere it is a part of one.
    this.#push(` (${href.replace(/(?<!^)\{\{ {0,9}(?!url:)/g, '{{url:')})`)
  }

  #push(text: string): void {
    this.#parts.push(text)
    this.#length += text.length
  }
}
