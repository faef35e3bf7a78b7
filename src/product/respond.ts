import type { FastifyReply, FastifyRequest } from 'fastify'
import { type TObject, Type } from '@sinclair/typebox'
import { sendReport } from '../http/csv.ts'
import { ExplainedAnswer, type Reporter, answerReport } from '../reports/index.ts'

/** A report's answer, and the same as a table. */
export interface Tabled {
  answer: object
  columns: readonly string[]
  rows: readonly Readonly<Record<string, unknown>>[]
}

/** Answers with a report as JSON or, by `Accept`, as CSV; with `?explain` with how it is made. Throws what `answerReport` throws. */
export async function respond(request: FastifyRequest, reply: FastifyReply, reporter: Reporter, work: (reporter: Reporter) => Promise<Tabled>): Promise<unknown> {
  const given = await answerReport(request, reporter, work)
  return 'statements' in given ? given : sendReport(request, reply, given.answer, given.columns, given.rows)
}

/** A report's answer in the reference: the report, or how it is made. */
export const explainable = <T extends TObject>(answer: T) => Type.Union([answer, ExplainedAnswer])
