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
  select *, name = $6 and min(ts) filter (where passed_1) over earlier is not null as passed_2 from step_1
  window earlier as (partition by walker order by ts, id rows between unbounded preceding and 1 preceding)
),
step_3 as (
  select *, name = $7 and min(ts) filter (where passed_2) over earlier is not null as passed_3 from step_2
  window earlier as (partition by walker order by ts, id rows between unbounded preceding and 1 preceding)
),
step_4 as materialized (
  select *, name = $8 and min(ts) filter (where passed_3) over earlier is not null as passed_4 from step_3
  window earlier as (partition by walker order by ts, id rows between unbounded preceding and 1 preceding)
),
step_5 as (
  select *, name = $9 and min(ts) filter (where passed_4) over earlier is not null as passed_5 from step_4
  window earlier as (partition by walker order by ts, id rows between unbounded preceding and 1 preceding)
),
step_6 as (
  select *, name = $10 and min(ts) filter (where passed_5) over earlier is not null as passed_6 from step_5
  window earlier as (partition by walker order by ts, id rows between unbounded preceding and 1 preceding)
),
step_7 as (
  select *, name = $11 and min(ts) filter (where passed_6) over earlier is not null as passed_7 from step_6
  window earlier as (partition by walker order by ts, id rows between unbounded preceding and 1 preceding)
),
step_8 as materialized (
  select *, name = $12 and min(ts) filter (where passed_7) over earlier is not null as passed_8 from step_7
  window earlier as (partition by walker order by ts, id rows between unbounded preceding and 1 preceding)
),
step_9 as (
  select *, name = $13 and min(ts) filter (where passed_8) over earlier is not null as passed_9 from step_8
  window earlier as (partition by walker order by ts, id rows between unbounded preceding and 1 preceding)
),
times as (
  select min(ts) filter (where passed_1) as at_1, min(ts) filter (where passed_2) as at_2, min(ts) filter (where passed_3) as at_3, min(ts) filter (where passed_4) as at_4, min(ts) filter (where passed_5) as at_5, min(ts) filter (where passed_6) as at_6, min(ts) filter (where passed_7) as at_7, min(ts) filter (where passed_8) as at_8, min(ts) filter (where passed_9) as at_9 from step_9 group by walker
)
select 1 as step, count(at_1) as users, cast(null as double precision) as median_ms from times
union all
select 2 as step, count(at_2) as users, percentile_cont(0.5) within group (order by at_2 - at_1) as median_ms from times
union all
select 3 as step, count(at_3) as users, percentile_cont(0.5) within group (order by at_3 - at_2) as median_ms from times
union all
select 4 as step, count(at_4) as users, percentile_cont(0.5) within group (order by at_4 - at_3) as median_ms from times
union all
select 5 as step, count(at_5) as users, percentile_cont(0.5) within group (order by at_5 - at_4) as median_ms from times
union all
select 6 as step, count(at_6) as users, percentile_cont(0.5) within group (order by at_6 - at_5) as median_ms from times
union all
select 7 as step, count(at_7) as users, percentile_cont(0.5) within group (order by at_7 - at_6) as median_ms from times
union all
select 8 as step, count(at_8) as users, percentile_cont(0.5) within group (order by at_8 - at_7) as median_ms from times
union all
select 9 as step, count(at_9) as users, percentile_cont(0.5) within group (order by at_9 - at_8) as median_ms from times
order by step;
-- $1 = "a1b2c3d4e5f6"
-- $2 = ["a","b","c","d","e","f","g","h","i"]
-- $3 = 1735689600000
-- $4 = 1738368000000
-- $5 = "a"
-- $6 = "b"
-- $7 = "c"
-- $8 = "d"
-- $9 = "e"
-- $10 = "f"
-- $11 = "g"
-- $12 = "h"
-- $13 = "i"
