-- name: record_counts
-- How many procedures, runs, approvals, fixes, notices, decisions, agents, tasks and improvements are there, how do
-- they stand, and how many are new?
select 'procedure' as kind, state as state, count(*) as total,
    coalesce(sum(case when created_at >= :since then 1 else 0 end), 0) as recent
from procedure where namespace = any (:namespaces::text[]) group by state
union all
select 'run' as kind, state as state, count(*) as total,
    coalesce(sum(case when created_at >= :since then 1 else 0 end), 0) as recent
from run where namespace = any (:namespaces::text[]) group by state
union all
select 'approval' as kind, state as state, count(*) as total,
    coalesce(sum(case when requested_at >= :since then 1 else 0 end), 0) as recent
from approval where namespace = any (:namespaces::text[]) group by state
union all
select 'fix' as kind, mode as state, count(*) as total,
    coalesce(sum(case when created_at >= :since then 1 else 0 end), 0) as recent
from fix where namespace = any (:namespaces::text[]) and detached_at is null group by mode
union all
select 'notice' as kind, case when delivered_at is null then 'waiting' else 'delivered' end as state, count(*) as total,
    coalesce(sum(case when created_at >= :since then 1 else 0 end), 0) as recent
from notice where namespace = any (:namespaces::text[])
group by case when delivered_at is null then 'waiting' else 'delivered' end
union all
select 'decision' as kind, kind as state, count(*) as total,
    coalesce(sum(case when at >= :since then 1 else 0 end), 0) as recent
from decision where namespace = any (:namespaces::text[]) group by kind
union all
select 'execution' as kind, state as state, count(*) as total,
    coalesce(sum(case when created_at >= :since then 1 else 0 end), 0) as recent
from execution where namespace = any (:namespaces::text[]) group by state
union all
select 'improvement' as kind, state as state, count(*) as total,
    coalesce(sum(case when proposed_at >= :since then 1 else 0 end), 0) as recent
from improvement where namespace = any (:namespaces::text[]) group by state
union all
select 'agent' as kind, case when enabled = 1 then 'enabled' else 'disabled' end as state, count(*) as total,
    coalesce(sum(case when created_at >= :since then 1 else 0 end), 0) as recent
from agent where namespace = any (:namespaces::text[]) and removed_at is null
group by case when enabled = 1 then 'enabled' else 'disabled' end

-- name: run_ended_before
-- How many runs ended before a time? They stay until somebody removes them.
select count(*) as runs from run where namespace = :namespace and finished_at < :before

-- name: procedure_after
-- Every readable row after an id.
select r.id, r.namespace, r.name, r.number, r.hash, r.body, r.source, r.path, r.owner, r.trust, r.state, r.created_at,
    r.created_kind, r.created_by, r.created_proof, r.activated_at, r.activated_kind, r.activated_by,
    r.activated_proof, r.retired_at, r.reason
from procedure as r
where r.namespace = any (:namespaces::text[]) and r.id > :after_id
order by r.id limit :limit

-- name: run_after
-- Every readable run after an id.
select r.id, r.namespace, r.procedure_id, r.procedure_name, r.procedure_hash, r.mode, r.target, r.inputs, r.state,
    r.epoch, r.actor_kind, r.actor_id, r.actor_proof, r.taken_over, r.session_id, r.operation_id, r.parent_run_id,
    r.parent_step_id, r.depth, r.concurrency_group, r.idempotency_key, r.outputs, r.error, r.fingerprint, r.reason,
    r.created_at, r.started_at, r.finished_at
from run as r
where r.namespace = any (:namespaces::text[]) and r.id > :after_id
order by r.id limit :limit

-- name: run_restore_row
-- Puts an exported run back, pinned to the version of that hash which stands here.
insert into run (id, namespace, procedure_id, procedure_name, procedure_hash, mode, target, inputs, state, epoch,
    actor_kind, actor_id, actor_proof, taken_over, session_id, operation_id, parent_run_id, parent_step_id, depth,
    concurrency_group, idempotency_key, outputs, error, fingerprint, reason, created_at, started_at, finished_at,
    imported_at)
values (:id, :namespace, coalesce((select p.id from procedure as p where p.namespace = :namespace and p.name =
    :procedure_name and p.hash = :procedure_hash), :procedure_id), :procedure_name, :procedure_hash, :mode, :target,
    :inputs, :state, :epoch, :actor_kind, :actor_id, :actor_proof, :taken_over, :session_id, :operation_id,
    :parent_run_id, :parent_step_id, :depth, :concurrency_group, :idempotency_key, :outputs, :error, :fingerprint,
    :reason, :created_at, :started_at, :finished_at, :imported_at)
on conflict do nothing

-- name: run_step_between
-- The readable steps of the runs after one id and up to another, in order.
select r.run_id, r.step_id, r.role, r.namespace, r.state, r.stage, r.epoch, r.attempts, r.failures, r.round,
    r.idempotency_key, r.input, r.output, r.error, r.waits_for, r.waits_on, r.detail, r.wake_at, r.skipped_because,
    r.evidence, r.started_at, r.finished_at, r.completion
from run_step as r
where r.namespace = any (:namespaces::text[]) and r.run_id > :after and r.run_id <= :until
order by r.run_id, r.step_id, r.role

