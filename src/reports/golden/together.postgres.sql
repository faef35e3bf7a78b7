select 0 as question, row_number() over () as place, to_json(answer)::text as answer
from (
select count(*) as events, count(*) filter (where not machine) as human_events, count(*) filter (where machine) as machine_events, count(distinct person) as visitors
from events
where source = $1
  and tracking_id = $2
  and ts is not null
) answer
union all
select 1 as question, row_number() over () as place, to_json(answer)::text as answer
from (
select ts - ((ts % 86400000) + 86400000) % 86400000 as time, count(*) as events, count(*) filter (where not machine) as human_events, count(*) filter (where machine) as machine_events, count(distinct person) as visitors
from events
where source = $3
  and tracking_id = $4
  and ts >= $5
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
