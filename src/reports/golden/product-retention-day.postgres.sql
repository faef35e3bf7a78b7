with seen as (
  select distinct coalesce(known_as, person) as walker, ts - ((ts % 86400000) + 86400000) % 86400000 as bucket
  from events left join (select project as alias_project, alias, person as known_as from person_aliases) aliases
  on alias_project = project and alias = person
  where project = $1
  and ts >= $2
  and ts < $3 and person is not null
), first_seen as (
  select walker, min(bucket) as cohort from seen group by walker
)
select cohort, ((bucket - cohort) / 86400000) as period, count(*) as users
from seen join first_seen using (walker)
where bucket - cohort <= $4
group by 1, 2
order by 1, 2;
-- $1 = "a1b2c3d4e5f6"
-- $2 = 1735689600000
-- $3 = 1738368000000
-- $4 = 604800000
