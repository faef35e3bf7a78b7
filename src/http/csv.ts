import type { FastifyReply, FastifyRequest } from 'fastify'

/** Rows as CSV (RFC 4180) with a header line. A cell that a spreadsheet would take for a formula gets a quote in front. */
export function toCsv(columns: readonly string[], rows: readonly Readonly<Record<string, unknown>>[]): string {
  const lines = [columns.map(cell), ...rows.map((row) => columns.map((name) => cell(row[name])))]
  return lines.map((cells) => `${cells.join(',')}\r\n`).join('')
}

/** Sends an answer as JSON, or its rows as CSV where the caller asks for `text/csv`. */
export function sendReport(request: FastifyRequest, reply: FastifyReply, answer: object, columns: readonly string[], rows: readonly Readonly<Record<string, unknown>>[]): FastifyReply {
  reply.header('vary', 'Origin, Accept')
  if (!/\btext\/csv\b/i.test(request.headers.accept ?? '')) return reply.send(answer)
  return reply.type('text/csv; charset=utf-8').header('content-disposition', 'attachment; filename="report.csv"').send(toCsv(columns, rows))
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const text = String(value)
  const disarmed = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text
  return /[",\r\n']/.test(disarmed) ? `"${disarmed.replaceAll('"', '""')}"` : disarmed
}
