import { Fault } from '../core/errors.ts'
import { parseHttpUrl } from '../core/urls.ts'

/** A tracked link. Times are UTC ms. */
export interface Link {
  tracking_id: string
  job_id: string | null
  application_id: string | null
  link_function: string
  link_type: string | null
  original_url: string
  redirect_url: string
  description: string | null
  campaign: string | null
  /** The tracking id of the partner whose link it is. */
  partner: string | null
  is_active: boolean
  expires_at: number | null
  /** JSON text. */
  metadata: string | null
  created_at: number
  updated_at: number
  /** Where it stands in the order of all changes to links. */
  version: number
}

/** The paths that redirect, each also a `click_source`. */
export const REDIRECT_PATHS = ['linkedin', 'calendly', 'portfolio', 'github', 'website', 'link'] as const

const PATH_OF: ReadonlyMap<string, (typeof REDIRECT_PATHS)[number]> = new Map([
  ['LinkedIn', 'linkedin'],
  ['Calendly', 'calendly'],
  ['Portfolio', 'portfolio'],
  ['GitHub', 'github'],
  ['Website', 'website'],
])

export const TRACKING_ID_PATTERN = '^[A-Za-z0-9_-]{1,100}$'
const TRACKING_ID = new RegExp(TRACKING_ID_PATTERN)

/** Whether a text can be a tracking id. */
export function isTrackingId(text: unknown): text is string {
  return typeof text === 'string' && TRACKING_ID.test(text)
}

/** The address to hand out for a link: its function decides the path. */
export function redirectUrl(base: string, linkFunction: string, trackingId: string): string {
  return `${base}/${PATH_OF.get(linkFunction) ?? 'link'}?uuid=${trackingId}`
}

export const URL_MAX = 1_000

/** Checks where a link shall lead. Throws Fault 'invalid' naming `original_url`. */
export function checkDestination(text: string): void {
  if (parseHttpUrl(text, URL_MAX)) return
  throw new Fault('invalid', 'original_url must be an http or https URL.', {
    errors: [{ field: 'original_url', error: `must be an http or https URL of at most ${URL_MAX} characters, without user info` }],
  })
}

/** Where a link leads, parsed once by the WHATWG rules and sent out as parsed. */
export function destinationOf(originalUrl: string): string {
  return new URL(originalUrl).href
}
