select ts - ((ts % 86400000) + 86400000) % 86400000 as time, count(*) as events, count(*) filter (where not machine) as human_events, count(*) filter (where machine) as machine_events, count(distinct person) as visitors
from events
where source = $1
  and tracking_id = $2
  and ts >= $3
group by 1
order by 1
limit $4

-- $1 = "link"
-- $2 = "abc"
-- $3 = 1793491200000
-- $4 = 10000
