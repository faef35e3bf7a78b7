import { type Trusted, clientAddress } from './address.ts'
import { countryHeader } from './country.ts'

/** How a visitor's request is read. */
export interface VisitorReader {
  trusted: Trusted
  /** Name of the header in which a trusted proxy gives the visitor's country, or null. */
  countryHeader: string | null
}

/** Who asks, as far as the request tells. */
export interface Visitor {
  address: string
  country: string | null
  userAgent: string | null
}

const AGENT_MAX = 2_048

/** Reads the visitor from a request's socket address and headers. */
export function visitorOf(socketAddress: string, headers: Readonly<Record<string, string | string[] | undefined>>, reader: VisitorReader): Visitor {
  const agent = headers['user-agent'] as string | undefined
  return {
    address: clientAddress(socketAddress, headers['x-forwarded-for'] as string | undefined, reader.trusted),
    // Anybody may send the header; only a trusted proxy's is believed.
    country: reader.countryHeader !== null && reader.trusted(socketAddress) ? countryHeader(headers[reader.countryHeader] as string | undefined) : null,
    userAgent: agent === undefined ? null : agent.slice(0, AGENT_MAX),
  }
}
