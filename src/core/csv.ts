/**
 * Rows as CSV (RFC 4180) with a header line. A cell that a spreadsheet would take for a formula gets a quote in front, and
 * so does one that begins with a quote, so that `armed` can take it away again. A text without letters is `""`, nothing is nothing.
 */
export function toCsv(columns: readonly string[], rows: readonly Readonly<Record<string, unknown>>[]): string {
  const lines = [columns.map(cell), ...rows.map((row) => columns.map((name) => cell(row[name])))]
  return lines.map((cells) => `${cells.join(',')}\r\n`).join('')
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const text = String(value)
  const disarmed = /^['=+\-@\t\r\n]/.test(text) ? `'${text}` : text
  return text === '' || /[",\r\n']/.test(disarmed) ? `"${disarmed.replaceAll('"', '""')}"` : disarmed
}

/** A cell's text as it was before `toCsv` took away its danger. */
export function armed(text: string): string {
  return /^'['=+\-@\t\r\n]/.test(text) ? text.slice(1) : text
}
