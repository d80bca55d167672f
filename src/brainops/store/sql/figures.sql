-- name: query_count_add
-- Memory was asked so often in a minute.
insert into query_count ({columns of query_count}) values ({values of query_count})
on conflict (namespace, minute, kind) do update set queries = query_count.queries + excluded.queries

-- name: query_count_prune
-- Counts of minutes that no figure asks for any more.
delete from query_count where namespace = :namespace and minute < :before

-- name: query_counts
-- How often was memory asked, minute by minute? Receipts count themselves.
select q.minute as minute, q.kind as kind, sum(q.queries) as queries from query_count as q
where q.namespace = any (:namespaces::text[]) and q.minute >= (:since + 59999999) / 60000000
    and q.minute < (:until + 59999999) / 60000000
group by q.minute, q.kind
union all
select g.created_at / 60000000 as minute, 'guidance' as kind, count(*) as queries from guidance as g
where g.namespace = any (:namespaces::text[]) and g.created_at >= :since and g.created_at < :until
    and g.imported_at is null
group by g.created_at / 60000000

-- name: advice_given
-- How many receipts named something to follow?
select count(*) as receipts, coalesce(sum(case when g.primary_id is not null then 1 else 0 end), 0) as advised
from guidance as g
where g.namespace = any (:namespaces::text[]) and g.created_at >= :since and g.created_at < :until
    and g.imported_at is null

-- name: advice_followed
-- What became of advice that was followed: by an operation that said so, or by running the procedure that was advised.
select * from (
    select o.started_at as at, g.confidence as confidence,
        case when o.followed_id = g.primary_id then 1 else 0 end as is_primary,
        o.outcome as outcome, o.evidence as evidence, o.contradicted_at as contradicted_at
    from operation as o join guidance as g on g.id = o.guidance_id
    where o.namespace = any (:namespaces::text[]) and o.followed_id is not null
        and o.outcome is not null and o.started_at >= :since and o.started_at < :until and o.imported_at is null
    order by o.started_at desc limit :limit) as followed
union all
select * from (
    select r.created_at as at, g.confidence as confidence, 1 as is_primary,
        r.state as outcome, 'verified' as evidence, o.contradicted_at as contradicted_at
    from run as r
    join guidance as g on g.id = (
        select n.id from guidance as n where n.namespace = r.namespace and n.primary_id = r.procedure_id
            and n.created_at <= r.created_at and n.expires_at > r.created_at
            and (n.target is not distinct from r.target or n.session_id = r.session_id)
        order by n.created_at desc limit 1)
    left join operation as o on o.id = r.operation_id
    where r.namespace = any (:namespaces::text[]) and r.state in ('succeeded', 'failed')
        and r.parent_run_id is null and r.imported_at is null and r.created_at >= :since and r.created_at < :until
        and (o.followed_id is null or o.followed_id <> g.primary_id)
    order by r.created_at desc limit :limit) as executed

-- name: work_done
-- What ended in a time, how long it took and what it cost; that a session was opened is no work.
select count(*) as operations, coalesce(sum(case when o.outcome = 'failed' then 1 else 0 end), 0) as failed,
    coalesce(sum(o.duration_us), 0) as duration_us, coalesce(sum(o.cost), 0) as cost
from operation as o
where o.namespace = any (:namespaces::text[]) and o.finished_at >= :since and o.finished_at < :until
    and o.imported_at is null and o.name <> :opening

-- name: failures_by_day
-- How many failures were there each day, and how many of an error that had happened before?
select o.finished_at / 86400000000 as day, count(*) as failed,
    sum(case when exists (
        select 1 from operation as e
        where e.namespace = any (:namespaces::text[]) and e.fingerprint = o.fingerprint
            and e.outcome = 'failed' and e.finished_at < o.finished_at
            and e.name not like 'attempt: %') then 1 else 0 end) as repeated
from operation as o
where o.namespace = any (:namespaces::text[]) and o.finished_at >= :since and o.finished_at < :until
    and o.outcome = 'failed' and o.fingerprint is not null and o.imported_at is null
    and o.name not like 'attempt: %' -- what an agent tried in vain is part of a task
group by o.finished_at / 86400000000

