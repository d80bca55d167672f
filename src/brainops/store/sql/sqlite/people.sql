-- name: namespaces_used
-- Every namespace in which something stands: of each the first entry of an index, however much there is.
with recursive of_memories (namespace) as (
    select min(m.namespace) from memory as m
    union all
    select (select min(m.namespace) from memory as m where m.namespace > s.namespace) from of_memories as s
    where s.namespace is not null
), of_acts (namespace) as (
    select min(a.namespace) from audit as a
    union all
    select (select min(a.namespace) from audit as a where a.namespace > s.namespace) from of_acts as s
    where s.namespace is not null
), of_runs (namespace) as (
    select min(r.namespace) from run as r
    union all
    select (select min(r.namespace) from run as r where r.namespace > s.namespace) from of_runs as s
    where s.namespace is not null
)
select u.namespace from (
    select namespace from of_memories union select namespace from of_acts union select namespace from of_runs
) as u where u.namespace is not null order by u.namespace
