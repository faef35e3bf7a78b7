select (extract(epoch from date_trunc('month', (to_timestamp(ts / 1000.0) at time zone 'UTC'))) * 1000)::bigint as time, count(*) as events, count(*) filter (where not machine) as human_events, count(*) filter (where machine) as machine_events, count(distinct person) as visitors
from events
where source = $1
  and tracking_id = $2
  and ts is not null
group by 1
order by 1
limit $3

-- $1 = "link"
-- $2 = "abc"
-- $3 = 10000
