import type { FastifyRequest } from 'fastify'
import { type Trusted, clientAddress } from '../capture/address.ts'
import { countryHeader } from '../capture/country.ts'
import { purposeOf } from '../capture/machine.ts'
import type { Draft } from '../ingest/index.ts'
import type { Target } from './directory.ts'

/** The project of all link events: links belong to the server, not to a product. */
export const LINK_PROJECT = 'links'

/** How a visitor's request is read. */
export interface ClickReader {
  trusted: Trusted
  /** Name of the header in which a trusted proxy gives the visitor's country, or null. */
  countryHeader: string | null
}

/** The click that a visitor's request on a redirect is. `now` is UTC ms. */
export function clickOf(request: FastifyRequest, target: Target, source: string, now: number, reader: ClickReader): Draft {
  const { headers } = request
  const agent = headers['user-agent']
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
    address: clientAddress(request.socket.remoteAddress ?? '', headers['x-forwarded-for'] as string | undefined, reader.trusted),
    country: reader.countryHeader === null ? null : countryOf(request, reader),
    userAgent: agent === undefined ? null : agent.slice(0, AGENT_MAX),
    agentSeen: true,
    purpose: purposeOf(headers),
    properties: JSON.stringify({ host: headers.host, protocol: request.protocol }),
  }
}

const REFERRER_MAX = 1_000
const AGENT_MAX = 2_048

function countryOf(request: FastifyRequest, reader: ClickReader): string | null {
  if (!reader.trusted(request.socket.remoteAddress ?? '')) return null
  return countryHeader(request.headers[reader.countryHeader as string] as string | undefined)
}
