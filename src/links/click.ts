import type { FastifyRequest } from 'fastify'
import { clientScheme } from '../capture/address.ts'
import { purposeOf } from '../capture/machine.ts'
import { type VisitorReader, visitorOf } from '../capture/visitor.ts'
import type { Draft } from '../ingest/index.ts'
import type { Target } from './directory.ts'

/** The project of all link events: links belong to the server, not to a product. */
export const LINK_PROJECT = 'links'

/** The click that a visitor's request on a redirect is. `now` is UTC ms. */
export function clickOf(request: FastifyRequest, target: Target, source: string, now: number, reader: VisitorReader): Draft {
  const { headers } = request
  const socketAddress = request.socket.remoteAddress ?? ''
  return {
    family: 'links',
    project: LINK_PROJECT,
    source: 'link',
    name: 'link_clicked',
    ts: now,
    trackingId: target.trackingId,
    clickSource: source,
    destinationUrl: target.destination,
    campaign: target.campaign,
    referrer: target.partner,
    referrerUrl: headers.referer?.slice(0, REFERRER_MAX) ?? null,
    ...visitorOf(socketAddress, headers, reader),
    agentSeen: true,
    purpose: purposeOf(headers),
    properties: JSON.stringify({ host: headers.host, protocol: clientScheme(socketAddress, headers['x-forwarded-proto'] as string | undefined, reader.trusted) }),
  }
}

const REFERRER_MAX = 1_000
