-- name: vector_models
-- How many readable memories have vectors of which model (null: of none yet)?
select m.vector_model as model_id, count(*) as memories from memory as m
where m.namespace in (select value from json_each(:namespaces)) group by m.vector_model

-- name: vector_sample
-- The newest readable memories that have a vector of this model, to compare it with a fresh one.
select m.key, m.id, m.title, m.content, m.content_format from memory as m
where m.vector_model = :model_id and m.namespace in (select value from json_each(:namespaces))
order by m.key desc limit :limit

-- name: audit_length
-- How long is a namespace's trail?
select count(*) as lines from audit
where namespace = :of_namespace and namespace in (select value from json_each(:namespaces))

-- name: record_counts
-- How many procedures, runs, approvals, fixes, notices, decisions, agents, tasks and improvements are there, how do
-- they stand, and how many are new?
select 'procedure' as kind, state as state, count(*) as total,
    coalesce(sum(case when created_at >= :since then 1 else 0 end), 0) as recent
from procedure where namespace in (select value from json_each(:namespaces)) group by state
union all
select 'run' as kind, state as state, count(*) as total,
    coalesce(sum(case when created_at >= :since then 1 else 0 end), 0) as recent
from run where namespace in (select value from json_each(:namespaces)) group by state
union all
select 'approval' as kind, state as state, count(*) as total,
    coalesce(sum(case when requested_at >= :since then 1 else 0 end), 0) as recent
from approval where namespace in (select value from json_each(:namespaces)) group by state
union all
select 'fix' as kind, mode as state, count(*) as total,
    coalesce(sum(case when created_at >= :since then 1 else 0 end), 0) as recent
from fix where namespace in (select value from json_each(:namespaces)) and detached_at is null group by mode
union all
select 'notice' as kind, case when delivered_at is null then 'waiting' else 'delivered' end as state, count(*) as total,
    coalesce(sum(case when created_at >= :since then 1 else 0 end), 0) as recent
from notice where namespace in (select value from json_each(:namespaces)) group by case when delivered_at is null then 'waiting' else 'delivered' end
union all
select 'decision' as kind, kind as state, count(*) as total,
    coalesce(sum(case when at >= :since then 1 else 0 end), 0) as recent
from decision where namespace in (select value from json_each(:namespaces)) group by kind
union all
select 'execution' as kind, state as state, count(*) as total,
    coalesce(sum(case when created_at >= :since then 1 else 0 end), 0) as recent
from execution where namespace in (select value from json_each(:namespaces)) group by state
union all
select 'improvement' as kind, state as state, count(*) as total,
    coalesce(sum(case when proposed_at >= :since then 1 else 0 end), 0) as recent
from improvement where namespace in (select value from json_each(:namespaces)) group by state
union all
select 'agent' as kind, case when enabled = 1 then 'enabled' else 'disabled' end as state, count(*) as total,
    coalesce(sum(case when created_at >= :since then 1 else 0 end), 0) as recent
from agent where namespace in (select value from json_each(:namespaces)) and removed_at is null group by case when enabled = 1 then 'enabled' else 'disabled' end

-- name: run_ended_before
-- How many runs ended before a time? They stay until somebody removes them.
select count(*) as runs from run where namespace = :namespace and finished_at < :before
