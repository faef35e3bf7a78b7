with events as materialized (
select id, source, ts, person, tracking_id, click_source, machine
from events
where referrer = $1
  and ts is not null
)
select 0 as question, row_number() over () as place, to_json(answer)::text as answer
from (
select cast(coalesce(sum(events), 0) as bigint) as events, cast(coalesce(sum(human_events), 0) as bigint) as human_events, cast(coalesce(sum(machine_events), 0) as bigint) as machine_events, count(key) as visitors
from (
select person as key, count(*) as events, count(*) filter (where not machine) as human_events, count(*) filter (where machine) as machine_events
from events
where source = $2
  and tracking_id = $3
  and ts is not null
group by 1
) parts
) answer
union all
select 1 as question, row_number() over () as place, to_json(answer)::text as answer
from (
select time, cast(coalesce(sum(events), 0) as bigint) as events, cast(coalesce(sum(human_events), 0) as bigint) as human_events, cast(coalesce(sum(machine_events), 0) as bigint) as machine_events, count(key) as visitors
from (
select ts - ((ts % 86400000) + 86400000) % 86400000 as time, person as key, count(*) as events, count(*) filter (where not machine) as human_events, count(*) filter (where machine) as machine_events
from events
where source = $4
  and tracking_id = $5
  and ts >= $6
group by 1, 2
) parts
group by 1
order by 1
limit $7
) answer
union all
select 2 as question, row_number() over () as place, to_json(answer)::text as answer
from (
select id, ts, click_source
from events
where source = $8
  and tracking_id = $9
  and ts >= $10
  and ts < $11
order by ts desc, id desc
limit $12
) answer
order by question, place

-- $1 = "partner"
-- $2 = "link"
-- $3 = "abc"
-- $4 = "link"
-- $5 = "abc"
-- $6 = 1793491200000
-- $7 = 10000
-- $8 = "link"
-- $9 = "abc"
-- $10 = 1793491200000
-- $11 = 1796083200000
-- $12 = 50
