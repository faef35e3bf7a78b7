with events as materialized (
select project, name, ts, destination_url, campaign_id, lead_id, machine
from events
where project = $1
  and campaign_id = $2
  and ts >= $3
)
select 0 as question, row_number() over () as place, to_json(answer)::text as answer
from (
select name as event, count(*) as events, count(*) filter (where machine) as machine_events, count(distinct lead_id) as leads, count(distinct lead_id) filter (where not machine) as human_leads
from events
where project = $4
  and campaign_id = $5
  and ts >= $6
group by 1
order by 2 desc, 1
limit $7
) answer
union all
select 1 as question, row_number() over () as place, to_json(answer)::text as answer
from (
select ts - ((ts % 86400000) + 86400000) % 86400000 as time, name as event, count(*) as events, count(*) filter (where machine) as machine_events, count(distinct lead_id) as leads, count(distinct lead_id) filter (where not machine) as human_leads
from events
where project = $8
  and campaign_id = $9
  and ts >= $10
group by 1, 2
order by 1, 2
limit $11
) answer
union all
select 2 as question, row_number() over () as place, to_json(answer)::text as answer
from (
select destination_url as destination_url, count(distinct lead_id) filter (where not machine) as human_leads, count(*) as events, count(*) filter (where machine) as machine_events
from events
where project = $12
  and campaign_id = $13
  and name = $14
  and ts >= $15
group by 1
order by 2 desc, 1
limit $16
) answer
order by question, place

-- $1 = "email"
-- $2 = 1
-- $3 = 1793491200000
-- $4 = "email"
-- $5 = 1
-- $6 = 1793491200000
-- $7 = 10000
-- $8 = "email"
-- $9 = 1
-- $10 = 1793491200000
-- $11 = 10000
-- $12 = "email"
-- $13 = 1
-- $14 = "email_clicked"
-- $15 = 1793491200000
-- $16 = 20
