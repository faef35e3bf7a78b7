import type { FastifyReply, FastifyRequest } from 'fastify'
import { toCsv } from '../core/csv.ts'

/** Sends an answer as JSON, or its rows as CSV where the caller asks for `text/csv`. */
export function sendReport(request: FastifyRequest, reply: FastifyReply, answer: object, columns: readonly string[], rows: readonly Readonly<Record<string, unknown>>[]): FastifyReply {
  reply.header('vary', 'Origin, Accept')
  if (!/\btext\/csv\b/i.test(request.headers.accept ?? '')) return reply.send(answer)
  return reply.type('text/csv; charset=utf-8').header('content-disposition', 'attachment; filename="report.csv"').send(toCsv(columns, rows))
}