-- name: run_step_restore_row
-- Puts an exported run step back.
insert into run_step (run_id, step_id, role, namespace, state, stage, epoch, attempts, failures, round,
    idempotency_key, input, output, error, waits_for, waits_on, detail, wake_at, skipped_because, evidence,
    started_at, finished_at, completion)
values (:run_id, :step_id, :role, :namespace, :state, :stage, :epoch, :attempts, :failures, :round, :idempotency_key,
    :input, :output, :error, :waits_for, :waits_on, :detail, :wake_at, :skipped_because, :evidence, :started_at,
    :finished_at, :completion)
on conflict do nothing

-- name: approval_after
-- Every readable row after an id.
select r.id, r.namespace, r.kind, r.subject, r.run_id, r.step_id, r.question, r.reason, r.requested_by_kind,
    r.requested_by_id, r.requested_by_proof, r.requested_at, r.expires_at, r.escalate_at, r.escalated_at, r.state,
    r.decided_by_kind, r.decided_by_id, r.decided_by_proof, r.decided_at, r.decision_reason, r.used_at
from approval as r
where r.namespace = any (:namespaces::text[]) and r.id > :after_id
order by r.id limit :limit

-- name: approval_restore_row
-- Puts an exported approval back.
insert into approval (id, namespace, kind, subject, run_id, step_id, question, reason, requested_by_kind,
    requested_by_id, requested_by_proof, requested_at, expires_at, escalate_at, escalated_at, state, decided_by_kind,
    decided_by_id, decided_by_proof, decided_at, decision_reason, used_at)
values (:id, :namespace, :kind, :subject, :run_id, :step_id, :question, :reason, :requested_by_kind, :requested_by_id,
    :requested_by_proof, :requested_at, :expires_at, :escalate_at, :escalated_at, :state, :decided_by_kind,
    :decided_by_id, :decided_by_proof, :decided_at, :decision_reason, :used_at)
on conflict do nothing

-- name: rule_after
-- Every rule that was ever written, after an id.
select r.id, r.namespace, r.name, r.body, r.created_at, r.actor_kind, r.actor_id, r.actor_proof, r.removed_at
from rule as r
where r.namespace = any (:namespaces::text[]) and r.id > :after_id
order by r.id limit :limit

-- name: rule_restore_row
-- Puts an exported rule back.
insert into rule (id, namespace, name, body, created_at, actor_kind, actor_id, actor_proof, removed_at)
values (:id, :namespace, :name, :body, :created_at, :actor_kind, :actor_id, :actor_proof, :removed_at)
on conflict do nothing

-- name: rule_mode_after
-- Every mode that was set, after a rule.
select r.namespace, r.rule_id, r.mode, r.stepped_down, r.reason, r.at, r.actor_kind, r.actor_id, r.actor_proof
from rule_mode as r
where r.namespace = any (:namespaces::text[]) and r.rule_id > :after_rule_id
order by r.rule_id limit :limit

-- name: rule_mode_restore_row
-- Puts an exported rule mode back.
insert into rule_mode (namespace, rule_id, mode, stepped_down, reason, at, actor_kind, actor_id, actor_proof)
values (:namespace, :rule_id, :mode, :stepped_down, :reason, :at, :actor_kind, :actor_id, :actor_proof)
on conflict do nothing

-- name: namespace_setting_after
-- Every setting after a name.
select r.namespace, r.name, r.value, r.at, r.actor_kind, r.actor_id, r.actor_proof
from namespace_setting as r
where r.namespace = any (:namespaces::text[]) and r.name > :after_name
order by r.name limit :limit

-- name: namespace_setting_restore_row
-- Puts an exported namespace setting back.
insert into namespace_setting (namespace, name, value, at, actor_kind, actor_id, actor_proof)
values (:namespace, :name, :value, :at, :actor_kind, :actor_id, :actor_proof)
on conflict do nothing

-- name: decision_after
-- Every readable decision after an id.
select r.id, r.namespace, r.at, r.kind, r.rule_id, r.rule_name, r.rule_kind, r.procedure, r.verdict, r.would, r.mode,
    r.enforcement, r.reason, r.way_out, r.operation_id, r.operation_name, r.target, r.service, r.action_class,
    r.receipt_id, r.approval_id, r.bypass_id, r.actor_kind, r.actor_id, r.actor_proof, r.session_id, r.judged,
    r.judged_at, r.judged_by_kind, r.judged_by_id, r.judged_by_proof, r.judged_note
from decision as r
where r.namespace = any (:namespaces::text[]) and r.id > :after_id
order by r.id limit :limit

-- name: decision_restore_row
-- Puts an exported decision back.
insert into decision (id, namespace, at, kind, rule_id, rule_name, rule_kind, procedure, verdict, would, mode,
    enforcement, reason, way_out, operation_id, operation_name, target, service, action_class, receipt_id,
    approval_id, bypass_id, actor_kind, actor_id, actor_proof, session_id, judged, judged_at, judged_by_kind,
    judged_by_id, judged_by_proof, judged_note, imported_at)
values (:id, :namespace, :at, :kind, :rule_id, :rule_name, :rule_kind, :procedure, :verdict, :would, :mode,
    :enforcement, :reason, :way_out, :operation_id, :operation_name, :target, :service, :action_class, :receipt_id,
    :approval_id, :bypass_id, :actor_kind, :actor_id, :actor_proof, :session_id, :judged, :judged_at, :judged_by_kind,
    :judged_by_id, :judged_by_proof, :judged_note, :imported_at)
