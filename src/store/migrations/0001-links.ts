import type { Dialect } from '../dialect.ts'
import { EVENT_COLUMNS } from '../events.ts'

/** The house's first tables: events, links, accounts, and what the pipeline must remember. */
export function links(dialect: Dialect): string[] {
  const eventColumns = Object.entries(EVENT_COLUMNS).map(([name, type]) => {
    const column = `${name} ${type === 'json' || type === 'text' ? dialect[type] : type}`
    return ['id', 'project', 'source', 'name', 'received_at', 'machine'].includes(name) ? `${column} not null` : column
  })
  return [
    `create table events (${eventColumns.join(', ')})`,
    dialect.index('create index events_tracking_id on events (tracking_id, ts) where tracking_id is not null'),
    dialect.index('create index events_project on events (project, ts)'),
    dialect.index('create index events_received_at on events using brin (received_at)'),

    `create table event_ids (project ${dialect.text} not null, event_id ${dialect.text} not null, received_at bigint not null, primary key (project, event_id))`,
    dialect.index('create index event_ids_received_at on event_ids using brin (received_at)'),
    `create table journal_positions (journal text primary key, position bigint not null, updated_at bigint not null)`,
    `create table dead_letters (
      id text primary key, received_at bigint not null, family text not null, project text not null, reason text not null,
      field text, error text not null, original text not null, replayed_at bigint
    )`,
    `create table answers (
      scope text not null, key text not null, body_hash text not null, status bigint not null, answer text not null,
      created_at bigint not null, primary key (scope, key)
    )`,
    `create table address_keys (day text primary key, key text not null, created_at bigint not null)`,

    `create table counters (name text primary key, value bigint not null)`,
    `insert into counters (name, value) values ('links', 0)`,
    `create table link_tracking (
      tracking_id text primary key, job_id text, application_id text, link_function text not null, link_type text,
      original_url text not null, redirect_url text not null, description text, campaign text, partner text,
      is_active boolean not null, expires_at bigint, metadata ${dialect.json}, created_at bigint not null, updated_at bigint not null,
      version bigint not null
    )`,
    linkClicks(dialect),

    `create table users (
      id text primary key, email text not null unique, password_hash text not null, role text not null, disabled boolean not null,
      token_version bigint not null, created_at bigint not null, last_login_at bigint
    )`,
    `create table ingest_keys (
      id text primary key, name text not null, key_hash text not null unique, created_at bigint not null, revoked_at bigint,
      last_used_at bigint
    )`,
  ].filter((statement) => statement !== null)
}

/** Clicks under the names of old. */
export function linkClicks(dialect: Dialect): string {
  return `create view link_clicks as
      select id as click_id, tracking_id, ${dialect.timestamp('ts')} as clicked_at, coalesce(ip_address, ip_hash) as ip_address,
        user_agent, referrer_url, session_id, click_source, properties as metadata
      from events where source = 'link'`
}
