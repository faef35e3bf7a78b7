select id, ts, click_source
from events
where source = $1
  and tracking_id = $2
  and ts >= $3
  and ts < $4
order by ts desc, id desc
limit $5

-- $1 = "link"
-- $2 = "abc"
-- $3 = 1793491200000
-- $4 = 1796083200000
-- $5 = 50