-- name: fixes_fared
-- How did the applications of fixes that were decided in a time end, and how many are not? What was applied as it was
-- bound shows that somebody found a remedy, not that memory recognised anything.
select a.state as state, count(*) as applications,
    coalesce(sum(case when a.created_at >= f.created_at and a.created_at < f.created_at + :first then 0 else 1 end), 0)
        as recognised
from fix_application as a left join fix as f on f.id = a.fix_id and f.namespace = a.namespace
where a.namespace = any (:namespaces::text[]) and a.imported_at is null
    and coalesce(a.decided_at, a.applied_at, a.created_at) >= :since
    and coalesce(a.decided_at, a.applied_at, a.created_at) < :until
group by a.state

-- name: errors_mended
-- Which errors were mended for the first time, and when did they happen first?
select mended.fingerprint as fingerprint, mended.at as mended_at,
    (select min(o.finished_at) from operation as o
        where o.namespace = any (:namespaces::text[]) and o.fingerprint = mended.fingerprint
            and o.outcome = 'failed') as failed_at,
    (select min(m.created_at) from memory as m
        where m.namespace = any (:namespaces::text[]) and m.fingerprint = mended.fingerprint)
        as remembered_at
from (
    select coalesce(o.fingerprint, a.fingerprint) as fingerprint, min(a.decided_at) as at
    from fix_application as a left join operation as o on o.id = a.operation_id
    where a.namespace = any (:namespaces::text[]) and a.state = 'verified' and a.imported_at is null
    group by coalesce(o.fingerprint, a.fingerprint)) as mended
where mended.at >= :since and mended.at < :until
order by mended.at limit :limit

-- name: errors_answered
-- Known errors that were answered on a target by a fix or by following what memory says; did they come back on it?
select answered.fingerprint as fingerprint, answered.target as target, answered.at as at,
    exists (
        select 1 from operation as e
        where e.namespace = any (:namespaces::text[]) and e.outcome = 'failed'
            and e.finished_at > answered.at and e.finished_at < :until
            and (answered.target is null or e.target = answered.target)
            and e.fingerprint in (
                select answered.fingerprint
                union all
                select m.fingerprint from memory as m
                where m.namespace = any (:namespaces::text[])
                    and m.message_fingerprint = answered.fingerprint)) as came_back
from (
    select acts.fingerprint as fingerprint, acts.target as target, min(acts.at) as at from (
        select coalesce(o.fingerprint, a.fingerprint) as fingerprint, coalesce(a.target, o.target) as target,
            a.applied_at as at
        from fix_application as a left join operation as o on o.id = a.operation_id
        where a.namespace = any (:namespaces::text[]) and a.imported_at is null
            and a.state in ('applied', 'verified', 'contradicted')
            and a.applied_at >= :since and a.applied_at < :until
        union all
        select m.fingerprint as fingerprint, o.target as target, o.finished_at as at
        from operation as o join memory as m on m.id = o.followed_id
        where o.namespace = any (:namespaces::text[]) and m.namespace = any (:namespaces::text[])
            and o.imported_at is null and o.followed_id is not null and m.fingerprint is not null
                and o.outcome = 'succeeded'
            and o.contradicted_at is null and o.finished_at >= :since and o.finished_at < :until
        union all
        select f.fingerprint as fingerprint, o.target as target, o.finished_at as at
        from operation as o join fix as f on f.id = o.followed_id
        where o.namespace = any (:namespaces::text[]) and f.namespace = any (:namespaces::text[])
            and o.imported_at is null and o.followed_id is not null and o.outcome = 'succeeded'
            and o.contradicted_at is null and o.finished_at >= :since and o.finished_at < :until) as acts
    group by acts.fingerprint, acts.target) as answered
order by answered.at limit :limit

-- name: verdicts_given
-- How often was a memory called helpful, wrong or outdated, not counting what was taken back?
select f.verdict as verdict, count(*) as given from feedback as f
where f.namespace = any (:namespaces::text[]) and f.at >= :since and f.at < :until
    and f.undone_at is null
group by f.verdict

-- name: vector_waiting_since
-- When was the oldest memory captured that has no vector of any model?
select m.created_at as since from memory as m
where m.vector_model is null and m.namespace::text = any (:namespaces::text[]) order by m.key limit 1