on conflict do nothing

-- name: guard_count_after
-- Every count of a day, rule, service and person after these.
select r.namespace, r.day, r.rule_id, r.service, r.person, r.procedure, r.followed, r.overridden, r.violated,
    r.bypassed, r.blocked
from guard_count as r
where r.namespace = any (:namespaces::text[]) and (r.day, r.rule_id, r.service, r.person) > (:after_day,
    :after_rule_id, :after_service, :after_person)
order by r.day, r.rule_id, r.service, r.person limit :limit

-- name: guard_count_restore_row
-- Puts an exported guard count back.
insert into guard_count (namespace, day, rule_id, service, person, procedure, followed, overridden, violated,
    bypassed, blocked)
values (:namespace, :day, :rule_id, :service, :person, :procedure, :followed, :overridden, :violated, :bypassed,
    :blocked)
on conflict do nothing

-- name: bypass_after
-- Every bypass after an id.
select r.id, r.namespace, r.opened_at, r.until, r.reason, r.actor_kind, r.actor_id, r.actor_proof, r.closed_at
from bypass as r
where r.namespace = any (:namespaces::text[]) and r.id > :after_id
order by r.id limit :limit

-- name: bypass_restore_row
-- Puts an exported bypass back.
insert into bypass (id, namespace, opened_at, until, reason, actor_kind, actor_id, actor_proof, closed_at)
values (:id, :namespace, :opened_at, :until, :reason, :actor_kind, :actor_id, :actor_proof, :closed_at)
on conflict do nothing

-- name: notice_after
-- Every notice after an id, delivered or not.
select r.id, r.namespace, r.kind, r.subject, r.body, r.created_at, r.attempts, r.delivered_to, r.delivered_at, r.error
from notice as r
where r.namespace = any (:namespaces::text[]) and r.id > :after_id
order by r.id limit :limit

-- name: notice_restore_row
-- Puts an exported notice back; whoever imports does not send it.
insert into notice (id, namespace, kind, subject, body, created_at, attempts, delivered_to, delivered_at, error,
    next_attempt_at)
values (:id, :namespace, :kind, :subject, :body, :created_at, :attempts, :delivered_to, :delivered_at, :error,
    :created_at)
on conflict do nothing

-- name: fix_after
-- Every readable row after an id.
select r.id, r.namespace, r.fingerprint, r.title, r.kind, r.mode, r.procedure, r.action, r.advice, r.verify,
    r.rollback, r.context, r.limits, r.trust, r.created_at, r.actor_kind, r.actor_id, r.actor_proof, r.demoted_at,
    r.detached_at, r.reason
from fix as r
where r.namespace = any (:namespaces::text[]) and r.id > :after_id
order by r.id limit :limit

-- name: fix_restore_row
-- Puts an exported fix back.
insert into fix (id, namespace, fingerprint, title, kind, mode, procedure, action, advice, verify, rollback, context,
    limits, trust, created_at, actor_kind, actor_id, actor_proof, demoted_at, detached_at, reason)
values (:id, :namespace, :fingerprint, :title, :kind, :mode, :procedure, :action, :advice, :verify, :rollback,
    :context, :limits, :trust, :created_at, :actor_kind, :actor_id, :actor_proof, :demoted_at, :detached_at, :reason)
on conflict do nothing

-- name: fix_application_after
-- Every readable row after an id.
select r.id, r.namespace, r.fix_id, r.fingerprint, r.operation_id, r.target, r.mode, r.automatic, r.state, r.run_id,
    r.reason, r.actor_kind, r.actor_id, r.actor_proof, r.created_at, r.applied_at, r.decided_at, r.verified_by,
    r.evidence
from fix_application as r
where r.namespace = any (:namespaces::text[]) and r.id > :after_id
order by r.id limit :limit

-- name: fix_application_restore_row
-- Puts an exported application of a fix back; it counts for nothing here.
insert into fix_application (id, namespace, fix_id, fingerprint, operation_id, target, mode, automatic, state, run_id,
    reason, actor_kind, actor_id, actor_proof, created_at, applied_at, decided_at, verified_by, evidence, imported_at)
values (:id, :namespace, :fix_id, :fingerprint, :operation_id, :target, :mode, :automatic, :state, :run_id, :reason,
    :actor_kind, :actor_id, :actor_proof, :created_at, :applied_at, :decided_at, :verified_by, :evidence,
    :imported_at)
on conflict do nothing

-- name: decided_case_after
-- Every readable row after an id.
select r.id, r.namespace, r.name, r.inputs, r.outputs, r.trust, r.standing, r.origin, r.decided_at, r.changed_at,
    r.actor_kind, r.actor_id,
    r.actor_proof, r.expected, r.expected_right, r.source, r.replaces, r.run_id, r.step_id
from decided_case as r
where r.namespace = any (:namespaces::text[]) and r.id > :after_id
order by r.id limit :limit

-- name: decided_case_restore_row
-- Puts an exported case back.
insert into decided_case (id, namespace, name, inputs, outputs, trust, standing, origin, decided_at, changed_at,
    actor_kind, actor_id,
    actor_proof, expected, expected_right, source, replaces, run_id, step_id)
