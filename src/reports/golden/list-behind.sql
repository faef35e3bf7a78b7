select id, ts, campaign
from events
where project = $1
  and referrer = $2
  and ts >= $3
  and ts < $4
  and ts <= $5
  and (ts < $5 or id < $6)
order by ts desc, id desc
limit $7

-- $1 = "tracking"
-- $2 = "partner_john"
-- $3 = 1793491200000
-- $4 = 1796083200000
-- $5 = 1796083199999
-- $6 = "x"
-- $7 = 50
