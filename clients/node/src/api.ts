// Made by `npm run types` from /apispec.json; changed by nobody else.

export interface NewLink {
  /**
   * Where the link leads: http or https
   */
  original_url: string
  /**
   * Your own choice; made for you when missing
   */
  tracking_id?: string | null
  /**
   * LinkedIn, Calendly, Portfolio, GitHub, Website or your own; decides the path
   */
  link_function?: string | null
  link_type?: string | null
  job_id?: string | null
  application_id?: string | null
  description?: string | null
  campaign?: string | null
  /**
   * Tracking id of the partner whose link it is
   */
  partner?: string | null
  /**
   * ISO 8601
   */
  expires_at?: string | null
  metadata?: {
    [k: string]: unknown
  } | null
}
export interface LinkChange {
  original_url?: string
  is_active?: boolean
  description?: string | null
  /**
   * ISO 8601; null for never
   */
  expires_at?: string | null
}
export interface LinkQuery {
  /**
   * Part of an id, a destination or a description
   */
  q?: string
  is_active?: boolean
  limit?: number
  /**
   * `cursor` of the page before
   */
  cursor?: string
  /**
   * With the clicks of each link, of all time
   */
  counts?: boolean
}
export interface StatsQuery {
  /**
   * ISO 8601
   */
  from?: string
  /**
   * ISO 8601
   */
  to?: string
  /**
   * With all that was acknowledged before, although answers may be kept for a while (REPORT_CACHE_MS)
   */
  fresh?: boolean
}
export interface Link {
  tracking_id: string
  redirect_url: string
  original_url: string
  link_function: string
  link_type: string | null
  job_id: string | null
  application_id: string | null
  description: string | null
  campaign: string | null
  partner: string | null
  metadata: {} | null
  is_active: boolean
  created_at: string
  updated_at: string
  expires_at: string | null
}
export interface LinkPage {
  links: {
    tracking_id: string
    redirect_url: string
    original_url: string
    link_function: string
    link_type: string | null
    job_id: string | null
    application_id: string | null
    description: string | null
    campaign: string | null
    partner: string | null
    metadata: {} | null
    is_active: boolean
    created_at: string
    updated_at: string
    expires_at: string | null
    /**
     * There with `counts`
     */
    clicks?: number
    /**
     * There with `counts`
     */
    human_clicks?: number
    /**
     * There with `counts`
     */
    machine_clicks?: number
  }[]
  cursor: string | null
}
export interface MadeLinks {
  success: boolean
  total: number
  successful: number
  failed: number
  results: {
    index: number
    success: boolean
    link?: {
      tracking_id: string
      redirect_url: string
      original_url: string
      link_function: string
      link_type: string | null
      job_id: string | null
      application_id: string | null
      description: string | null
      campaign: string | null
      partner: string | null
      metadata: {} | null
      is_active: boolean
      created_at: string
      updated_at: string
      expires_at: string | null
    }
    field?: string
    error?: string
  }[]
}
export interface LinkStats {
  tracking_id: string
  clicks: number
  human_clicks: number
  machine_clicks: number
  unique_visitors: number
  by_day: {
    date: string
    clicks: number
    human_clicks: number
    machine_clicks: number
    unique_visitors: number
  }[]
  by_click_source: {
    click_source: string | null
    clicks: number
    human_clicks: number
    machine_clicks: number
    unique_visitors: number
  }[]
  by_referrer: {
    referrer: string | null
    clicks: number
    human_clicks: number
    machine_clicks: number
    unique_visitors: number
  }[]
  recent: {
    click_id: string
    clicked_at: string
    click_source: string | null
    referrer_url: string | null
    session_id: string | null
    country: string | null
    browser: string | null
    os: string | null
    device: string | null
    machine: boolean
    machine_reason: string | null
  }[]
}
export interface Click {
  /**
   * Which link was clicked
   */
  tracking_id: string
  /**
   * Your own id of this click; a repeat within 7 days is stored once
   */
  event_id?: string | null
  /**
   * ISO 8601; the time of arrival when missing
   */
  clicked_at?: string | null
  /**
   * The visitor's address
   */
  ip_address?: string | null
  user_agent?: string | null
  referrer_url?: string | null
  /**
   * Such as linkedin or calendly
   */
  click_source?: string | null
  session_id?: string | null
  /**
   * Anything of your own, up to 32 KiB
   */
  metadata?: {
    [k: string]: unknown
  } | null
  /**
   * `Sec-Purpose`, `Purpose` or `X-Moz` of the visitor's request, where it had one: a prefetch is a machine's
   */
  purpose?: string | null
}
export interface ClickResults {
  total: number
  /**
   * Stored, now or before: duplicates count as successful
   */
  successful: number
  /**
   * Of the successful ones, those that had come before
   */
  duplicates: number
  /**
   * Of the successful ones, those whose link does not exist yet
   */
  unmatched: number
  failed: number
  errors: {
    index: number
    tracking_id: string | null
    field: string
    error: string
  }[]
}
export interface ProductEvent {
  eventName: string
  /**
   * ISO 8601; an event without a time, or with none that is one, is stored and left out of reports
   */
  timestamp?: unknown
  /**
   * The browser or device; one of anonymousId and userId is required
   */
  anonymousId?: string | null
  /**
   * The user; an anonymousId once seen with a user is that user, also in earlier events
   */
  userId?: string | null
  sessionId?: string | null
  /**
   * Anything of your own, up to 32 KiB
   */
  properties?: {
    [k: string]: unknown
  } | null
  /**
   * Your own id of this event; a repeat within 7 days is stored once
   */
  eventId?: string | null
}
export interface ProductResults {
  received: number
  inserted: number
  duplicates: number
  errors: {
    index: number
    field: string
    error: string
  }[]
}
