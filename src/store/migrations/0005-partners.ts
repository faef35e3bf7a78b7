import type { Dialect } from '../dialect.ts'

/** Who may see a referrer's numbers, and the way to that referrer's events. */
export function partners(dialect: Dialect): string[] {
  return [
    `create table partner_access (
      id text primary key, tracking_id text not null unique, partner_name text, email text, token_hash text not null,
      is_active boolean not null, created_at bigint not null, expires_at bigint not null, last_seen_at bigint
    )`,
    dialect.index('create index if not exists events_referrer on events (referrer, ts) where referrer is not null'),
  ].filter((statement) => statement !== null)
}
