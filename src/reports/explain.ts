import type { FastifyRequest } from 'fastify'
import { Type } from '@sinclair/typebox'
import { Fault } from '../core/errors.ts'
import type { Explained, Reporter } from './run.ts'

const fresh = Type.Optional(Type.Boolean({ description: 'With all that was acknowledged before, although answers may be kept for a while (REPORT_CACHE_MS)' }))

/** What a report may be asked for beside its numbers, for the reference. */
export const freshQuery = { fresh }

/** The same with the parameter by which a developer asks how a report is made. */
export const reportQuery = { fresh, explain: Type.Optional(Type.Unknown({ description: 'In development, for admins: the SQL, its parameters and the plan instead of the numbers' })) }

/** What is answered then. */
export const ExplainedAnswer = Type.Object({
  statements: Type.Array(Type.Object({ sql: Type.String(), parameters: Type.Array(Type.Unknown()), plan: Type.String() })),
})

/** The reporter for a request: one that keeps no answers where it says `fresh=true`. */
export function reporterFor({ query }: FastifyRequest, reporter: Reporter): Reporter {
  return (query as { fresh?: boolean }).fresh ? reporter.fresh() : reporter
}

/**
 * Answers a request with a report or, where it says `?explain`, with how that report is made. Throws Fault 'invalid' where
 * nothing is explained (in production), 'unauthorized' or 'forbidden' to all but admins.
 */
export async function answerReport<T>(request: FastifyRequest, reporter: Reporter, work: (reporter: Reporter) => Promise<T>): Promise<T | { statements: Explained[] }> {
  if ((request.query as { explain?: unknown }).explain === undefined) return work(reporterFor(request, reporter))
  if (!reporter.explained) throw new Fault('invalid', 'Reports are explained in development alone.', { errors: [{ field: 'explain', error: 'is there only with ENV=development' }] })
  const caller = request.caller ?? (await request.server.guard.callerOf(request))
  if (caller?.kind !== 'admin') throw new Fault(caller ? 'forbidden' : 'unauthorized', 'Reports are explained to admins alone.')
  return { statements: await reporter.explained(work) }
}
