select epoch_ms(date_trunc('month', epoch_ms(ts))) as time, tracking_id as tracking_id, click_source as click_source, referrer_host as referrer_host, campaign as campaign, browser as browser, os as os, device as device, country as country, machine_reason as machine_reason, count(*) as events, count(*) filter (where not machine) as human_events, count(*) filter (where machine) as machine_events, count(distinct person) as visitors, count(distinct person) filter (where not machine) as human_visitors
from events
where project = $1
  and ts >= $2
  and ts < $3
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
order by time
limit $4

-- $1 = "links"
-- $2 = 1793491200000
-- $3 = 1796083200000
-- $4 = 10000
