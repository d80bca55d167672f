-- name: trust_runs
-- Runs that are pinned to a version which is not the one that they were started with.
select r.id, r.namespace, r.procedure_name from run as r join procedure as p on p.id = r.procedure_id
where r.namespace = any (:namespaces::text[]) and p.namespace = any (:namespaces::text[])
    and (p.hash <> r.procedure_hash or p.name <> r.procedure_name)
order by r.id limit :limit

-- name: trust_steps
-- The newest steps that are said to be done or done without, with the version that their run is pinned to.
select s.run_id, s.step_id, s.namespace, s.state, s.skipped_because, r.mode, p.body
from run as r join run_step as s on s.run_id = r.id join procedure as p on p.id = r.procedure_id
where r.namespace = any (:namespaces::text[]) and s.namespace = any (:namespaces::text[])
    and p.namespace = any (:namespaces::text[])
    and s.role = 'do' and s.state in ('succeeded', 'skipped')
order by r.created_at desc, r.id, s.step_id limit :limit

-- name: trust_rules
-- Every rule that was ever written, those that were removed too.
select u.id, u.namespace, u.name, u.body, u.removed_at from rule as u
where u.namespace = any (:namespaces::text[]) order by u.id limit :limit

-- name: trust_claimed_memories
-- The memories that count as verified although an agent captured them, newest first.
select m.id, m.title, m.actor_id from memory as m
where m.namespace = any (:namespaces::text[]) and m.trust = 'verified' and m.actor_kind = 'agent'
order by m.created_at desc, m.id limit :limit
