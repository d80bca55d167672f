-- name: procedure_after
-- Every readable row after an id.
select r.id, r.namespace, r.name, r.number, r.hash, r.body, r.source, r.path, r.owner, r.trust, r.state, r.created_at,
    r.created_kind, r.created_by, r.created_proof, r.activated_at, r.activated_kind, r.activated_by,
    r.activated_proof, r.retired_at, r.reason
from procedure as r
where r.namespace = any (cast(:namespaces as text[])) and r.id > :after_id
order by r.id limit :limit

-- name: procedure_restore_row
-- Puts an exported version back, never as the active one; where its number is taken, it gets the next.
insert into procedure (id, namespace, name, number, hash, body, source, path, owner, trust, state, created_at,
    created_kind, created_by, created_proof, activated_at, activated_kind, activated_by, activated_proof, retired_at,
    reason)
select :id, :namespace, :name, case when exists (select 1 from procedure as t where t.namespace = :namespace and
    t.name = :name and t.number = :number) then (select max(l.number) + 1 from procedure as l where l.namespace =
    :namespace and l.name = :name) else cast(:number as bigint) end, :hash, :body, :source, :path, :owner, :trust,
    :state, :created_at, :created_kind, :created_by, :created_proof, :activated_at, :activated_kind, :activated_by,
    :activated_proof, :retired_at, :reason
where cast(:state as text) <> 'active'
on conflict do nothing

-- name: run_after
-- Every readable run after an id.
select r.id, r.namespace, r.procedure_id, r.procedure_name, r.procedure_hash, r.mode, r.target, r.inputs, r.state,
    r.epoch, r.actor_kind, r.actor_id, r.actor_proof, r.taken_over, r.session_id, r.operation_id, r.parent_run_id,
    r.parent_step_id, r.depth, r.concurrency_group, r.idempotency_key, r.outputs, r.error, r.fingerprint, r.reason,
    r.created_at, r.started_at, r.finished_at
