with walked as (
  select coalesce(known_as, person) as walker, name, ts, id
  from events left join (select project as alias_project, alias, person as known_as from person_aliases) aliases
  on alias_project = project and alias = person
  where project = $1
  and name = any($2::text[])
  and ts >= $3
  and ts < $4 and person is not null
),
step_1 as (select *, name = $5 as passed_1 from walked),
step_2 as (
  select *, name = $6 and min(ts) filter (where passed_1) over earlier is not null and ts <= min(ts) filter (where passed_1) over earlier + $7 as passed_2 from step_1
  window earlier as (partition by walker order by ts, id rows between unbounded preceding and 1 preceding)
),
times as (
  select min(ts) filter (where passed_1) as at_1, min(ts) filter (where passed_2) as at_2 from step_2 group by walker
)
select 1 as step, count(at_1) as users, cast(null as double precision) as median_ms from times
union all
select 2 as step, count(at_2) as users, percentile_cont(0.5) within group (order by at_2 - at_1) as median_ms from times
order by step;
-- $1 = "a1b2c3d4e5f6"
-- $2 = ["open"]
-- $3 = 1735689600000
-- $4 = 1738368000000
-- $5 = "open"
-- $6 = "open"
-- $7 = 3600000
