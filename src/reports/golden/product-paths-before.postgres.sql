with ways as (
  select name, lag(name, 1) over way as way_1
  from (select coalesce(known_as, person) as walker, name, ts, seq from events left join (select project as alias_project, alias, person as known_as from person_aliases) aliases
  on alias_project = project and alias = person where project = $1
  and ts >= $2
  and ts < $3 and person is not null) walked
  window way as (partition by walker order by ts, seq)
), counted as (
  select 1 as step, way_1 as event, count(*) as count,
    row_number() over (order by count(*) desc, way_1) as place
  from ways where name = $4 group by way_1
)
select step, event, count from counted where place <= $5 order by step, place;
-- $1 = "a1b2c3d4e5f6"
-- $2 = 1735689600000
-- $3 = 1738368000000
-- $4 = "buy"
-- $5 = 10
