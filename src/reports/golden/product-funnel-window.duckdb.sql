with walked as materialized (
  select coalesce(known_as, person) as walker, which, ts, ts::hugeint * 9007199254740992 + coalesce(seq, 9007199254740991) as place
  from events left join (select project as alias_project, alias, person as known_as from person_aliases) aliases
  on alias_project = project and alias = person
  join (values ($1::text, 0)) as names (wanted, which) on name = wanted
  where project = $2
  and ts >= $3
  and ts < $4 and person is not null
),
step_1 as materialized (
  select walker, min(place) as place, min(ts) as began, min(ts) as reached, cast(null as bigint) as took
  from walked where which = 0 group by walker
),
step_2 as materialized (
  select walker, min(walked.place) as place, min(before.began) as began, min(walked.ts) as reached, min(walked.ts) - min(before.reached) as took
  from step_1 before join walked using (walker)
  where which = 0 and walked.place > before.place and walked.ts <= before.began + $5 group by walker
)
select 1 as step, count(*) as users, percentile_cont(0.5) within group (order by took) as median_ms from step_1
union all
select 2 as step, count(*) as users, percentile_cont(0.5) within group (order by took) as median_ms from step_2
order by step;
-- $1 = "open"
-- $2 = "a1b2c3d4e5f6"
-- $3 = 1735689600000
-- $4 = 1738368000000
-- $5 = 3600000