values (:id, :namespace, :name, :inputs, :outputs, :trust, :standing, :origin, :decided_at, :changed_at, :actor_kind,
    :actor_id,
    :actor_proof, :expected, :expected_right, :source, :replaces, :run_id, :step_id)
on conflict do nothing

-- name: decided_case_rewrite
-- Redaction took something out of a case; where two sources read the same now, the other one stays known by it.
update decided_case set name = :name, inputs = :inputs, outputs = :outputs, source = case when exists (select 1
        from decided_case as o where o.namespace = :namespace and o.name = :name and o.source = :source
        and o.id <> :id) then null else :source end
where id = :id and namespace = :namespace

-- name: run_rewrite
-- Redaction took something out of a run.
update run set target = :target, inputs = :inputs, outputs = :outputs, error = :error, reason = :reason
where id = :id and namespace = :namespace

-- name: run_step_rewrite
-- Redaction took something out of a run step.
update run_step set input = :input, output = :output, error = :error, detail = :detail, evidence = :evidence
where run_id = :run_id and step_id = :step_id and role = :role and namespace = :namespace

-- name: approval_rewrite
-- Redaction took something out of an approval.
update approval set question = :question, reason = :reason, decision_reason = :decision_reason
where id = :id and namespace = :namespace

-- name: decision_rewrite
-- Redaction took something out of a decision.
update decision set operation_name = :operation_name, target = :target, reason = :reason, way_out = :way_out,
    judged_note = :judged_note
where id = :id and namespace = :namespace

-- name: notice_rewrite
-- Redaction took something out of a notice.
update notice set body = :body, error = :error
where id = :id and namespace = :namespace

-- name: fix_application_rewrite
-- Redaction took something out of a fix application.
update fix_application set reason = :reason, evidence = :evidence
where id = :id and namespace = :namespace

-- name: fix_rewrite
-- Redaction took something out of a fix; one whose action is no longer what proved itself is only suggested.
update fix set title = :title, advice = :advice, context = :context, reason = :reason, action = :action,
    verify = :verify, rollback = :rollback,
    mode = case when action is not distinct from :action and verify is not distinct from :verify
        and rollback is not distinct from :rollback
        then mode else 'suggest' end
where id = :id and namespace = :namespace

-- name: run_naming
-- The runs that hold something of a memory (its id, or the error that it is), with those that began them or that they
-- began: what one found, the others were given.
with recursive named (id) as (
    select r.id from run as r
    where r.namespace = :namespace and (r.inputs like '%' || :memory_id || '%'
        or r.outputs like '%' || :memory_id || '%'
        or r.error like '%' || :memory_id || '%' or r.reason like '%' || :memory_id || '%'
        or r.fingerprint = :fingerprint)
    union
    select s.run_id from run_step as s
    where s.namespace = :namespace and (s.input like '%' || :memory_id || '%' or s.output like '%' || :memory_id || '%'
        or s.error like '%' || :memory_id || '%' or s.detail like '%' || :memory_id || '%'
        or s.evidence like '%' || :memory_id || '%')
), related (id) as (
    select n.id from named as n
    union
    select o.id from related as t join run as r on r.id = t.id
    join run as o on o.parent_run_id = r.id or o.id = r.parent_run_id
    where o.namespace = :namespace
)
select id from related order by id

-- name: run_purge
-- Takes out of runs what they hold of a purged memory; what a run was begun with came before it found anything.
update run set outputs = null, error = case when error is null then null else :purged end,
    reason = case when reason is null then null else :purged end,
    inputs = case when parent_run_id is not null or inputs like '%' || :memory_id || '%' then '{}' else inputs end
where namespace = :namespace and id = any (:runs::text[])

-- name: run_step_purge
-- Takes out of the steps of these runs what they were given and what they found.
update run_step set input = null, output = null, detail = null, evidence = null,
    error = case when error is null then null else :purged end
where namespace = :namespace and run_id = any (:runs::text[])

-- name: approval_purge
-- Takes out of questions what they say of a purged memory; one that nobody can read any more is closed.
update approval set question = :purged, reason = case when reason = '' then '' else :purged end,
    decision_reason = case when state in ('pending', 'granted') then :purged else decision_reason end,
    state = case when state in ('pending', 'granted') then 'expired' else state end
where namespace = :namespace and (run_id = any (:runs::text[]) or question like '%' || :memory_id || '%'
    or reason like '%' || :memory_id || '%')

-- name: notice_purge
-- Takes out of notices what they tell of a purged memory.
update notice set body = '{}', error = case when error is null then null else :purged end
where namespace = :namespace and (body like '%' || :memory_id || '%' or strpos(body, :memory_title) > 0
    or exists (select 1 from unnest(:runs::text[]) as e (value) where body like '%' || e.value || '%'))

-- name: decision_purge
-- Takes out of decisions what they say of a purged memory, and of operations that ended in it.
update decision set reason = :purged, way_out = '', judged_note = null
where namespace = :namespace and (reason like '%' || :memory_id || '%' or way_out like '%' || :memory_id || '%'
    or judged_note like '%' || :memory_id || '%'
    or operation_id in (select o.id from operation as o
        where o.namespace = :namespace and o.error_memory_id = :memory_id))