-- name: run_due_since
-- Since when is the longest waiting run due?
select min(r.due_at) as since from run as r
where r.namespace = any (:namespaces::text[]) and r.due_at <= :now

-- name: insights_found
-- How many insights did the learning cycles write for the first time?
select count(*) as insights from memory as m
where m.namespace = any (:namespaces::text[]) and m.source_key >= 'learning:' and m.source_key < 'learning;'
    and m.created_at >= :since and m.created_at < :until and m.supersedes is null

-- name: improvements_fared
-- How did the improvements end that ended in a time?
select i.state as state, count(*) as improvements from improvement as i
where i.namespace = any (:namespaces::text[]) and i.ended_at >= :since and i.ended_at < :until
    and i.imported_at is null
group by i.state

-- name: improvements_made
-- How many improvements came into force in a time?
select count(*) as improvements from improvement as i
where i.namespace = any (:namespaces::text[]) and i.applied_at >= :since and i.applied_at < :until
    and i.imported_at is null

-- name: attempts_fared
-- What did the agents do whose attempts began in a time and have ended?
select count(*) as ended, coalesce(sum(case when t.success >= 0.5 then 1 else 0 end), 0) as succeeded,
    coalesce(sum(t.duration_us), 0) as duration_us, coalesce(sum(t.charged), 0) as cost
from attempt as t
where t.namespace = any (:namespaces::text[]) and t.started_at >= :since and t.started_at < :until
    and t.ended_at is not null and t.imported_at is null

-- name: attempts_judged
-- The newest attempts of a time that say how well their agent did.
select t.agent as agent, t.task_class as task_class, t.success as success, t.duration_us as duration_us,
    t.charged as charged
from attempt as t
where t.namespace = any (:namespaces::text[]) and t.started_at >= :since and t.started_at < :until
    and t.success is not null and t.imported_at is null
order by t.started_at desc, t.id desc limit :limit

-- name: session_work
-- What was done in a session?
select count(*) as operations, coalesce(sum(case when o.outcome = 'failed' then 1 else 0 end), 0) as failed,
    coalesce(sum(case when o.outcome is null then 1 else 0 end), 0) as open, max(o.started_at) as last_at,
    (select count(*) from guidance as g where g.namespace = any (:namespaces::text[])
        and g.session_id = :session_id) as receipts,
    (select count(*) from memory as m where m.namespace = any (:namespaces::text[])
        and m.session_id = :session_id) as memories
from operation as o
where o.namespace = any (:namespaces::text[]) and o.session_id = :session_id and o.name <> :opening

-- name: session_opening
-- How was a session opened?
select {operation as o} from operation as o
where o.namespace = any (:namespaces::text[]) and o.name = :opening
    and o.session_id = :session_id
order by o.started_at limit 1

-- name: memory_newest_of_type
-- The newest memories of a type that hold; looked for among so many, so that an index alone finds them.
select {memory as m} from memory as m
where m.namespace = any (:namespaces::text[]) and m.state = 'active' and m.superseded_by is null
    and (m.valid_to is null or m.valid_to > greatest(:now, m.updated_at))
    and m.key in (
        select n.key from memory as n where n.namespace = any (:namespaces::text[]) and n.type = :type
        order by n.created_at desc limit :looked)
order by m.created_at desc, m.key desc limit :limit

-- name: unlearnt_count
-- How many operations of the written namespace has no cycle looked at? Counted up to a limit.
select count(*) as operations from (
    select 1 as one from operation as o
    where o.namespace = :namespace and o.learnt_at is null and o.finished_at is not null limit :limit) as waiting

-- name: course_counts
-- How much of each line of the founding charts lies in each step of a time? One pass a table, whatever the steps are.
select 'queries' as line, '' as of_what, (q.minute * 60000000 - :since::bigint) / :step::bigint as step,
    sum(q.queries) as counted
from query_count as q
where q.namespace = any (:namespaces::text[]) and q.minute >= (:since::bigint + 59999999) / 60000000
    and q.minute < (:until::bigint + 59999999) / 60000000
