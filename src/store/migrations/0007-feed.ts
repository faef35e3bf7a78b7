import type { Dialect } from '../dialect.ts'

/** The order in which events came into the store, and how far those have read who follow it. */
export function feed(dialect: Dialect): string[] {
  return [
    'alter table events add column seq bigint',
    dialect.index('create index events_seq on events using brin (seq) with (autosummarize = on)'),
    `insert into counters (name, value) values ('events', 0)`,
    'create table followers (name text primary key, position bigint not null, updated_at bigint not null)',
  ].filter((statement) => statement !== null)
}
