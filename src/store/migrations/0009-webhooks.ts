import type { Dialect } from '../dialect.ts'

/** Who is told what has happened, and what became of each message. A link's first version tells which links are new. */
export function webhooks(dialect: Dialect): string[] {
  return [
    `create table webhooks (
      id text primary key, url text not null, description text, events text not null, goals text not null, include_machines boolean not null,
      secret text not null, old_secret text, old_secret_until bigint, is_active boolean not null, disabled_reason text, failing_since bigint,
      created_at bigint not null, updated_at bigint not null
    )`,
    `create table webhook_deliveries (
      id text primary key, webhook_id text not null, event_type text not null, subject text not null, place bigint not null, state text not null, attempts bigint not null,
      since bigint not null, due_at bigint not null, status bigint, reason text, created_at bigint not null, attempted_at bigint
    )`,
    dialect.index('create index webhook_deliveries_log on webhook_deliveries (webhook_id, created_at)'),
    dialect.index(`create index webhook_deliveries_due on webhook_deliveries (webhook_id, due_at) where state = 'pending'`),
    'alter table link_tracking add column created_version bigint',
    // From here on, so that nothing is missed between a webhook's making and the first look at what has happened.
    `insert into followers (name, position, updated_at) select 'webhooks', value, 0 from counters where name = 'events'`,
    `insert into followers (name, position, updated_at) select 'webhooks.links', value, 0 from counters where name = 'links'`,
  ].filter((statement) => statement !== null)
}
