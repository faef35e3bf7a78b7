import type { Dialect } from '../dialect.ts'

/** Who gets mails, what is mailed, and the ledger of every mail to one reader. */
export function email(dialect: Dialect): string[] {
  return [
    `insert into counters (name, value) values ('leads', 0), ('campaigns', 0)`,
    `create table leads (
      id bigint primary key, email ${dialect.text} not null unique, first_name text, last_name text, fields ${dialect.json}, status text not null,
      email_opened boolean not null, email_opened_at bigint, email_clicked boolean not null, email_clicked_at bigint,
      email_unsubscribed boolean not null, email_unsubscribed_at bigint, bounced_at bigint, bounce_reason text,
      created_at bigint not null, updated_at bigint not null
    )`,
    `create table campaigns (
      id bigint primary key, name text not null, subject text, html text, text text, created_at bigint not null, updated_at bigint not null
    )`,
    `create table mailings (
      id text primary key, campaign_id bigint not null, subject text not null, html text, text text, total bigint not null,
      request_key text unique, created_at bigint not null, ended_at bigint
    )`,
    `create table messages (
      id text primary key, mailing_id text not null, campaign_id bigint not null, lead_id bigint not null, state text not null, reason text,
      attempts bigint not null, due_at bigint not null, created_at bigint not null, updated_at bigint not null, sent_at bigint, recorded_at bigint
    )`,
    dialect.index('create index messages_mailing on messages (mailing_id, state, due_at, id)'),
    dialect.index('create index messages_lead on messages (lead_id)'),
    dialect.index(`create index messages_sending on messages (id) where state = 'sending'`),
    dialect.index(`create index messages_unrecorded on messages (id) where recorded_at is null and state in ('sent', 'bounced')`),
    dialect.index('create index mailings_campaign on mailings (campaign_id)'),
  ].filter((statement) => statement !== null)
}
