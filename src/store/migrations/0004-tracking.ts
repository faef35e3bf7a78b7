import type { Dialect } from '../dialect.ts'

/** The events of campaigns under the names of old, and a quick way to those of one referrer. */
export function tracking(dialect: Dialect): string[] {
  return [
    dialect.index('create index events_referrer on events (referrer, ts) where referrer is not null'),
    trackingEvents(dialect),
    `create view tracking_users as
      select id, email, role, ${dialect.timestamp('created_at')} as created_at, ${dialect.timestamp('last_login_at')} as last_login from users`,
  ].filter((statement) => statement !== null)
}

/** Captures under the names of old. */
export function trackingEvents(dialect: Dialect): string {
  return `create view tracking_events as
      select id, referrer, campaign, landing_page, original_source, destination_url, name as event_type, ${dialect.timestamp('ts')} as "timestamp",
        user_agent, coalesce(ip_address, ip_hash) as ip_address, session_id
      from events where source = 'web'`
}
