select min(ts) as first_at, max(ts) as last_at
from events
where project = $1
  and ts is not null;
-- $1 = "a1b2c3d4e5f6"

select time, cast(coalesce(sum(events), 0) as bigint) as events, count(key) as users
from (
select (ts + 3600000) - (((ts + 3600000) % 86400000) + 86400000) % 86400000 as time, coalesce(known_as, person) as key, count(*) as events
from events left join (select project as alias_project, alias, person as known_as from person_aliases) aliases
  on alias_project = project and alias = person
where project = $1
  and ts >= $2
  and ts < $3
group by 1, 2
) parts
group by 1
order by 1
limit $4;
-- $1 = "a1b2c3d4e5f6"
-- $2 = 1735689600000
-- $3 = 1738368000001
-- $4 = 10001
