select country, browser, count(key) as visitors, cast(coalesce(sum(events), 0) as bigint) as events
from (
select country as country, browser as browser, person as key, count(*) as events
from events
where machine = $1
  and campaign = any($2::text[])
  and ts >= $3
  and ts < $4
group by 1, 2, 3
) parts
group by 1, 2
order by 3 desc, 1, 2
limit $5

-- $1 = false
-- $2 = ["a","b"]
-- $3 = 1793491200000
-- $4 = 1796083200000
-- $5 = 10
