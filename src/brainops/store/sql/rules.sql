-- name: guard_settings
-- What is set in the readable namespaces, by whom and when.
select namespace, name, value, at, actor_kind, actor_id, actor_proof from namespace_setting
where namespace = any (:namespaces::text[])

-- name: guard_set
-- Sets one thing in a namespace.
insert into namespace_setting ({columns of namespace_setting}) values ({values of namespace_setting})
on conflict (namespace, name) do update set value = excluded.value, at = excluded.at,
    actor_kind = excluded.actor_kind, actor_id = excluded.actor_id, actor_proof = excluded.actor_proof

-- name: guard_rules
-- The rules that hold in the readable namespaces.
select id, namespace, name, body, created_at, actor_kind, actor_id, actor_proof from rule
where namespace = any (:namespaces::text[]) and removed_at is null order by created_at, id

-- name: guard_rule_insert
-- A rule.
insert into rule (id, namespace, name, body, created_at, actor_kind, actor_id, actor_proof)
values (:id, :namespace, :name, :body, :created_at, :actor_kind, :actor_id, :actor_proof)
on conflict do nothing

-- name: guard_rule_remove
-- A rule holds no longer; its row stays for what it decided.
update rule set removed_at = :at where id = :id and namespace = :namespace and removed_at is null

-- name: guard_modes
-- Modes that were set in place of the rules' own.
select rule_id, mode, stepped_down, reason, at, actor_kind, actor_id, actor_proof from rule_mode
where namespace = :namespace

-- name: guard_mode_put
-- Sets a rule's mode.
insert into rule_mode ({columns of rule_mode}) values ({values of rule_mode})
on conflict (namespace, rule_id) do update set mode = excluded.mode, stepped_down = excluded.stepped_down,
    reason = excluded.reason, at = excluded.at, actor_kind = excluded.actor_kind, actor_id = excluded.actor_id,
    actor_proof = excluded.actor_proof

-- name: guard_receipts
-- Receipts that may stand for an operation: of its session, or without one for its target; newest first.
select id, operation_name, target, action_class, actor_kind, actor_id, session_id, created_at, expires_at, used_at,
    procedures, required, acknowledged from guidance
where namespace = :namespace and imported_at is null and expires_at > :now and created_at <= :now + 60000000
    and session_id = :session_id::text
order by created_at desc limit :limit

-- name: guard_receipts_of_target
-- Receipts without a session for a target, whatever the operation, newest first.
select id, operation_name, target, action_class, actor_kind, actor_id, session_id, created_at, expires_at, used_at,
    procedures, required, acknowledged from guidance
where namespace = :namespace and imported_at is null and target is not distinct from :target::text
    and session_id is null
    and expires_at > :now and created_at <= :now + 60000000
order by created_at desc limit :limit

-- name: guard_receipt
-- One receipt of the written namespace.
select id, operation_name, target, action_class, actor_kind, actor_id, session_id, created_at, expires_at, used_at,
    procedures, required, acknowledged from guidance
where id = :id and namespace = :namespace and imported_at is null

-- name: guard_receipts_since
-- Every receipt since a time, oldest first: what a replay knows.
select id, operation_name, target, action_class, actor_kind, actor_id, session_id, created_at, expires_at, used_at,
    procedures, required, acknowledged from guidance
where namespace = :namespace and created_at >= :since order by created_at limit :limit

-- name: guard_receipt_use
-- A receipt serves once; of two that try, one has it.
update guidance set used_at = :at where id = :id and namespace = :namespace and used_at is null

-- name: guard_receipt_cover
-- What a receipt covers: the procedures that were in view, and the memories that must be named back.
update guidance set procedures = :procedures, required = :required where id = :id and namespace = :namespace

-- name: guard_receipt_acknowledge
-- Memories were named back.
update guidance set acknowledged = :acknowledged where id = :id and namespace = :namespace

-- name: guard_past_of_session
-- What was finished in this session, newest first.
select o.name, o.target, o.context, o.result, o.outcome, o.contradicted_at, o.finished_at, o.session_id, o.evidence
from operation as o
where o.namespace = :namespace and o.session_id = :session_id and o.outcome is not null and o.started_at >= :since
    and o.imported_at is null
