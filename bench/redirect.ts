import { contestSteps, runContest } from './against-bare.ts'
import { atLeast } from './figure.ts'
import type { Row } from './row.ts'

/** A redirect that is answered when its click is durable, beside a redirect that records nothing. */
export const redirect: Row = {
  name: 'redirect',
  steps: contestSteps,
  run: (bench) =>
    runContest(bench, {
      real: 'redirect, click durable',
      bare: 'Fastify alone: 302',
      requests: (links) => ({ kind: 'redirects', links }),
      expect: 302,
      visitorWaits: true,
      ratio: atLeast(0.34, 0.45),
    }),
}
