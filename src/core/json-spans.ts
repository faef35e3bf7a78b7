/** Where a value stands in a JSON text: `json.slice(start, end)` is the value as its sender wrote it. */
export type Span = [start: number, end: number]

/**
 * The spans of the elements of the array that stands under `key` in a JSON object, so that an element can be kept in its sender's own
 * bytes. Where the key repeats, the last one counts, as for `JSON.parse`; none, or no array: no spans.
 * The text must be one that `JSON.parse` takes for an object. One pass, no recursion.
 */
export function elementSpans(json: string, key: string): Span[] {
  let spans: Span[] = []
  let at = skipSpace(json, json.indexOf('{') + 1)
  while (json[at] === '"') {
    const nameEnd = stringEnd(json, at)
    const found = nameOf(json, at, nameEnd) === key
    const value = skipSpace(json, skipSpace(json, nameEnd) + 1) // past the colon
    const end = valueEnd(json, value)
    if (found) spans = json[value] === '[' ? elements(json, value) : []
    at = skipSpace(json, end)
    if (json[at] === ',') at = skipSpace(json, at + 1)
  }
  return spans
}

/** The spans of the elements of the array that opens at `open`. */
function elements(json: string, open: number): Span[] {
  const spans: Span[] = []
  let at = skipSpace(json, open + 1)
  while (at < json.length && json[at] !== ']') {
    const end = valueEnd(json, at)
    spans.push([at, end])
    at = skipSpace(json, end)
    if (json[at] === ',') at = skipSpace(json, at + 1)
  }
  return spans
}

/** The text of a member's name, which may be written with escapes (`\u0065vents`). */
function nameOf(json: string, start: number, end: number): string {
  const raw = json.slice(start + 1, end - 1)
  return raw.includes('\\') ? (JSON.parse(json.slice(start, end)) as string) : raw
}

/** Past the value that begins at `start`. */
function valueEnd(json: string, start: number): number {
  if (json[start] === '"') return stringEnd(json, start)
  if (json[start] !== '{' && json[start] !== '[') return scalarEnd(json, start)
  let depth = 0
  let at = start
  do {
    const char = json[at]
    if (char === '"') {
      at = stringEnd(json, at)
      continue
    }
    if (char === '{' || char === '[') depth++
    else if (char === '}' || char === ']') depth--
    at++
  } while (depth > 0 && at < json.length)
  return at
}

/** Past the closing quote of the string that opens at `start`. */
function stringEnd(json: string, start: number): number {
  let quote = json.indexOf('"', start + 1)
  while (quote !== -1 && isEscaped(json, quote)) quote = json.indexOf('"', quote + 1)
  return quote === -1 ? json.length : quote + 1
}

/** Whether an odd number of backslashes stands before the quote, so that the last of them is not itself escaped. */
function isEscaped(json: string, quote: number): boolean {
  let first = quote
  while (json[first - 1] === '\\') first--
  return (quote - first) % 2 === 1
}

/** Past a number, true, false or null. */
function scalarEnd(json: string, start: number): number {
  let at = start + 1
  while (at < json.length && !',]} \t\n\r'.includes(json[at] as string)) at++
  return at
}

function skipSpace(json: string, start: number): number {
  let at = start
  while (json[at] === ' ' || json[at] === '\n' || json[at] === '\t' || json[at] === '\r') at++
  return at
}