order by o.started_at desc limit :limit

-- name: guard_past_of_target
-- What of these names was finished on this target, newest first.
select o.name, o.target, o.context, o.result, o.outcome, o.contradicted_at, o.finished_at, o.session_id, o.evidence
from operation as o
where o.namespace = :namespace and o.name = any (:names::text[]) and o.target = :target and o.outcome is not null
    and o.started_at >= :since
    and o.imported_at is null
order by o.started_at desc limit :limit

-- name: guard_steps
-- Steps that succeeded in runs of these procedures, for this target or in this session, newest first.
select s.step_id, s.input, s.output, s.finished_at, r.target, r.session_id
from run_step as s join run as r on r.id = s.run_id
where s.namespace = :namespace and s.role = 'do' and s.state = 'succeeded' and s.finished_at >= :since
    and r.imported_at is null
    and r.procedure_name = any (:procedures::text[]) and (r.target = :target::text or r.session_id = :session_id::text)
order by s.finished_at desc limit :limit

-- name: guard_target_failed
-- When did anything fail on this target last?
select max(o.finished_at) as at from operation as o
where o.namespace = :namespace and o.target = :target and o.outcome = 'failed'

-- name: guard_followed
-- Procedures with a run for this target that is under way, or succeeded since a time, and whether a step of it was done.
select r.procedure_name, r.procedure_hash, r.id, r.created_at,
    case when r.state = 'succeeded' or exists (select 1 from run_step as s
        where s.run_id = r.id and s.role = 'do' and s.state = 'succeeded') then 1 else 0 end as any_done
from run as r
where r.namespace = :namespace and r.procedure_name = any (:procedures::text[])
    and r.target is not distinct from :target::text
    and (r.finished_at is null or (r.state = 'succeeded' and r.finished_at >= :since))
    and r.imported_at is null
order by r.created_at desc limit :limit

-- name: guard_runs_since
-- Runs since a time: what a replay knows.
select r.id, r.procedure_name, r.procedure_hash, r.target, r.state, r.created_at, r.finished_at from run as r
where r.namespace = :namespace and r.created_at >= :since order by r.created_at limit :limit

-- name: guard_skips
-- Steps that were skipped with somebody's leave: the run, the step and the approval.
select r.id as run_id, r.procedure_name, r.target, s.step_id, s.skipped_because, s.finished_at, r.actor_kind, r.actor_id
from run_step as s join run as r on r.id = s.run_id
where s.namespace = :namespace and s.state = 'skipped' and s.skipped_because is not null
    and s.skipped_because <> 'condition' and s.finished_at >= :since
order by s.finished_at desc limit :limit

-- name: guard_decision_insert
-- A rule was not simply met. Of one kind and rule only so many a day are kept; the counts know of all.
insert into decision (
    id, namespace, at, kind, rule_id, rule_name, rule_kind, procedure, verdict, would, mode, enforcement, reason,
    way_out, operation_id, operation_name, target, service, action_class, receipt_id, approval_id, bypass_id,
    actor_kind, actor_id, actor_proof, session_id)
select
    :id::text, :namespace, :at::bigint, :kind::text, :rule_id::text,
    :rule_name::text, :rule_kind::text, :procedure::text, :verdict::text,
    :would::text, :mode::text, :enforcement::text, :reason::text, :way_out::text, :operation_id::text,
    :operation_name::text, :target::text, :service::text, :action_class::text, :receipt_id::text, :approval_id::text,
    :bypass_id::text, :actor_kind::text, :actor_id::text, :actor_proof::text, :session_id::text
where (select count(*) from (select 1 from decision as d where d.namespace = :namespace and d.rule_id = :rule_id
    and d.kind = :kind and d.at >= :day_start limit :kept) as kept) < :kept

-- name: guard_decision
-- One decision, if it is readable.
select {decision as d} from decision as d where d.id = :id and d.namespace = any (:namespaces::text[])

