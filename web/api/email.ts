// Made by `npm run types` from /apispec.json; changed by nobody else.

export interface Lead {
  id: number
  email: string
  first_name: string | null
  last_name: string | null
  fields: {
    [k: string]: unknown
  }
  status: 'active' | 'opted_out' | 'bounced'
  email_opened: boolean
  email_opened_at: string | null
  email_clicked: boolean
  email_clicked_at: string | null
  email_unsubscribed: boolean
  email_unsubscribed_at: string | null
  bounced_at: string | null
  bounce_reason: string | null
  created_at: string
  updated_at: string
}
export interface LeadPage {
  leads: {
    id: number
    email: string
    first_name: string | null
    last_name: string | null
    fields: {
      [k: string]: unknown
    }
    status: 'active' | 'opted_out' | 'bounced'
    email_opened: boolean
    email_opened_at: string | null
    email_clicked: boolean
    email_clicked_at: string | null
    email_unsubscribed: boolean
    email_unsubscribed_at: string | null
    bounced_at: string | null
    bounce_reason: string | null
    created_at: string
    updated_at: string
  }[]
  cursor: string | null
  counts?: {
    leads: number
    mailable: number
  }
}
export interface ImportReport {
  total: number
  created: number
  existing: number
  failed: number
  rows: {
    row: number
    status: 'created' | 'existing' | 'failed'
    lead_id?: number
    field?: string
    error?: string
  }[]
}
export interface MailCampaign {
  id: number
  name: string
  subject: string | null
  created_at: string
  updated_at: string
  html: string | null
  text: string | null
}
export interface MailCampaignPage {
  campaigns: {
    id: number
    name: string
    subject: string | null
    created_at: string
    updated_at: string
    numbers?: {
      sent: number
      bounced: number
      opens: {
        total: number
        unique: number
        machine: number
      }
      clicks: {
        total: number
        unique: number
        machine: number
      }
      unsubscribes: number
      open_rate: number
      click_rate: number
      click_to_open_rate: number
      unsubscribe_rate: number
    }
  }[]
  cursor: string | null
}
export interface MailNumbers {
  campaign_id: number | null
  sent: number
  bounced: number
  opens: {
    total: number
    unique: number
    machine: number
  }
  clicks: {
    total: number
    unique: number
    machine: number
  }
  unsubscribes: number
  open_rate: number
  click_rate: number
  click_to_open_rate: number
  unsubscribe_rate: number
  before?: {
    sent: number
    bounced: number
    opens: {
      total: number
      unique: number
      machine: number
    }
    clicks: {
      total: number
      unique: number
      machine: number
    }
    unsubscribes: number
    open_rate: number
    click_rate: number
    click_to_open_rate: number
    unsubscribe_rate: number
  }
  top_links: {
    url: string
    clicks: number
    unique_clicks: number
    machine_clicks: number
  }[]
  by_day: {
    date: string
    sent: number
    bounced: number
    opens: number
    unique_opens: number
    clicks: number
    unique_clicks: number
    unsubscribes: number
  }[]
}
export interface Mailing {
  id: string
  campaign_id: number
  subject: string
  total: number
  queued: number
  sending: number
  sent: number
  bounced: number
  failed: number
  doubtful: number
  skipped: number
  created_at: string
  ended_at: string | null
}
export interface QueuedMailing {
  mailing_id: string
  campaign_id: number
  message_ids: string[]
  queued: number
  skipped: {
    lead_id: number
    reason: string
  }[]
  truncated: boolean
  duplicate: boolean
}