-- name: fix_application_purge
-- Takes out of applications of fixes what they hold of a purged memory, of its runs and its operations.
update fix_application set evidence = null, reason = :purged
where namespace = :namespace and (evidence like '%' || :memory_id || '%' or reason like '%' || :memory_id || '%'
    or run_id = any (:runs::text[])
    or operation_id in (select o.id from operation as o
        where o.namespace = :namespace and o.error_memory_id = :memory_id))

-- name: fix_purge
-- Takes out of fixes what they say of a purged memory; such a fix is only suggested.
update fix set title = :purged, advice = '', context = '{}', action = null, verify = null, rollback = null,
    mode = 'suggest', reason = :purged
where namespace = :namespace and (title like '%' || :memory_id || '%' or advice like '%' || :memory_id || '%'
    or context like '%' || :memory_id || '%'
    or action like '%' || :memory_id || '%' or verify like '%' || :memory_id || '%'
    or rollback like '%' || :memory_id || '%' or reason like '%' || :memory_id || '%')

-- name: orphaned_runs
-- Runs whose version of the procedure is not here.
select r.id, r.namespace, r.procedure_name from run as r where r.namespace = any (:namespaces::text[]) and not
    exists (select 1 from procedure as p where p.id = r.procedure_id)
order by r.id limit :limit

-- name: agent_after
-- The next readable rows in order.
select r.namespace, r.name, r.adapter, r.description, r.capabilities, r.settings, r.limits, r.cost, r.memory, r.enabled,
    r.created_at, r.actor_kind, r.actor_id, r.actor_proof, r.reason, r.removed_at
from agent as r
where r.namespace = any (:namespaces::text[])
    and r.name > :after_name
order by r.name limit :limit

-- name: agent_restore_row
-- Puts an agent back that was exported.
insert into agent (namespace, name, adapter, description, capabilities, settings, limits, cost, memory, enabled,
    created_at,
    actor_kind, actor_id, actor_proof, reason, removed_at)
values (:namespace, :name, :adapter, :description, :capabilities, :settings, :limits, :cost, :memory, :enabled,
    :created_at, :actor_kind, :actor_id, :actor_proof, :reason, :removed_at)
on conflict do nothing

-- name: execution_after
-- The next readable rows in order.
select r.id, r.namespace, r.task, r.task_class, r.target, r.context, r.asked, r.session_id, r.state, r.guidance_id,
    r.operation_id, r.approval_id, r.plan, r.reason, r.run_id, r.step_id, r.idempotency_key, r.actor_kind, r.actor_id,
    r.actor_proof, r.created_at, r.opened_at, r.ended_at, r.outcome, r.result, r.error, r.duration_us, r.cost,
    r.evidence
from execution as r
where r.namespace = any (:namespaces::text[])
    and r.id > :after_id
order by r.id limit :limit

-- name: execution_restore_row
-- Puts an execution back that was exported.
insert into execution (id, namespace, task, task_class, target, context, asked, session_id, state, guidance_id,
    operation_id,
    approval_id, plan, reason, run_id, step_id, idempotency_key, actor_kind, actor_id, actor_proof, created_at,
    opened_at, ended_at, outcome, result, error, duration_us, cost, evidence, imported_at)
values (:id, :namespace, :task, :task_class, :target, :context, :asked, :session_id, :state, :guidance_id,
    :operation_id,
    :approval_id, :plan, :reason, :run_id, :step_id, :idempotency_key, :actor_kind, :actor_id, :actor_proof,
    :created_at, :opened_at, :ended_at, :outcome, :result, :error, :duration_us, :cost, :evidence, :imported_at)
on conflict do nothing

-- name: attempt_after
-- The next readable rows in order.
select r.id, r.namespace, r.execution_id, r.agent, r.task_class, r.text, r.choice, r.operation_id, r.started_at,
    r.ended_at, r.fingerprint, r.learnt_at, r.success, r.verified, r.charged, r.outcome, r.result, r.error,
    r.duration_us, r.cost, r.evidence
from attempt as r
where r.namespace = any (:namespaces::text[])
    and r.id > :after_id
order by r.id limit :limit

-- name: attempt_restore_row
-- Puts an attempt back that was exported.
insert into attempt (id, namespace, execution_id, agent, task_class, text, choice, operation_id, started_at, ended_at,
    fingerprint,
    learnt_at, success, verified, charged, outcome, result, error, duration_us, cost, evidence, imported_at)
values (:id, :namespace, :execution_id, :agent, :task_class, :text, :choice, :operation_id, :started_at, :ended_at,
    :fingerprint, :learnt_at, :success, :verified, :charged, :outcome, :result, :error, :duration_us, :cost,
    :evidence, :imported_at)
on conflict do nothing

-- name: improvement_after
-- The next readable rows in order.
select r.id, r.namespace, r.kind, r.key, r.subject, r.title, r.reason, r.before, r.after, r.evidence, r.state,
    r.probability_better, r.trust, r.by_itself, r.basis, r.decided_basis, r.proposed_at, r.trial_at, r.apply_at,
    r.applied_at, r.ended_at, r.outcome
from improvement as r
where r.namespace = any (:namespaces::text[])
    and r.id > :after_id
order by r.id limit :limit

