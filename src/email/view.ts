import { iso } from '../core/time.ts'
import type { Lead } from './lead.ts'

/** A lead as the API gives it. */
export function view(lead: Lead) {
  const time = (at: number | null): string | null => (at === null ? null : iso(at))
  return {
    ...lead,
    fields: lead.fields === null ? {} : (JSON.parse(lead.fields) as object),
    email_opened_at: time(lead.email_opened_at),
    email_clicked_at: time(lead.email_clicked_at),
    email_unsubscribed_at: time(lead.email_unsubscribed_at),
    bounced_at: time(lead.bounced_at),
    created_at: time(lead.created_at),
    updated_at: time(lead.updated_at),
  }
}
