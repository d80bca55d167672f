-- name: change_after
-- What happened after a place in the feed, in its order.
select {change_place} as place, c.at, c.namespace, c.kind, c.ref from change as c
where {change_place_after} and c.namespace = any (:namespaces::text[]) and c.kind = any (:kinds::text[])
order by {change_order} limit :limit

-- name: change_before
-- What happened before a place in the feed, the latest first.
select {change_place} as place, c.at, c.namespace, c.kind, c.ref from change as c
where {change_place_before} and c.namespace = any (:namespaces::text[]) and c.kind = any (:kinds::text[])
order by {change_order_back} limit :limit

-- name: change_last_before
-- The last line of a namespace that is older than what is kept.
select max(c.number) as number from change as c where c.namespace = :namespace and c.at < :at

-- name: change_mark
-- It stands for what is taken out before it, so that a reader who comes from there is told.
update change set kind = 'trimmed', ref = '' where number = :number and namespace = :namespace

-- name: change_trim
-- Takes out the first lines before it.
delete from change where number in (select c.number from change as c
    where c.namespace = :namespace and c.number < :number order by c.number limit :limit) and namespace = :namespace

-- name: told_of_memory
-- What lines of the feed tell of memories, as these are now.
select m.namespace, m.id as ref, m.type, m.title from memory as m
where m.namespace = any (:namespaces::text[]) and m.id = any (:refs::text[])

-- name: told_of_operation
-- The same of an operation.
select o.namespace, o.id as ref, o.name, o.target, o.actor_id as actor, o.duration_us from operation as o
where o.namespace = any (:namespaces::text[]) and o.id = any (:refs::text[])

-- name: told_of_run
-- The same of a run.
select r.namespace, r.id as ref, r.procedure_name as procedure, r.target from run as r
where r.namespace = any (:namespaces::text[]) and r.id = any (:refs::text[])

-- name: told_of_task
-- The same of a task.
select e.namespace, e.id as ref, e.task_class, e.target from execution as e
where e.namespace = any (:namespaces::text[]) and e.id = any (:refs::text[])

-- name: told_of_approval
-- The same of an approval.
select a.namespace, a.id as ref, a.kind as asks_for, a.question from approval as a
where a.namespace = any (:namespaces::text[]) and a.id = any (:refs::text[])

-- name: told_of_notice
-- The same of a notice.
select n.namespace, n.id as ref, n.kind as of, n.subject from notice as n
where n.namespace = any (:namespaces::text[]) and n.id = any (:refs::text[])

-- name: told_of_procedure
-- The same of a procedure.
select p.namespace, p.id as ref, p.name, p.number from procedure as p
where p.namespace = any (:namespaces::text[]) and p.id = any (:refs::text[])

-- name: told_of_fix
-- The same of a fix.
select f.namespace, f.id as ref, f.title, f.mode from fix as f
where f.namespace = any (:namespaces::text[]) and f.id = any (:refs::text[])

-- name: told_of_application
-- The same of an application.
select a.namespace, a.id as ref, f.title as fix, a.target from fix_application as a join fix as f on f.id = a.fix_id
where a.namespace = any (:namespaces::text[]) and f.namespace = any (:namespaces::text[]) and a.id = any (:refs::text[])

-- name: told_of_improvement
-- The same of an improvement.
select i.namespace, i.id as ref, i.kind as changes, i.title from improvement as i
where i.namespace = any (:namespaces::text[]) and i.id = any (:refs::text[])

-- name: told_of_decision
-- The same of a decision.
select d.namespace, d.id as ref, d.rule_name as rule, d.operation_name as operation, d.target from decision as d
where d.namespace = any (:namespaces::text[]) and d.id = any (:refs::text[])

-- name: told_of_rule
-- The same of a rule.
select r.namespace, r.id as ref, r.name from rule as r
where r.namespace = any (:namespaces::text[]) and r.id = any (:refs::text[])

-- name: told_of_act
-- Lines of the trail are numbered by namespace.
select a.namespace, cast(a.sequence as text) as ref, a.act, a.subject, a.actor_id as actor from audit as a
where a.namespace = any (:namespaces::text[]) and a.sequence = any (:refs::bigint[])

-- name: told_of_alert
-- The same of an alert.
select a.namespace, a.key as ref, a.event, a.target, a.severity from alert as a
where a.namespace = any (:namespaces::text[]) and a.key = any (:refs::text[])

-- name: told_of_job
-- The same of a job.
select j.namespace, j.id as ref, j.kind, j.done, j.total, j.error from job as j
where j.namespace = any (:namespaces::text[]) and j.id = any (:refs::text[])