group by (q.minute * 60000000 - :since::bigint) / :step::bigint
union all
select case when g.primary_id is null then 'queries' else 'hits' end, '',
    (g.created_at - :since::bigint) / :step::bigint, count(*)
from guidance as g
where g.namespace = any (:namespaces::text[]) and g.created_at >= :since::bigint and g.created_at < :until::bigint
    and g.imported_at is null
group by case when g.primary_id is null then 'queries' else 'hits' end, (g.created_at - :since::bigint) / :step::bigint
union all
select 'errors', o.fingerprint, (o.finished_at - :since::bigint) / :step::bigint, count(*)
from operation as o
where o.namespace = any (:namespaces::text[]) and o.finished_at >= :since::bigint and o.finished_at < :until::bigint
    and o.outcome = 'failed' and o.fingerprint is not null and o.imported_at is null and o.name not like 'attempt: %'
group by o.fingerprint, (o.finished_at - :since::bigint) / :step::bigint
union all
select 'avoided', '', (o.finished_at - :since::bigint) / :step::bigint, count(*)
from operation as o
where o.namespace = any (:namespaces::text[]) and o.finished_at >= :since::bigint and o.finished_at < :until::bigint
    and o.outcome = 'succeeded' and o.followed_id is not null and o.contradicted_at is null and o.imported_at is null
group by (o.finished_at - :since::bigint) / :step::bigint
union all
select 'avoided', '', (a.decided_at - :since::bigint) / :step::bigint, count(*)
from fix_application as a
where a.namespace = any (:namespaces::text[]) and a.decided_at >= :since::bigint and a.decided_at < :until::bigint
    and a.state = 'verified' and a.imported_at is null
group by (a.decided_at - :since::bigint) / :step::bigint
union all
select 'runs', r.state, (r.finished_at - :since::bigint) / :step::bigint, count(*)
from run as r
where r.namespace = any (:namespaces::text[]) and r.finished_at >= :since::bigint and r.finished_at < :until::bigint
    and r.imported_at is null
group by r.state, (r.finished_at - :since::bigint) / :step::bigint
union all
select 'improvements', i.state, (i.ended_at - :since::bigint) / :step::bigint, count(*)
from improvement as i
where i.namespace = any (:namespaces::text[]) and i.ended_at >= :since::bigint and i.ended_at < :until::bigint
    and i.imported_at is null
group by i.state, (i.ended_at - :since::bigint) / :step::bigint

-- name: course_repeats
-- How many failures of a time were of an error that had happened before, step by step?
select (o.finished_at - :since::bigint) / :step::bigint as step, count(*) as counted
from operation as o
where o.namespace = any (:namespaces::text[]) and o.finished_at >= :since::bigint and o.finished_at < :until::bigint
    and o.outcome = 'failed' and o.fingerprint is not null and o.imported_at is null and o.name not like 'attempt: %'
    and exists (
        select 1 from operation as e
        where e.namespace = any (:namespaces::text[]) and e.fingerprint = o.fingerprint
            and e.outcome = 'failed' and e.finished_at < o.finished_at and e.name not like 'attempt: %')
group by (o.finished_at - :since::bigint) / :step::bigint

-- name: course_marks
-- What may have moved the lines: what was deployed, and what changed by itself.
select * from (
    select o.started_at as at, o.name || coalesce(' ' || o.target, '') as said from operation as o
    where o.namespace = any (:namespaces::text[]) and o.started_at >= :since::bigint and o.started_at < :until::bigint
        and o.name like 'deploy%' and o.imported_at is null
    order by o.started_at desc limit :limit) as deployed
union all
select * from (
    select i.applied_at as at, i.title as said from improvement as i
    where i.namespace = any (:namespaces::text[]) and i.applied_at >= :since::bigint and i.applied_at < :until::bigint
        and i.by_itself = 1 and i.imported_at is null
    order by i.applied_at desc limit :limit) as changed

-- name: errors_named
-- What are the errors of some fingerprints called?
select m.fingerprint as fingerprint, max(m.title) as title from memory as m
where m.namespace = any (:namespaces::text[]) and m.fingerprint = any (:fingerprints::text[])
    and m.type = 'error_pattern'
group by m.fingerprint
