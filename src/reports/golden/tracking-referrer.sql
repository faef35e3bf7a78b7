with parts as (
  select grouping(campaign) as part, campaign as campaign, count(*) as events, count(*) filter (where not machine) as human_events, count(*) filter (where machine) as machine_events
  from events
  where referrer = $1
  and ts >= $2
  group by grouping sets ((), (campaign))
), ranked as (
  select *, row_number() over (partition by part order by events desc, campaign) as place from parts
)
select * from ranked
where place <= $3
order by part, place

-- $1 = "partner_john"
-- $2 = 1793491200000
-- $3 = 101