-- name: improvement_restore_row
-- Puts an improvement back that was exported.
insert into improvement (id, namespace, kind, key, subject, title, reason, before, after, evidence, state,
    probability_better, trust,
    by_itself, basis, decided_basis, proposed_at, trial_at, apply_at, applied_at, ended_at, outcome, imported_at)
values (:id, :namespace, :kind, :key, :subject, :title, :reason, :before, :after, :evidence, :state,
    :probability_better,
    :trust, :by_itself, :basis, :decided_basis, :proposed_at, :trial_at, :apply_at, :applied_at, :ended_at, :outcome,
    :imported_at)
on conflict do nothing

-- name: improvement_trial_after
-- The next readable rows in order.
select r.improvement_id, r.unit, r.namespace, r.challenger, r.share, r.at
from improvement_trial as r
where r.namespace = any (:namespaces::text[])
    and (r.improvement_id, r.unit) > (:after_improvement_id, :after_unit)
order by r.improvement_id, r.unit limit :limit

-- name: improvement_trial_restore_row
-- Puts which side a unit of work was given to back that was exported.
insert into improvement_trial (improvement_id, unit, namespace, challenger, share, at)
values (:improvement_id, :unit, :namespace, :challenger, :share, :at)
on conflict do nothing

-- name: code_patch_after
-- The next readable rows in order.
select r.id, r.namespace, r.repository, r.commit_id, r.stands, r.left_because, r.changed_at
from code_patch as r
where r.namespace = any (:namespaces::text[])
    and r.id > :after_id
order by r.id limit :limit

-- name: code_patch_restore_row
-- Puts a patch of code back that was exported.
insert into code_patch (id, namespace, repository, commit_id, stands, left_because, changed_at)
values (:id, :namespace, :repository, :commit_id, :stands, :left_because, :changed_at)
on conflict do nothing

-- name: set_aside_after
-- The next readable rows in order.
select r.namespace, r.improvement_id, r.memory_id, r.data
from set_aside as r
where r.namespace = any (:namespaces::text[])
    and (r.improvement_id, r.memory_id) > (:after_improvement_id, :after_memory_id)
order by r.improvement_id, r.memory_id limit :limit

-- name: set_aside_restore_row
-- Puts what was set aside back that was exported.
insert into set_aside (namespace, improvement_id, memory_id, data)
values (:namespace, :improvement_id, :memory_id, :data)
on conflict do nothing

-- name: cycle_report_after
-- The next readable rows in order.
select r.namespace, r.cycle, r.to_at, r.from_at, r.ended_at, r.missed, r.body
from cycle_report as r
where r.namespace = any (:namespaces::text[])
    and (r.cycle, r.to_at) > (:after_cycle, :after_to_at)
order by r.cycle, r.to_at limit :limit

-- name: cycle_report_restore_row
-- Puts a report back that was exported.
insert into cycle_report (namespace, cycle, to_at, from_at, ended_at, missed, body)
values (:namespace, :cycle, :to_at, :from_at, :ended_at, :missed, :body)
on conflict do nothing

-- name: log_template_after
-- The next readable rows in order.
select r.namespace, r.source, r.id, r.tokens, r.level, r.error, r.count, r.first_at, r.last_at, r.exemplar, r.latest,
    r.fingerprint, r.error_memory_id, r.merged_into
from log_template as r
where r.namespace = any (:namespaces::text[])
    and (r.source, r.id) > (:after_source, :after_id)
order by r.source, r.id limit :limit

-- name: log_template_restore_row
-- Puts a template back that was exported.
insert into log_template (namespace, source, id, tokens, level, error, count, first_at, last_at, exemplar, latest,
    fingerprint,
    error_memory_id, merged_into)
values (:namespace, :source, :id, :tokens, :level, :error, :count, :first_at, :last_at, :exemplar, :latest,
    :fingerprint,
    :error_memory_id, :merged_into)
on conflict do nothing

-- name: log_count_after
-- The next readable rows in order.
select r.namespace, r.source, r.template_id, r.bucket, r.count
from log_count as r
where r.namespace = any (:namespaces::text[])
    and (r.source, r.template_id, r.bucket) > (:after_source, :after_template_id, :after_bucket)
order by r.source, r.template_id, r.bucket limit :limit

-- name: log_count_restore_row
-- Puts a count back that was exported.
insert into log_count (namespace, source, template_id, bucket, count)
values (:namespace, :source, :template_id, :bucket, :count)
on conflict do nothing

-- name: metric_series_after
-- The next readable rows in order.
select r.namespace, r.id, r.source, r.name, r.labels, r.component, r.counter, r.first_at, r.last_at
from metric_series as r
where r.namespace = any (:namespaces::text[])
    and r.id > :after_id
order by r.id limit :limit

-- name: metric_series_restore_row
-- Puts a series back that was exported.
insert into metric_series (namespace, id, source, name, labels, component, counter, first_at, last_at)
values (:namespace, :id, :source, :name, :labels, :component, :counter, :first_at, :last_at)
on conflict do nothing

-- name: metric_point_after
-- The next readable rows in order.
select r.namespace, r.series, r.bucket, r.count, r.total, r.last, r.last_at
from metric_point as r
where r.namespace = any (:namespaces::text[])
    and (r.series, r.bucket) > (:after_series, :after_bucket)
order by r.series, r.bucket limit :limit

