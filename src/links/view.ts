import { iso } from '../core/time.ts'
import { type Link, destinationOf } from './link.ts'

/** A link as the API gives it. */
export function linkView(link: Link) {
  return {
    tracking_id: link.tracking_id,
    redirect_url: link.redirect_url,
    original_url: link.original_url,
    link_function: link.link_function,
    link_type: link.link_type,
    job_id: link.job_id,
    application_id: link.application_id,
    description: link.description,
    campaign: link.campaign,
    partner: link.partner,
    metadata: link.metadata === null ? null : (JSON.parse(link.metadata) as object),
    is_active: link.is_active,
    created_at: iso(link.created_at),
    updated_at: iso(link.updated_at),
    expires_at: link.expires_at === null ? null : iso(link.expires_at),
  }
}

/** A link as a redirect domain keeps it. An expired link is told as inactive. */
export function syncView(link: Link, now: number) {
  return {
    tracking_id: link.tracking_id,
    destination_url: destinationOf(link.original_url),
    link_function: link.link_function,
    is_active: link.is_active && (link.expires_at === null || link.expires_at > now),
    expires_at: link.expires_at === null ? null : iso(link.expires_at),
    created_at: iso(link.created_at),
    updated_at: iso(link.updated_at),
  }
}
