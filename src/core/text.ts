import { toUSVString } from 'node:util'

/** Control characters, line and paragraph separators, and halves of a surrogate pair. */
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u

/**
 * Whether objects and arrays nest deeper than `limit`: a plain value is 0 deep, `{}` is 1, `[{}]` is 2. It never looks further than
 * one level past the limit, so a hostile value cannot exhaust the stack.
 */
export function deeperThan(value: unknown, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (limit <= 0) return true
  if (Array.isArray(value)) {
    for (const element of value) if (deeperThan(element, limit - 1)) return true
    return false
  }
  for (const key in value) if (deeperThan((value as Record<string, unknown>)[key], limit - 1)) return true
  return false
}

/** Whether a text is `min` to `max` characters (code points) long, none of them a control character or half a surrogate pair. */
export function isPrintable(text: string, min: number, max: number): boolean {
  if (text.length < min || text.length > 2 * max || unprintable.test(text)) return false
  if (text.length <= max && min <= 1) return true
  const characters = [...text].length
  return characters >= min && characters <= max
}

/** The first `max` UTF-16 units of a text, one fewer where the cut would split a surrogate pair. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text
  const splits = isHighSurrogate(text.charCodeAt(max - 1)) && isLowSurrogate(text.charCodeAt(max))
  return text.slice(0, splits ? max - 1 : max)
}

/** The text with NUL, which PostgreSQL cannot hold, and lone surrogates, which UTF-8 cannot, replaced by U+FFFD. */
export function wellFormed(text: string): string {
  const paired = toUSVString(text)
  return paired.includes('\0') ? paired.replaceAll('\0', '\ufffd') : paired
}

/** What a JSON text says, or the text itself where it is no JSON. */
export function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}