-- name: metric_point_restore_row
-- Puts a point back that was exported.
insert into metric_point (namespace, series, bucket, count, total, last, last_at)
values (:namespace, :series, :bucket, :count, :total, :last, :last_at)
on conflict do nothing

-- name: failure_model_after
-- The next readable rows in order.
select r.namespace, r.name, r.body
from failure_model as r
where r.namespace = any (:namespaces::text[])
    and r.name > :after_name
order by r.name limit :limit

-- name: precursor_after
-- The next readable rows in order.
select r.namespace, r.id, r.events, r.operation
from precursor as r
where r.namespace = any (:namespaces::text[])
    and r.id > :after_id
order by r.id limit :limit

-- name: share_peer_after
-- The next readable rows in order.
select r.namespace, r.key, r.name, r.source, r.reason
from share_peer as r
where r.namespace = any (:namespaces::text[])
    and r.key > :after_key
order by r.key limit :limit

-- name: share_bundle_after
-- The next readable rows in order.
select r.namespace, r.id, r.direction, r.path, r.reason
from share_bundle as r
where r.namespace = any (:namespaces::text[])
    and (r.id, r.direction) > (:after_id, :after_direction)
order by r.id, r.direction limit :limit

-- name: language_use_after
-- The next readable rows in order.
select r.namespace, r.day, r.purpose, r.model, r.calls, r.input_tokens, r.output_tokens, r.cost
from language_use as r
where r.namespace = any (:namespaces::text[])
    and (r.day, r.purpose, r.model) > (:after_day, :after_purpose, :after_model)
order by r.day, r.purpose, r.model limit :limit

-- name: agent_rewrite
-- Redaction took something out of an agent; one that is reached otherwise now is disabled.
update agent set description = :description, capabilities = :capabilities, settings = :settings, reason = :reason,
    enabled = case when settings is not distinct from :settings then enabled else 0 end
where name = :name and namespace = :namespace

-- name: execution_rewrite
-- Redaction took something out of an execution.
update execution set task = :task, task_class = :task_class, target = :target, context = :context, asked = :asked,
    plan = :plan, reason = :reason, result = :result, error = :error
where id = :id and namespace = :namespace

-- name: attempt_rewrite
-- Redaction took something out of an attempt.
update attempt set task_class = :task_class, text = :text, choice = :choice, result = :result, error = :error
where id = :id and namespace = :namespace

-- name: improvement_rewrite
-- Redaction took something out of an improvement; what is open under a key stays one.
update improvement set subject = :subject, key = case when exists (select 1 from improvement as o
        where o.namespace = :namespace and o.key = :key and o.id <> :id and o.ended_at is null)
        then :key || ':' || improvement.id else :key end,
    title = :title, reason = :reason, before = :before, after = :after, evidence = :evidence, outcome = :outcome
where id = :id and namespace = :namespace

-- name: code_patch_rewrite
-- Redaction took something out of what is said of a patch.
update code_patch set left_because = :left_because where id = :id and namespace = :namespace

-- name: set_aside_rewrite
-- Redaction took something out of folded occurrences.
update set_aside set data = :data
where improvement_id = :improvement_id and memory_id = :memory_id and namespace = :namespace

-- name: cycle_report_rewrite
-- Redaction took something out of a report.
update cycle_report set body = :body where cycle = :cycle and to_at = :to_at and namespace = :namespace

-- name: log_template_rewrite
-- Redaction took something out of a template.
update log_template set tokens = :tokens, exemplar = :exemplar, latest = :latest
where source = :source and id = :id and namespace = :namespace

-- name: log_template_resource
-- Redaction gave a source another name, and a template of it goes there.
update log_template set source = :to_source
where source = :source and id = :id and namespace = :namespace and not exists (select 1 from log_template as t
    where t.namespace = :namespace and t.source = :to_source and t.id = :id)

-- name: log_count_resource
-- Its counts go there too, to those that stand there.
insert into log_count (namespace, source, template_id, bucket, count)
select c.namespace, :to_source, c.template_id, c.bucket, c.count from log_count as c
where c.namespace = :namespace and c.source = :source and c.template_id = :id
on conflict (namespace, source, template_id, bucket) do update set count = log_count.count + excluded.count

-- name: log_template_drop
-- A template goes.
delete from log_template where namespace = :namespace and source = :source and id = :id

-- name: metric_series_rewrite
-- Redaction took something out of a series.
update metric_series set source = :source, name = :name, labels = :labels, component = :component
where id = :id and namespace = :namespace

-- name: failure_model_drop
-- What was learned of an operation holds what may not be kept; it is learned anew.
delete from failure_model where name = :name and namespace = :namespace

-- name: precursor_drop
-- What precedes failure holds what may not be kept; it is learned anew.
delete from precursor where id = :id and namespace = :namespace

-- name: share_peer_rewrite
-- Redaction took something out of what is known of an instance.
update share_peer set name = :name, source = :source, reason = :reason where key = :key and namespace = :namespace

-- name: share_bundle_rewrite
-- Redaction took something out of what is known of a bundle.
update share_bundle set path = :path, reason = :reason
where id = :id and direction = :direction and namespace = :namespace

-- name: language_use_drop
-- Redaction gave a purpose or a model another name, and its calls go there.
delete from language_use where day = :day and purpose = :purpose and model = :model and namespace = :namespace

