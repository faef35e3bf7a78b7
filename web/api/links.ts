// Made by `npm run types` from /apispec.json; changed by nobody else.

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
    clicks?: number
    human_clicks?: number
    machine_clicks?: number
  }[]
  cursor: string | null
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
export type ListedLink = LinkPage['links'][number]
