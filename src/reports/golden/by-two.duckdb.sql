select country as country, browser as browser, count(distinct person) as visitors, count(*) as events
from events
where machine = $1
  and campaign = any($2::text[])
  and ts >= $3
  and ts < $4
group by 1, 2
order by 3 desc, 1, 2
limit $5

-- $1 = false
-- $2 = ["a","b"]
-- $3 = 1793491200000
-- $4 = 1796083200000
-- $5 = 10
