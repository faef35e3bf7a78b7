import { contestSteps, runContest } from './against-bare.ts'
import { atLeast } from './figure.ts'
import { type Row, whenAnswered } from './row.ts'

/** One event a request, answered when it is durable, beside a route that parses and validates the same body and keeps nothing. */
export const capture: Row = {
  name: 'capture',
  steps: contestSteps,
  run: (bench) =>
    runContest(bench, {
      real: 'one event a request, durable',
      bare: 'Fastify alone: parse and validate',
      requests: (links, key) => ({ kind: 'clicks', links, key, size: 1 }),
      expect: 200,
      note: `${whenAnswered(bench)}a batch of one, by POST /api/tracking-ingest/batch`,
      visitorWaits: false,
      ratio: atLeast(0.5, 0.65),
    }),
}
