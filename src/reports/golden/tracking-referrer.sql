with parts as (
  select grouping(campaign) as part, campaign as campaign, count(*) as events, count(*) filter (where not machine) as human_events, count(*) filter (where machine) as machine_events
  from events
  where project = $1
  and referrer = $2
  and ts >= $3
  group by grouping sets ((), (campaign))
), ranked as (
  select *, row_number() over (partition by part order by events desc, campaign) as place from parts
)
select * from ranked
where place <= $4
order by part, place

-- $1 = "tracking"
-- $2 = "partner_john"
-- $3 = 1793491200000
-- $4 = 101
