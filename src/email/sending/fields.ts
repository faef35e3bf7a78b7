import { wellFormed } from '../../core/text.ts'
import { parseHttpUrl } from '../../core/urls.ts'

/** What is filled in for one reader, by the names that templates use. */
export type Fields = Readonly<Record<string, string>>

/** Where a field stands; each place has its own way to escape. */
export type Place = 'plain' | 'html' | 'attribute' | 'url' | 'bare'

/** A piece of a template: text as it stands, or a field. */
export type Piece = string | { field: string; place: Place }

/** `{{first_name}}`; `{{url:name}}` is written for a URL wherever it stands. No part can match in two ways. */
export const FIELD = /\{\{ {0,9}(url:)?([A-Za-z0-9_.-]{1,100}) {0,9}\}\}/g

/** Takes a text to pieces: its fields stand at `place`. */
export function piecesOf(text: string, place: Place): Piece[] {
  const pieces: Piece[] = []
  let from = 0
  for (const match of text.matchAll(FIELD)) {
    if (match.index > from) pieces.push(text.slice(from, match.index))
    pieces.push({ field: match[2] as string, place: match[1] ? 'url' : place })
    from = match.index + match[0].length
  }
  if (from < text.length) pieces.push(text.slice(from))
  return pieces
}

/** The text of pieces for one reader. A name that the reader has no value for is left empty. */
export function filled(pieces: readonly Piece[], fields: Fields): string {
  return pieces.map((piece) => (typeof piece === 'string' ? piece : escaped(valueOf(fields, piece.field), piece.place))).join('')
}

/** What a reader has of a name, else nothing. */
export function valueOf(fields: Fields, name: string): string {
  return Object.hasOwn(fields, name) ? (fields[name] as string) : ''
}

/**
 * A URL of pieces for one reader: values are one part of it each. One that stands at the beginning is a URL itself, and empty
 * unless http or https, so that no value can be a script.
 */
export function filledUrl(pieces: readonly Piece[], fields: Fields): string {
  return pieces
    .map((piece, at) => {
      if (typeof piece === 'string') return piece
      const value = valueOf(fields, piece.field)
      return at === 0 ? (parseHttpUrl(value.trim(), URL_MAX)?.href ?? '') : encoded(value)
    })
    .join('')
}

/** A URL in a mail is no longer than this. */
export const URL_MAX = 8_000

/** A value, fit for where it stands. */
export function escaped(value: string, place: Place): string {
  switch (place) {
    case 'html':
      return value.replace(/[&<>"']/g, reference)
    case 'attribute':
      // Also what would end a value without quotes.
      return value.replace(/[&<>"'`\s]/g, reference)
    case 'url':
      return encoded(value)
    case 'bare':
      // In styles, scripts and the names of tags nothing can be escaped: what has a meaning there goes.
      return value.replace(/[^\p{L}\p{N} _.@-]/gu, '')
    case 'plain':
      return value
  }
}

/** As most people write them, for programs in between that know no others. */
const NAMED: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function reference(character: string): string {
  return NAMED[character] ?? `&#${character.charCodeAt(0)};`
}

function encoded(value: string): string {
  return encodeURIComponent(wellFormed(value)).replace(/['()*!]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}
