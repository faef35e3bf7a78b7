select count(*) as events, count(distinct coalesce(known_as, person)) as users, count(distinct name) as event_names
from events left join (select project as alias_project, alias, person as known_as from person_aliases) aliases
  on alias_project = project and alias = person
where project = $1
  and (properties ->> $2::text) = $3
  and (properties ->> $4::text) = $5
  and ts is not null;
-- $1 = "a1b2c3d4e5f6"
-- $2 = "a.b"
-- $3 = "pro"
-- $4 = "$~/\""
-- $5 = "o'neil"
