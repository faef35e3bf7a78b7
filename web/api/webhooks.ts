// Made by `npm run types` from /apispec.json; changed by nobody else.

export interface Webhook {
  id: string
  url: string
  description: string | null
  events: ('email_opened' | 'email_clicked' | 'email_unsubscribed' | 'link.created' | 'link.updated' | 'link.clicked' | 'capture.recorded' | 'goal.converted')[]
  goals: string[]
  include_machines: boolean
  is_active: boolean
  disabled_reason: string | null
  failing_since: string | null
  secret_overlap_until: string | null
  created_at: string
  updated_at: string
}
export interface WebhookSecret {
  id: string
  url: string
  description: string | null
  events: ('email_opened' | 'email_clicked' | 'email_unsubscribed' | 'link.created' | 'link.updated' | 'link.clicked' | 'capture.recorded' | 'goal.converted')[]
  goals: string[]
  include_machines: boolean
  is_active: boolean
  disabled_reason: string | null
  failing_since: string | null
  secret_overlap_until: string | null
  created_at: string
  updated_at: string
  secret: string
}
export interface DeliveryPage {
  deliveries: {
    id: string
    webhook_id: string
    event_type:
      | 'email_opened'
      | 'email_clicked'
      | 'email_unsubscribed'
      | 'link.created'
      | 'link.updated'
      | 'link.clicked'
      | 'capture.recorded'
      | 'goal.converted'
      | 'webhook.test'
    state: 'pending' | 'delivered' | 'failed'
    attempts: number
    status: number | null
    reason: string | null
    created_at: string
    attempted_at: string | null
    next_attempt_at: string | null
  }[]
  cursor: string | null
}
export type Delivery = DeliveryPage['deliveries'][number]
