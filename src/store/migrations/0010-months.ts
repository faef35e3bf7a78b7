import type { Dialect } from '../dialect.ts'
import { monthOf } from '../months.ts'
import { linkClicks } from './0001-links.ts'
import { trackingEvents } from './0004-tracking.ts'

const INDEXES: Record<string, string> = {
  tracking_id: '(tracking_id, ts) where tracking_id is not null',
  project: '(project, ts)',
  received_at: 'using brin (received_at)',
  referrer: '(referrer, ts) where referrer is not null',
  seq: 'using brin (seq) with (autosummarize = on)',
}

/**
 * Events in a table for each month, where the engine wants that. What there is stays in one, which becomes the part before the next
 * month, so that nothing is copied. And a quick way to the links that were changed last.
 */
export function months(dialect: Dialect): string[] {
  const changed = dialect.index('create index link_tracking_version on link_tracking (version, tracking_id)')
  return [...(dialect.month === null ? [] : parted(dialect)), ...(changed === null ? [] : [changed])]
}

function parted(dialect: Dialect): string[] {
  const next = monthOf(Date.now(), 1).from
  const names = Object.keys(INDEXES)
  return [
    'drop view link_clicks',
    'drop view tracking_events',
    'alter table events rename to events_before',
    ...names.map((name) => `alter index events_${name} rename to events_before_${name}`),
    'create table events (like events_before) partition by range (received_at)',
    'create table events_default partition of events default',
    // What a wrong clock dates later lies there.
    `with late as (delete from events_before where received_at >= ${next} returning *) insert into events_default select * from late`,
    `do $$ begin
      if exists (select from events_before) then alter table events attach partition events_before for values from (minvalue) to (${next});
      else drop table events_before; end if; end $$`,
    ...names.map((name) => `create index events_${name} on events ${INDEXES[name]}`),
    linkClicks(dialect),
    trackingEvents(dialect),
  ]
}
