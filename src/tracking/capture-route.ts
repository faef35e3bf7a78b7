import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Type } from '@sinclair/typebox'
import { normalAddress } from '../capture/address.ts'
import { purposeOf } from '../capture/machine.ts'
import { optedOut } from '../capture/privacy.ts'
import { type VisitorReader, visitorOf } from '../capture/visitor.ts'
import { Fault } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import { type Idempotency, eventIdsOf, givenAnswer } from '../http/idempotency.ts'
import { type Limiter, countRequest } from '../http/limits.ts'
import { route } from '../http/route.ts'
import type { Ingest, Outcome } from '../ingest/index.ts'
import { type Capture, CaptureSchema, type Sender, TRACKING_PROJECT, draftOf, readCapture } from './capture.ts'
import { Failure } from './schemas.ts'

const CaptureAnswer = Type.Object({
  success: Type.Literal(true),
  eventId: Type.String({ description: "Yours, where you sent one, else the server's" }),
  duplicate: Type.Optional(Type.Literal(true, { description: 'There where an event of this id was stored before' })),
})

/** What captures are taken in with. */
export interface CaptureWorld {
  ingest: Ingest
  idempotency: Idempotency
  limiter: Limiter
  limitKeyOf: (request: FastifyRequest) => string
  reader: VisitorReader
  /** Whether a visitor's wish not to be tracked is followed. */
  honorDnt: boolean
  now: () => number
}

/** Registers the way in for what pages tell. */
export function captureRoute(app: FastifyInstance, world: CaptureWorld): void {
  route(app, {
    method: 'POST',
    url: '/api/tracking/capture',
    family: 'tracking',
    who: 'public',
    summary: 'Record a visit, or a click away',
    description: 'JSON, also sent as `text/plain`, as `navigator.sendBeacon` does. Without an ingest key 100 a minute by address. What is refused is kept in the dead letters as it was sent.',
    schema: { body: CaptureSchema, response: { 200: CaptureAnswer, 400: Failure, 429: Failure } },
    checksBody: true,
    beacon: true,
    anonymous: true,
    before: async (request, reply) => {
      if (request.headers['x-api-key'] !== undefined) {
        request.caller = await app.guard.callerOf(request)
        return
      }
      await countRequest(world.limiter, world.limitKeyOf(request), reply)
    },
    repeatable: world.idempotency.hooks(true),
    handler: async (request) => {
      const read = readCapture(request.body, request.bodyText)
      if ('errors' in read) {
        const { errors } = read
        const [{ field, error } = { field: 'body', error: '' }] = errors
        await world.ingest.record([], [{ family: 'tracking', project: TRACKING_PROJECT, reason: 'invalid', field, error, original: request.bodyText }])
        throw new Fault('invalid', 'The capture is not as expected.', { errors })
      }
      const { capture } = read
      if (world.honorDnt && optedOut(request.headers)) {
        world.ingest.drop('tracking', 'opted_out')
        return { success: true, eventId: capture.eventId ?? newId() }
      }
      const { idempotency } = request
      const derivedId = idempotency ? eventIdsOf(idempotency) : undefined
      const answer = (outcomes: Outcome[]) => answerOf(capture, outcomes[0] as Outcome)
      const outcomes = await world.ingest.record(
        [draftOf(capture, senderOf(request, capture, world.reader), world.now(), derivedId)],
        [],
        idempotency ? (made) => givenAnswer(idempotency, 200, answer(made), world.now()) : undefined,
      )
      if (idempotency) idempotency.kept = true
      return answer(outcomes)
    },
  })
}

function answerOf({ eventId }: Capture, { id, duplicate }: Outcome) {
  return { success: true, eventId: eventId ?? id, ...(duplicate ? { duplicate: true } : {}) }
}

/** A page's own request tells of its visitor; a server with a key tells of somebody else, whose address it may state. */
function senderOf(request: FastifyRequest, { ipAddress }: Capture, reader: VisitorReader): Sender {
  const visitor = visitorOf(request.socket.remoteAddress ?? '', request.headers, reader)
  if (request.caller === null) return { ...visitor, agentSeen: true, purpose: purposeOf(request.headers) }
  return { ...visitor, address: ipAddress ? normalAddress(ipAddress) : visitor.address, agentSeen: false }
}
