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

-- each ordered: {table}_after
-- The next readable rows of a table, in an order that no database decides.
select {columns of {table}} from {table}
where {namespace of {table}} = any (:namespaces::text[]) and ({order of {table}}) > ({start of {table}})
order by {order of {table}} limit :limit

-- each imported: {table}_restore_row
-- Puts a row back that comes from elsewhere; what stands there already is left alone.
insert into {table} ({columns of {table}}) values ({values of {table}}) on conflict do nothing

-- name: procedure_free_number
-- A number for a version that comes from elsewhere: its own, or the next one where that is taken.
select case when exists (select 1 from procedure as t
    where t.namespace = :namespace and t.name = :name and t.number = :number)
    then (select max(l.number) + 1 from procedure as l where l.namespace = :namespace and l.name = :name)
    else :number::bigint end as number

-- name: procedure_version
-- The version of a hash that stands here, to which a run from elsewhere is pinned.
select p.id as procedure_id from procedure as p
where p.namespace = :namespace and p.name = :name and p.hash = :hash

-- name: run_step_between
-- The readable steps of the runs after one id and up to another, in order.
select {run_step as r} from run_step as r
where r.namespace = any (:namespaces::text[]) and r.run_id > :after and r.run_id <= :until
order by r.run_id, r.step_id, r.role

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
    where r.namespace = :namespace
        and (r.inputs like '%' || :memory_id || '%' or r.outputs like '%' || :memory_id || '%'
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
where namespace = :namespace
    and (run_id = any (:runs::text[]) or question like '%' || :memory_id || '%' or reason like '%' || :memory_id || '%')

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
where namespace = :namespace
    and (evidence like '%' || :memory_id || '%' or reason like '%' || :memory_id || '%' or run_id = any (:runs::text[])
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

-- name: alert_rewrite
-- Redaction took something out of an alert.
update alert set event = :event, target = :target, severity = :severity, labels = :labels, link = :link
where key = :key and namespace = :namespace

-- name: inbox_rewrite
-- Redaction took something out of what came in.
update inbox set body = :body, error = :error where id = :id and namespace = :namespace

-- name: delivery_rewrite
-- Redaction took something out of the problem of an attempt.
update delivery set problem = :problem where id = :id and namespace = :namespace

-- name: language_use_drop
-- Redaction gave a purpose or a model another name, and its calls go there.
delete from language_use where day = :day and purpose = :purpose and model = :model and namespace = :namespace

-- name: language_use_rewrite
-- They are counted there.
insert into language_use ({columns of language_use}) values ({values of language_use})
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

-- name: job_rewrite
-- Redaction took something out of a job.
update job set given = :given, result = :result, error = :error where id = :id and namespace = :namespace
