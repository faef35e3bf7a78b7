select count(*) as added, count(*) filter (where (project = $3
  and country = $4
  and (properties ->> $5::text) = $6
  and ts >= $7
  and ts < $8) or (user_id is not null and anonymous_id is not null and project = $9)) as concerning
from events
where seq > $1
  and seq <= $2

-- $1 = 7
-- $2 = 9
-- $3 = "shop"
-- $4 = "DE"
-- $5 = "plan"
-- $6 = "team"
-- $7 = 1793491200000
-- $8 = 1796083200000
-- $9 = "shop"
