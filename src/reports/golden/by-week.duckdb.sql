select ts - (((ts - 345600000) % 604800000) + 604800000) % 604800000 as time, count(*) as events, count(*) filter (where not machine) as human_events, count(*) filter (where machine) as machine_events, count(distinct person) as visitors
from events
where source = $1
  and tracking_id = $2
  and ts is not null
  and ts < $3
group by 1
order by 1
limit $4

-- $1 = "link"
-- $2 = "abc"
-- $3 = 1796083200000
-- $4 = 10000
