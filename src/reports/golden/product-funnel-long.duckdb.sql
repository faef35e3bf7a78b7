with walked as materialized (
  select coalesce(known_as, person) as walker, which, ts, ts::hugeint * 9007199254740992 + coalesce(seq, 9007199254740991) as place
  from events left join (select project as alias_project, alias, person as known_as from person_aliases) aliases
  on alias_project = project and alias = person
  join (values ($1::text, 0), ($2::text, 1), ($3::text, 2), ($4::text, 3), ($5::text, 4), ($6::text, 5), ($7::text, 6), ($8::text, 7), ($9::text, 8)) as names (wanted, which) on name = wanted
  where project = $10
  and ts >= $11
  and ts < $12 and person is not null
),
step_1 as materialized (
  select walker, min(place) as place, min(ts) as began, min(ts) as reached, cast(null as bigint) as took
  from walked where which = 0 group by walker
),
step_2 as materialized (
  select walker, min(walked.place) as place, min(before.began) as began, min(walked.ts) as reached, min(walked.ts) - min(before.reached) as took
  from step_1 before join walked using (walker)
  where which = 1 and walked.place > before.place group by walker
),
step_3 as materialized (
  select walker, min(walked.place) as place, min(before.began) as began, min(walked.ts) as reached, min(walked.ts) - min(before.reached) as took
  from step_2 before join walked using (walker)
  where which = 2 and walked.place > before.place group by walker
),
step_4 as materialized (
  select walker, min(walked.place) as place, min(before.began) as began, min(walked.ts) as reached, min(walked.ts) - min(before.reached) as took
  from step_3 before join walked using (walker)
  where which = 3 and walked.place > before.place group by walker
),
step_5 as materialized (
  select walker, min(walked.place) as place, min(before.began) as began, min(walked.ts) as reached, min(walked.ts) - min(before.reached) as took
  from step_4 before join walked using (walker)
  where which = 4 and walked.place > before.place group by walker
),
step_6 as materialized (
  select walker, min(walked.place) as place, min(before.began) as began, min(walked.ts) as reached, min(walked.ts) - min(before.reached) as took
  from step_5 before join walked using (walker)
  where which = 5 and walked.place > before.place group by walker
),
step_7 as materialized (
  select walker, min(walked.place) as place, min(before.began) as began, min(walked.ts) as reached, min(walked.ts) - min(before.reached) as took
  from step_6 before join walked using (walker)
  where which = 6 and walked.place > before.place group by walker
),
step_8 as materialized (
  select walker, min(walked.place) as place, min(before.began) as began, min(walked.ts) as reached, min(walked.ts) - min(before.reached) as took
  from step_7 before join walked using (walker)
  where which = 7 and walked.place > before.place group by walker
),
step_9 as materialized (
  select walker, min(walked.place) as place, min(before.began) as began, min(walked.ts) as reached, min(walked.ts) - min(before.reached) as took
  from step_8 before join walked using (walker)
  where which = 8 and walked.place > before.place group by walker
)
select 1 as step, count(*) as users, percentile_cont(0.5) within group (order by took) as median_ms from step_1
union all
select 2 as step, count(*) as users, percentile_cont(0.5) within group (order by took) as median_ms from step_2
union all
select 3 as step, count(*) as users, percentile_cont(0.5) within group (order by took) as median_ms from step_3
union all
select 4 as step, count(*) as users, percentile_cont(0.5) within group (order by took) as median_ms from step_4
union all
select 5 as step, count(*) as users, percentile_cont(0.5) within group (order by took) as median_ms from step_5
union all
select 6 as step, count(*) as users, percentile_cont(0.5) within group (order by took) as median_ms from step_6
union all
select 7 as step, count(*) as users, percentile_cont(0.5) within group (order by took) as median_ms from step_7
union all
select 8 as step, count(*) as users, percentile_cont(0.5) within group (order by took) as median_ms from step_8
union all
select 9 as step, count(*) as users, percentile_cont(0.5) within group (order by took) as median_ms from step_9
order by step;
-- $1 = "a"
-- $2 = "b"
-- $3 = "c"
-- $4 = "d"
-- $5 = "e"
-- $6 = "f"
-- $7 = "g"
-- $8 = "h"
-- $9 = "i"
-- $10 = "a1b2c3d4e5f6"
-- $11 = 1735689600000
-- $12 = 1738368000000