-- name: language_use_rewrite
-- They are counted there.
insert into language_use (namespace, day, purpose, model, calls, input_tokens, output_tokens, cost)
values (:namespace, :day, :purpose, :model, :calls, :input_tokens, :output_tokens, :cost)
on conflict (namespace, day, purpose, model) do update set calls = language_use.calls + excluded.calls,
    input_tokens = language_use.input_tokens + excluded.input_tokens,
    output_tokens = language_use.output_tokens + excluded.output_tokens, cost = language_use.cost + excluded.cost

-- name: execution_naming
-- The executions that hold something of a memory: what they were told of it, or that they ended in it.
select e.id from execution as e
where e.namespace = :namespace and (e.run_id = any (:runs::text[])
    or e.task like '%' || :memory_id || '%' or e.context like '%' || :memory_id || '%'
    or e.plan like '%' || :memory_id || '%' or e.reason like '%' || :memory_id || '%'
    or e.result like '%' || :memory_id || '%' or e.error like '%' || :memory_id || '%'
    or e.guidance_id in (select g.id from guidance as g
        where g.namespace = :namespace and g.body like '%' || :memory_id || '%')
    or e.operation_id in (select o.id from operation as o
        where o.namespace = :namespace and o.error_memory_id = :memory_id)
    or exists (select 1 from attempt as t where t.namespace = :namespace and t.execution_id = e.id
        and (t.fingerprint = :fingerprint or t.result like '%' || :memory_id || '%'
            or t.error like '%' || :memory_id || '%' or t.operation_id in (select o.id from operation as o
                where o.namespace = :namespace and o.error_memory_id = :memory_id))))
order by e.id

-- name: execution_purge
-- Takes out of executions what came of a purged memory; what was asked came before, unless it names the memory.
update execution set plan = '', reason = case when reason = '' then '' else :purged end, result = null, error = null,
    task = case when task like '%' || :memory_id || '%' then :purged else task end,
    context = case when run_id is not null or context like '%' || :memory_id || '%' then '{}' else context end
where namespace = :namespace and id = any (:executions::text[])

-- name: attempt_purge
-- Takes out of attempts what came of a purged memory.
update attempt set result = null, error = null,
    text = case when text like '%' || :memory_id || '%' then :purged else text end
where namespace = :namespace and execution_id = any (:executions::text[])

-- name: decided_case_purge
-- Takes out of cases what they hold of a purged memory; nothing is learned of such a case.
update decided_case set inputs = '{}', outputs = '{}', source = null, standing = 'replaced', changed_at = now_us()
where namespace = :namespace and (inputs like '%' || :memory_id || '%' or outputs like '%' || :memory_id || '%'
    or source like '%' || :memory_id || '%' or run_id = any (:runs::text[]))

-- name: failure_model_purge
-- Removes what was learned of operations that ended in a purged memory, with their circumstances; it is learned anew.
delete from failure_model where namespace = :namespace and (body like '%' || :memory_id || '%'
    or name in (select o.name from operation as o where o.namespace = :namespace and o.error_memory_id = :memory_id))

-- name: log_template_purge
-- Removes the lines of logs that tell of a purged error.
delete from log_template where namespace = :namespace
    and (error_memory_id = :memory_id or fingerprint = :fingerprint)

-- name: log_count_purge
-- Removes the counts of lines that are gone.
delete from log_count where namespace = :namespace and not exists (select 1 from log_template as t
    where t.namespace = :namespace and t.source = log_count.source and t.id = log_count.template_id)

-- name: improvement_purge
-- Takes out of improvements what they quote of a purged memory, by its id or its title.
update improvement set
    title = case when strpos(title, :memory_id) > 0 or strpos(title, :memory_title) > 0 then :purged else title end,
    reason = case when strpos(reason, :memory_id) > 0 or strpos(reason, :memory_title) > 0 then :purged else reason end,
    outcome = case when strpos(outcome, :memory_id) > 0 or strpos(outcome, :memory_title) > 0
        then :purged else outcome end,
    evidence = case when strpos(evidence, :memory_id) > 0 or strpos(evidence, :quoted_title) > 0
        then '{}' else evidence end,
    before = case when before like '%' || :memory_id || '%' then 'null' else before end,
    after = case when after like '%' || :memory_id || '%' then 'null' else after end
where namespace = :namespace and (strpos(title, :memory_id) > 0 or strpos(title, :memory_title) > 0
    or strpos(reason, :memory_id) > 0 or strpos(reason, :memory_title) > 0
    or strpos(outcome, :memory_id) > 0 or strpos(outcome, :memory_title) > 0
    or strpos(evidence, :memory_id) > 0 or strpos(evidence, :quoted_title) > 0
    or before like '%' || :memory_id || '%' or after like '%' || :memory_id || '%')

-- name: learning_told_purge
-- Nobody was told of a memory that is not there.
delete from learning_told where namespace = :namespace and memory_id = :memory_id

-- name: share_item_purge
-- A purged memory that was shared is taken back, and one that came does not come again.
update share_item set withdrawn_at = coalesce(withdrawn_at, now_us()), local_id = null
where namespace = :namespace and (local_id = :memory_id or (kind = 'insight' and origin_id = :memory_id))
