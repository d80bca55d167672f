-- name: agent_after
-- The next readable rows in order.
select r.namespace, r.name, r.adapter, r.description, r.capabilities, r.settings, r.limits, r.cost, r.memory, r.enabled,
    r.created_at, r.actor_kind, r.actor_id, r.actor_proof, r.reason, r.removed_at
from agent as r
where r.namespace = any (cast(:namespaces as text[]))
    and r.name > :after_name
order by r.name limit :limit

-- name: agent_restore_row
-- Puts an agent back that was exported.
insert into agent (namespace, name, adapter, description, capabilities, settings, limits, cost, memory, enabled, created_at,
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
where r.namespace = any (cast(:namespaces as text[]))
    and r.id > :after_id
order by r.id limit :limit

-- name: execution_restore_row
-- Puts an execution back that was exported.
insert into execution (id, namespace, task, task_class, target, context, asked, session_id, state, guidance_id, operation_id,
    approval_id, plan, reason, run_id, step_id, idempotency_key, actor_kind, actor_id, actor_proof, created_at,
    opened_at, ended_at, outcome, result, error, duration_us, cost, evidence, imported_at)
values (:id, :namespace, :task, :task_class, :target, :context, :asked, :session_id, :state, :guidance_id, :operation_id,
    :approval_id, :plan, :reason, :run_id, :step_id, :idempotency_key, :actor_kind, :actor_id, :actor_proof,
    :created_at, :opened_at, :ended_at, :outcome, :result, :error, :duration_us, :cost, :evidence, :imported_at)
on conflict do nothing

-- name: attempt_after
-- The next readable rows in order.
select r.id, r.namespace, r.execution_id, r.agent, r.task_class, r.text, r.choice, r.operation_id, r.started_at,
    r.ended_at, r.fingerprint, r.learnt_at, r.success, r.verified, r.charged, r.outcome, r.result, r.error,
    r.duration_us, r.cost, r.evidence
from attempt as r
where r.namespace = any (cast(:namespaces as text[]))
    and r.id > :after_id
order by r.id limit :limit

-- name: attempt_restore_row
-- Puts an attempt back that was exported.
insert into attempt (id, namespace, execution_id, agent, task_class, text, choice, operation_id, started_at, ended_at, fingerprint,
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
where r.namespace = any (cast(:namespaces as text[]))
    and r.id > :after_id
order by r.id limit :limit

-- name: improvement_restore_row
-- Puts an improvement back that was exported.
insert into improvement (id, namespace, kind, key, subject, title, reason, before, after, evidence, state, probability_better, trust,
    by_itself, basis, decided_basis, proposed_at, trial_at, apply_at, applied_at, ended_at, outcome, imported_at)
values (:id, :namespace, :kind, :key, :subject, :title, :reason, :before, :after, :evidence, :state, :probability_better,
    :trust, :by_itself, :basis, :decided_basis, :proposed_at, :trial_at, :apply_at, :applied_at, :ended_at, :outcome,
    :imported_at)
on conflict do nothing

-- name: improvement_trial_after
-- The next readable rows in order.
select r.improvement_id, r.unit, r.namespace, r.challenger, r.share, r.at
from improvement_trial as r
where r.namespace = any (cast(:namespaces as text[]))
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
where r.namespace = any (cast(:namespaces as text[]))
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
where r.namespace = any (cast(:namespaces as text[]))
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
where r.namespace = any (cast(:namespaces as text[]))
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
where r.namespace = any (cast(:namespaces as text[]))
    and (r.source, r.id) > (:after_source, :after_id)
order by r.source, r.id limit :limit

-- name: log_template_restore_row
-- Puts a template back that was exported.
insert into log_template (namespace, source, id, tokens, level, error, count, first_at, last_at, exemplar, latest, fingerprint,
    error_memory_id, merged_into)
values (:namespace, :source, :id, :tokens, :level, :error, :count, :first_at, :last_at, :exemplar, :latest, :fingerprint,
    :error_memory_id, :merged_into)
on conflict do nothing

-- name: log_count_after
-- The next readable rows in order.
select r.namespace, r.source, r.template_id, r.bucket, r.count
from log_count as r
where r.namespace = any (cast(:namespaces as text[]))
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
where r.namespace = any (cast(:namespaces as text[]))
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
where r.namespace = any (cast(:namespaces as text[]))
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
where r.namespace = any (cast(:namespaces as text[]))
    and r.name > :after_name
order by r.name limit :limit

-- name: precursor_after
-- The next readable rows in order.
select r.namespace, r.id, r.events, r.operation
from precursor as r
where r.namespace = any (cast(:namespaces as text[]))
    and r.id > :after_id
order by r.id limit :limit

-- name: share_peer_after
-- The next readable rows in order.
select r.namespace, r.key, r.name, r.source, r.reason
from share_peer as r
where r.namespace = any (cast(:namespaces as text[]))
    and r.key > :after_key
order by r.key limit :limit

-- name: share_bundle_after
-- The next readable rows in order.
select r.namespace, r.id, r.direction, r.path, r.reason
from share_bundle as r
where r.namespace = any (cast(:namespaces as text[]))
    and (r.id, r.direction) > (:after_id, :after_direction)
order by r.id, r.direction limit :limit

-- name: language_use_after
-- The next readable rows in order.
select r.namespace, r.day, r.purpose, r.model, r.calls, r.input_tokens, r.output_tokens, r.cost
from language_use as r
where r.namespace = any (cast(:namespaces as text[]))
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
        then :key || ':' || improvement.id else :key end, title = :title, reason = :reason, before = :before, after = :after, evidence = :evidence,
    outcome = :outcome
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
where e.namespace = :namespace and (e.run_id in (select unnest(cast(:runs as text[])))
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
where namespace = :namespace and id in (select unnest(cast(:executions as text[])))

-- name: attempt_purge
-- Takes out of attempts what came of a purged memory.
update attempt set result = null, error = null,
    text = case when text like '%' || :memory_id || '%' then :purged else text end
where namespace = :namespace and execution_id in (select unnest(cast(:executions as text[])))

-- name: decided_case_purge
-- Takes out of cases what they hold of a purged memory; nothing is learned of such a case.
update decided_case set inputs = '{}', outputs = '{}', source = null, standing = 'replaced', changed_at = now_us()
where namespace = :namespace and (inputs like '%' || :memory_id || '%' or outputs like '%' || :memory_id || '%'
    or source like '%' || :memory_id || '%' or run_id in (select unnest(cast(:runs as text[]))))

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
update improvement set title = case when (strpos(title, :memory_id) > 0 or strpos(title, :memory_title) > 0) then :purged else title end,
    reason = case when (strpos(reason, :memory_id) > 0 or strpos(reason, :memory_title) > 0) then :purged else reason end,
    outcome = case when (strpos(outcome, :memory_id) > 0 or strpos(outcome, :memory_title) > 0) then :purged else outcome end,
    evidence = case when (strpos(evidence, :memory_id) > 0 or strpos(evidence, :quoted_title) > 0) then '{}' else evidence end,
    before = case when before like '%' || :memory_id || '%' then 'null' else before end,
    after = case when after like '%' || :memory_id || '%' then 'null' else after end
where namespace = :namespace and ((strpos(title, :memory_id) > 0 or strpos(title, :memory_title) > 0) or (strpos(reason, :memory_id) > 0 or strpos(reason, :memory_title) > 0) or (strpos(outcome, :memory_id) > 0 or strpos(outcome, :memory_title) > 0) or (strpos(evidence, :memory_id) > 0 or strpos(evidence, :quoted_title) > 0)
    or before like '%' || :memory_id || '%' or after like '%' || :memory_id || '%')

-- name: learning_told_purge
-- Nobody was told of a memory that is not there.
delete from learning_told where namespace = :namespace and memory_id = :memory_id

-- name: share_item_purge
-- A purged memory that was shared is taken back, and one that came does not come again.
update share_item set withdrawn_at = coalesce(withdrawn_at, now_us()), local_id = null
where namespace = :namespace and (local_id = :memory_id or (kind = 'insight' and origin_id = :memory_id))
