select 0 as question, row_number() over () as place, to_json(answer)::text as answer
from (
select cast(coalesce(sum(events), 0) as bigint) as events, cast(coalesce(sum(human_events), 0) as bigint) as human_events, cast(coalesce(sum(machine_events), 0) as bigint) as machine_events, count(key) as visitors
from (
select person as key, count(*) as events, count(*) filter (where not machine) as human_events, count(*) filter (where machine) as machine_events
from events
where source = $1
  and tracking_id = $2
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
where source = $3
  and tracking_id = $4
  and ts >= $5
group by 1, 2
) parts
group by 1
order by 1
limit $6
) answer
union all
select 2 as question, row_number() over () as place, to_json(answer)::text as answer
from (
select id, ts, click_source
from events
where source = $7
  and tracking_id = $8
  and ts >= $9
  and ts < $10
order by ts desc, id desc
limit $11
) answer
order by question, place

-- $1 = "link"
-- $2 = "abc"
-- $3 = "link"
-- $4 = "abc"
-- $5 = 1793491200000
-- $6 = 10000
-- $7 = "link"
-- $8 = "abc"
-- $9 = 1793491200000
-- $10 = 1796083200000
-- $11 = 50
