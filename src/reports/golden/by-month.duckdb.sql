select time, cast(coalesce(sum(events), 0) as bigint) as events, cast(coalesce(sum(human_events), 0) as bigint) as human_events, cast(coalesce(sum(machine_events), 0) as bigint) as machine_events, count(key) as visitors
from (
select epoch_ms(date_trunc('month', epoch_ms(ts))) as time, person as key, count(*) as events, count(*) filter (where not machine) as human_events, count(*) filter (where machine) as machine_events
from events
where source = $1
  and tracking_id = $2
  and ts is not null
group by 1, 2
) parts
group by 1
order by 1
limit $3

-- $1 = "link"
-- $2 = "abc"
-- $3 = 10000
