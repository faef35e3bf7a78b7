with parts as (
  select grouping(referrer, campaign, landing_page) as part, referrer as referrer, campaign as campaign, landing_page as landing_page, count(*) as events, count(*) filter (where not machine) as human_events, count(*) filter (where machine) as machine_events
  from events
  where referrer is not null
  and ts >= $1
  and ts < $2
  group by grouping sets ((), (referrer), (campaign), (landing_page))
), ranked as (
  select *, row_number() over (partition by part order by events desc, referrer, campaign, landing_page) as place from parts
)
select * from ranked
where place <= $3
order by part, place

-- $1 = 1793491200000
-- $2 = 1796083200000
-- $3 = 101
