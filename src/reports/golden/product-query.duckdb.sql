select (ts + case when ts >= 1761440400000 then 3600000 when ts >= 1743296400000 then 7200000 else 3600000 end) - ((((ts + case when ts >= 1761440400000 then 3600000 when ts >= 1743296400000 then 7200000 else 3600000 end) - 345600000) % 604800000) + 604800000) % 604800000 as time, name as event, (properties ->> $1::text) as property, count(*) as events, count(distinct coalesce(known_as, person)) as users, count(distinct session_id) as sessions
from events left join (select project as alias_project, alias, person as known_as from person_aliases) aliases
  on alias_project = project and alias = person
where project = $2
  and ts >= $3
  and ts < $4
group by 1, 2, 3
order by 1, 2, 3
limit $5;
-- $1 = "/plan"
-- $2 = "a1b2c3d4e5f6"
-- $3 = 1735689600000
-- $4 = 1767225600000
-- $5 = 1000