-- name: guard_decisions
-- Decisions, newest first.
select {decision as d} from decision as d
where d.namespace = any (:namespaces::text[]) and (:since::bigint is null or d.at >= :since)
    and (:kind::text is null or d.kind = :kind)
    and (:rule_id::text is null or d.rule_id = :rule_id)
    {pages d.at::bigint desc, d.id::text desc}

-- name: guard_judge
-- Somebody says whether a block was right.
update decision set judged = :judged, judged_at = :at, judged_by_kind = :actor_kind, judged_by_id = :actor_id,
    judged_by_proof = :actor_proof, judged_note = :note
where id = :id and namespace = :namespace and kind = 'blocked'

-- name: guard_judged
-- How were the blocks of a rule judged since?
select coalesce(sum(case when d.judged = 'false' then 1 else 0 end), 0) as wrong,
    coalesce(sum(case when d.judged = 'right' then 1 else 0 end), 0) as proper
from decision as d
where d.namespace = :namespace and d.rule_id = :rule_id and d.kind = 'blocked' and d.judged_at >= :since
    and d.imported_at is null

-- name: guard_blocked
-- How many different attempts did a rule block in the last hour, and how many times did it block before?
select count(distinct case when d.at >= :hour then d.actor_id || '/' || coalesce(d.session_id, '') || '/'
        || d.operation_name || '/' || coalesce(d.target, '') end) as lately,
    coalesce(sum(case when d.at < :hour then 1 else 0 end), 0) as before, min(d.at) as first_at
from decision as d
where d.namespace = :namespace and d.rule_id = :rule_id and d.kind = 'blocked' and d.at >= :since
    and d.imported_at is null

-- name: guard_count
-- Counts how a rule fared today.
insert into guard_count ({columns of guard_count}) values ({values of guard_count})
on conflict (namespace, day, rule_id, service, person) do update set
    followed = guard_count.followed + excluded.followed,
    overridden = guard_count.overridden + excluded.overridden,
    violated = guard_count.violated + excluded.violated,
    bypassed = guard_count.bypassed + excluded.bypassed,
    blocked = guard_count.blocked + excluded.blocked

-- name: guard_counts
-- How did the rules fare, by day?
select namespace, day, rule_id, service, person, procedure, followed, overridden, violated, bypassed, blocked
from guard_count where namespace = any (:namespaces::text[]) and day >= :since_day order by day, rule_id, service

-- name: guard_bypass_insert
-- A person lets everything pass for a while.
insert into bypass (id, namespace, opened_at, until, reason, actor_kind, actor_id, actor_proof)
values (:id, :namespace, :opened_at, :until, :reason, :actor_kind, :actor_id, :actor_proof)

-- name: guard_bypass_close
-- It ends before its time.
update bypass set closed_at = :at where namespace = :namespace and until > :at and closed_at is null

-- name: guard_bypass_open
-- The bypass that is open now.
select id, namespace, opened_at, until, reason, actor_kind, actor_id, actor_proof, closed_at from bypass
where namespace = :namespace and until > :now and opened_at <= :now + 60000000 and closed_at is null
order by until desc limit 1

-- name: guard_bypasses
-- Bypasses since a time, newest first.
select id, namespace, opened_at, until, reason, actor_kind, actor_id, actor_proof, closed_at from bypass
where namespace = any (:namespaces::text[]) and until >= :since order by opened_at desc limit :limit

-- name: guard_runs_undone
-- Runs of procedures that must be followed of which no step was done, though they ended or were begun long ago.
select r.id, r.procedure_name, r.target, r.state, r.created_at, r.actor_kind, r.actor_id from run as r
where r.namespace = :namespace and r.mode in ('required', 'strict') and r.created_at >= :since
    and r.imported_at is null and r.parent_run_id is null and r.state <> 'succeeded'
    and (r.finished_at is not null or r.created_at < :begun_before)
    and not exists (select 1 from run_step as s where s.run_id = r.id and s.role = 'do' and s.state = 'succeeded')
order by r.created_at desc limit :limit