from run as r
where r.namespace = any (cast(:namespaces as text[])) and r.id > :after_id
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
where r.namespace = any (cast(:namespaces as text[])) and r.run_id > :after and r.run_id <= :until
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
where r.namespace = any (cast(:namespaces as text[])) and r.id > :after_id
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
where r.namespace = any (cast(:namespaces as text[])) and r.id > :after_id
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
where r.namespace = any (cast(:namespaces as text[])) and r.rule_id > :after_rule_id
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
where r.namespace = any (cast(:namespaces as text[])) and r.name > :after_name
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
where r.namespace = any (cast(:namespaces as text[])) and r.id > :after_id
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
where r.namespace = any (cast(:namespaces as text[])) and (r.day, r.rule_id, r.service, r.person) > (:after_day,
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
where r.namespace = any (cast(:namespaces as text[])) and r.id > :after_id
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
where r.namespace = any (cast(:namespaces as text[])) and r.id > :after_id
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
where r.namespace = any (cast(:namespaces as text[])) and r.id > :after_id
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
where r.namespace = any (cast(:namespaces as text[])) and r.id > :after_id
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
select r.id, r.namespace, r.name, r.inputs, r.outputs, r.trust, r.standing, r.origin, r.decided_at, r.changed_at, r.actor_kind, r.actor_id,
    r.actor_proof, r.expected, r.expected_right, r.source, r.replaces, r.run_id, r.step_id
from decided_case as r
where r.namespace = any (cast(:namespaces as text[])) and r.id > :after_id
order by r.id limit :limit

-- name: decided_case_restore_row
-- Puts an exported case back.
insert into decided_case (id, namespace, name, inputs, outputs, trust, standing, origin, decided_at, changed_at, actor_kind, actor_id,
    actor_proof, expected, expected_right, source, replaces, run_id, step_id)
values (:id, :namespace, :name, :inputs, :outputs, :trust, :standing, :origin, :decided_at, :changed_at, :actor_kind, :actor_id,
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
update approval set question = :question, reason = :reason
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
    mode = case when action is not distinct from :action and verify is not distinct from :verify and rollback is not distinct from :rollback
        then mode else 'suggest' end
where id = :id and namespace = :namespace

-- name: run_naming
-- The runs that hold something of a memory (its id, or the error that it is), with those that began them or that they
-- began: what one found, the others were given.
with recursive named (id) as (
    select r.id from run as r
    where r.namespace = :namespace and (r.inputs like '%' || :memory_id || '%' or r.outputs like '%' || :memory_id || '%'
        or r.error like '%' || :memory_id || '%' or r.reason like '%' || :memory_id || '%' or r.fingerprint = :fingerprint)
    union
    select s.run_id from run_step as s
    where s.namespace = :namespace and (s.input like '%' || :memory_id || '%' or s.output like '%' || :memory_id || '%'
        or s.error like '%' || :memory_id || '%' or s.detail like '%' || :memory_id || '%' or s.evidence like '%' || :memory_id || '%')
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
where namespace = :namespace and id in (select unnest(cast(:runs as text[])))

-- name: run_step_purge
-- Takes out of the steps of these runs what they were given and what they found.
update run_step set input = null, output = null, detail = null, evidence = null,
    error = case when error is null then null else :purged end
where namespace = :namespace and run_id in (select unnest(cast(:runs as text[])))

-- name: approval_purge
-- Takes out of questions what they say of a purged memory; one that nobody can read any more is closed.
update approval set question = :purged, reason = case when reason = '' then '' else :purged end,
    decision_reason = case when state in ('pending', 'granted') then :purged else decision_reason end,
    state = case when state in ('pending', 'granted') then 'expired' else state end
where namespace = :namespace and (run_id in (select unnest(cast(:runs as text[]))) or question like '%' || :memory_id || '%' or reason like '%' || :memory_id || '%')

-- name: notice_purge
-- Takes out of notices what they tell of a purged memory.
update notice set body = '{}', error = case when error is null then null else :purged end
where namespace = :namespace and (body like '%' || :memory_id || '%' or strpos(body, :memory_title) > 0
    or exists (select 1 from unnest(cast(:runs as text[])) as e (value) where body like '%' || e.value || '%'))

-- name: decision_purge
-- Takes out of decisions what they say of a purged memory, and of operations that ended in it.
update decision set reason = :purged, way_out = '', judged_note = null
where namespace = :namespace and (reason like '%' || :memory_id || '%' or way_out like '%' || :memory_id || '%' or judged_note like '%' || :memory_id || '%'
    or operation_id in (select o.id from operation as o
        where o.namespace = :namespace and o.error_memory_id = :memory_id))

-- name: fix_application_purge
-- Takes out of applications of fixes what they hold of a purged memory, of its runs and its operations.
update fix_application set evidence = null, reason = :purged
where namespace = :namespace and (evidence like '%' || :memory_id || '%' or reason like '%' || :memory_id || '%' or run_id in (select unnest(cast(:runs as text[])))
    or operation_id in (select o.id from operation as o
        where o.namespace = :namespace and o.error_memory_id = :memory_id))

-- name: fix_purge
-- Takes out of fixes what they say of a purged memory; such a fix is only suggested.
update fix set title = :purged, advice = '', context = '{}', action = null, verify = null, rollback = null,
    mode = 'suggest', reason = :purged
where namespace = :namespace and (title like '%' || :memory_id || '%' or advice like '%' || :memory_id || '%' or context like '%' || :memory_id || '%'
    or action like '%' || :memory_id || '%' or verify like '%' || :memory_id || '%' or rollback like '%' || :memory_id || '%' or reason like '%' || :memory_id || '%')

-- name: orphaned_runs
-- Runs whose version of the procedure is not here.
select r.id, r.namespace, r.procedure_name from run as r where r.namespace = any (cast(:namespaces as text[])) and not
    exists (select 1 from procedure as p where p.id = r.procedure_id)
order by r.id limit :limit
