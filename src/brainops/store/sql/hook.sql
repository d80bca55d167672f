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
