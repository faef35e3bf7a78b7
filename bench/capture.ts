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
      requests: () => ({ kind: 'captures' }),
      // Visitors come through a proxy, and none of them so often that the limit would be the bound.
      env: { TRUST_PROXY: '127.0.0.1', RATE_LIMIT_CAPTURE: '1000000' },
      expect: 200,
      note: `${whenAnswered(bench)}by POST /api/tracking/capture`,
      visitorWaits: false,
      ratio: atLeast(0.5, 0.65),
    }),
}
