select (extract(epoch from date_trunc('month', (to_timestamp(ts / 1000.0) at time zone 'UTC'))) * 1000)::bigint as time, name as event, source as source, tracking_id as tracking_id, click_source as click_source, referrer as referrer, referrer_host as referrer_host, campaign as campaign, landing_page as landing_page, split_part(destination_url, '/', 3) as destination_host, destination_url as destination_url, utm_source as utm_source, utm_medium as utm_medium, utm_campaign as utm_campaign, utm_term as utm_term, utm_content as utm_content, browser as browser, os as os, device as device, country as country, machine as machine, machine_reason as machine_reason, campaign_id as campaign_id, count(*) as events, count(*) filter (where not machine) as human_events, count(*) filter (where machine) as machine_events, count(distinct name) as event_names, count(distinct session_id) as sessions, count(distinct person) as visitors, count(distinct person) filter (where not machine) as human_visitors, count(distinct coalesce(known_as, person)) as users, count(distinct lead_id) as leads, count(distinct lead_id) filter (where not machine) as human_leads, min(ts) as first_at, max(ts) as last_at
from events left join (select project as alias_project, alias, person as known_as from person_aliases) aliases
  on alias_project = project and alias = person
where project = $1
  and ts >= $2
  and ts < $3
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
order by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
limit $4

-- $1 = "links"
-- $2 = 1793491200000
-- $3 = 1796083200000
-- $4 = 10000
