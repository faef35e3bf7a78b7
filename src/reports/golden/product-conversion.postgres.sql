select count(distinct coalesce(known_as, person)) as users
from (
select project, person
from events
where project = $1
  and ts >= $2
  and ts < $3
group by 1, 2
) parts left join (select project as alias_project, alias, person as known_as from person_aliases) aliases
  on alias_project = project and alias = person;
-- $1 = "a1b2c3d4e5f6"
-- $2 = 1735689600000
-- $3 = 1738368000000

select count(distinct coalesce(known_as, person)) as users
from (
select project, person
from events
where project = $1
  and name = $2
  and ts >= $3
  and ts < $4
group by 1, 2
) parts left join (select project as alias_project, alias, person as known_as from person_aliases) aliases
  on alias_project = project and alias = person;
-- $1 = "a1b2c3d4e5f6"
-- $2 = "buy"
-- $3 = 1735689600000
-- $4 = 1738368000000
