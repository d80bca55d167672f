-- name: hook_changes
-- How often did rules, settings, procedures and fixes change in each readable namespace? A pack that was compiled at
-- other counters is old, and so is one of the store before a restore, or from before somebody could approve.
select namespace, 'rules' as kind, value as counter from namespace_setting
where namespace = any (:namespaces::text[]) and name = 'changes'
union all
select namespace, 'procedures' as kind, cast(counter as text) as counter from procedure_change
where namespace = any (:namespaces::text[])
union all
select '' as namespace, name as kind, value as counter from setting where name in ('store_id', 'strict_namespaces')
union all
select '' as namespace, 'approvers' as kind, cast(count(*) as text) as counter from approver
where namespace = 'brainops-approvers' and revoked_at is null

-- name: hook_session
-- What a session was given, newest first: each consultation, and what it named first.
select id, operation_name, target, primary_id, created_at from guidance
where namespace = :namespace and session_id = :session_id::text
order by created_at desc limit :limit

-- name: hook_fingerprint
-- The memories of an error, found by its digest or by that of its text, the most often seen first.
select m.id, m.title, m.trust, m.occurrences, m.last_seen_at from memory as m
where m.key in (
    select f.key from memory as f
    where f.namespace = any (:namespaces::text[]) and f.fingerprint = any (:digests::text[])
    union
    select t.key from memory as t
    where t.namespace = any (:namespaces::text[]) and t.message_fingerprint = any (:digests::text[]))
    and m.state = 'active' and m.superseded_by is null
order by m.occurrences desc, m.key limit :limit

-- name: hook_operation
-- How did an operation end lately, on this target, and in which errors? The newest first.
select o.outcome, o.fingerprint, o.error_memory_id, o.finished_at, o.session_id,
    (select m.title from memory as m where m.id = o.error_memory_id and m.state = 'active') as title
from operation as o
where o.namespace = :namespace and o.name = :name and o.target is not distinct from :target::text
    and o.finished_at is not null and o.imported_at is null
order by o.started_at desc limit :limit

-- name: hook_errors
-- What went wrong lately, the newest first.
select m.id, m.title, m.trust, m.fingerprint, m.occurrences, m.last_seen_at from memory as m
where m.namespace = :namespace and m.type = 'error_pattern' and m.state = 'active' and m.superseded_by is null
order by m.created_at desc limit :limit

-- name: hook_runs
-- Which runs go on or wait, the newest first?
select r.id, r.procedure_name, r.state from run as r
where r.namespace = :namespace and r.finished_at is null and r.imported_at is null and r.parent_run_id is null
order by r.created_at desc limit :limit

-- name: hook_open_of_session
-- Which run of a session, or of its agent where it names none, must be followed and waits, and for which step?
select r.id, r.procedure_name, (select s.step_id from run_step as s
    where s.run_id = r.id and s.role = 'do' and s.state in ('waiting', 'pending') order by s.step_id limit 1) as step_id
from run as r
where r.namespace = :namespace and r.finished_at is null and r.imported_at is null
    and (r.session_id = :session_id::text
        or (r.session_id is null and r.actor_kind = 'agent' and r.actor_id = :actor_id::text))
    and r.mode in ('required', 'strict') and r.state in ('waiting', 'paused')
order by r.created_at desc limit :limit
