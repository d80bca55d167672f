-- name: agent_put
-- An agent is registered, or registered anew in other words.
insert into agent (namespace, name, adapter, description, capabilities, settings, limits, cost, memory, enabled,
    created_at, actor_kind, actor_id, actor_proof, reason, removed_at)
values (:namespace, :name, :adapter, :description, :capabilities, :settings, :limits, :cost, :memory, :enabled,
    :created_at, :actor_kind, :actor_id, :actor_proof, :reason, null)
on conflict (namespace, name) do update set adapter = excluded.adapter, description = excluded.description,
    capabilities = excluded.capabilities, settings = excluded.settings, limits = excluded.limits, cost = excluded.cost,
    memory = excluded.memory, enabled = excluded.enabled, created_at = excluded.created_at,
    actor_kind = excluded.actor_kind, actor_id = excluded.actor_id, actor_proof = excluded.actor_proof,
    reason = excluded.reason, removed_at = null

-- name: agent_list
-- The agents of the readable namespaces.
select {agent as a} from agent as a where a.namespace = any (:namespaces::text[]) and a.removed_at is null
order by a.name, a.namespace

-- name: agent_enable
-- An agent may, or may no longer, be chosen.
update agent set enabled = :enabled, reason = :reason
where namespace = :namespace and name = :name and removed_at is null

-- name: agent_remove
-- An agent is gone; its record stays.
update agent set removed_at = :removed_at, enabled = 0, reason = :reason
where namespace = :namespace and name = :name and removed_at is null

-- name: agent_under_way
-- How many tasks is each agent at? One whose process died holds its place until its lease has passed.
select t.agent, count(*) as under_way from attempt as t
where t.namespace = any (:namespaces::text[]) and t.ended_at is null and t.lease_until > :now
    and t.lease_until <= :now + 60000000 -- twice a lease: what lies further ahead was written before the clock was set back
group by t.agent

-- name: agent_spent
-- How many tasks did each agent begin since then, at what cost in all, and at most?
select t.agent, count(*) as tasks, sum(t.charged) as cost, max(t.charged) as dearest from attempt as t
where t.namespace = any (:namespaces::text[]) and t.started_at >= :since and t.imported_at is null
group by t.agent

-- name: execution_insert
-- A task is to be carried out; one of the same idempotency key is the same task.
insert into execution (id, namespace, task, task_class, target, context, asked, session_id, state, guidance_id,
    operation_id, approval_id, plan, reason, run_id, step_id, idempotency_key, owner, lease_until, requested,
    actor_kind, actor_id, actor_proof, created_at, opened_at, ended_at)
values (:id, :namespace, :task, :task_class, :target, :context, :asked, :session_id, :state, null, null, null, '', '',
    :run_id, :step_id, :idempotency_key, :owner, :lease_until, null, :actor_kind, :actor_id, :actor_proof,
    :created_at, :created_at, null)
on conflict do nothing

-- name: execution_get
-- One execution, if it is readable.
select {execution as e} from execution as e where e.id = :id and e.namespace = any (:namespaces::text[])

-- name: execution_by_idempotency
-- The execution that was begun under a key; one without a key is repeated under its id.
select {execution as e} from execution as e
where e.namespace = :namespace and (e.idempotency_key = :idempotency_key or e.id = :idempotency_key)

-- name: execution_list
-- Executions, newest first; of one state, run or class where one is named.
select {execution as e} from execution as e
where e.namespace = any (:namespaces::text[]) and (:state::text is null or e.state = :state)
    and (:run_id::text is null or e.run_id = :run_id)
    and (:task_class::text is null or e.task_class = :task_class)
    {pages e.created_at::bigint desc, e.id::text desc}

-- name: execution_lapsed
-- Executions whose process has not given a sign in time.
select {execution as e} from execution as e
where e.namespace = :namespace and e.state = 'running'
    and (e.lease_until <= :now or e.lease_until > :now + 60000000) order by e.lease_until limit :limit

-- name: execution_take
-- Somebody goes on with it: it is ours from here on. One that waited or failed is opened anew: whom it was tried
-- with before counts no more.
update execution set owner = :owner, lease_until = :lease_until, state = 'running', requested = null, ended_at = null,
    outcome = null, result = null, error = null, plan = '', reason = '', approval_id = null,
    opened_at = case when state = 'running' then opened_at else :now::bigint end
where id = :id and namespace = :namespace and imported_at is null and state in ('running', 'waiting', 'failed')
    and (owner is null or owner = :owner::text or lease_until is null or lease_until <= :now::bigint
        or lease_until > :now::bigint + 60000000)

-- name: execution_beat
-- Its process lives, or hears that it is no longer its owner.
update execution set lease_until = :lease_until where id = :id and namespace = :namespace and owner = :owner

-- name: execution_begun
-- Memory was consulted, and its operation began.
update execution set guidance_id = :guidance_id, operation_id = :operation_id
where id = :id and namespace = :namespace and owner = :owner

-- name: execution_end
-- It has ended, or waits for somebody; whoever wrote it lets it go.
update execution set state = :state, reason = :reason, plan = :plan, approval_id = :approval_id, owner = null,
    lease_until = null, ended_at = :ended_at, outcome = :outcome, result = :result, error = :error,
    duration_us = :duration_us, cost = :cost, evidence = :evidence
where id = :id and namespace = :namespace and (owner = :owner::text or (owner is null and :owner::text is null))
    and state in ('running', 'waiting')

-- name: execution_request
-- Somebody asks that it be cancelled.
update execution set requested = :requested where id = :id and namespace = :namespace and state = 'running'

-- name: attempt_insert
-- An agent begins; its place and its budget are taken from here on.
insert into attempt (id, namespace, execution_id, agent, task_class, text, choice, operation_id, started_at,
    lease_until, charged)
values (:id, :namespace, :execution_id, :agent, :task_class, :text, :choice, :operation_id, :started_at,
    :lease_until, :charged)

-- name: attempt_beat
-- It is still under way.
update attempt set lease_until = :lease_until where id = :id and namespace = :namespace and ended_at is null

-- name: attempt_end
-- It has ended; the first end is the one that counts.
update attempt set ended_at = :ended_at, learnt_at = :ended_at, lease_until = null, fingerprint = :fingerprint,
    success = :success,
    charged = :charged, outcome = :outcome, result = :result, error = :error, duration_us = :duration_us, cost = :cost,
    evidence = :evidence
where id = :id and namespace = :namespace and ended_at is null

-- name: attempt_verify
-- Somebody looked at what it came to: selection learns from that.
update attempt set success = :success, verified = :verified::integer, learnt_at = :learnt_at
where id = :id and namespace = :namespace and ended_at is not null

-- name: attempt_of_execution
-- The attempts at a task, in order.
select {attempt as t} from attempt as t
where t.execution_id = :execution_id and t.namespace = any (:namespaces::text[])
order by t.started_at, t.id

-- name: attempt_list
-- Attempts, newest first; of one class or agent where one is named.
select {attempt as t} from attempt as t
where t.namespace = any (:namespaces::text[]) and (:task_class::text is null or t.task_class = :task_class)
    and (:agent::text is null or t.agent = :agent) and (:since::bigint is null or t.started_at >= :since::bigint)
    {pages t.started_at::bigint desc, t.id::text desc}

-- name: attempt_trials
-- What selection learns from: the newest attempts that say something of their agent, ended or judged since then; `named` is
-- how often what helped on the target meanwhile had helped against that error before, as memory could say.
select t.id, t.agent, t.task_class, t.text, t.success, t.verified, t.duration_us, t.charged, t.started_at, t.learnt_at,
    (select max((select cast(sum(case when b.effect = 'helped' then 1 else 0 end) as double precision) / (count(*) + 1)
            from evidence as b where b.namespace = e.namespace and b.fingerprint = e.fingerprint
                and b.remedy = e.remedy and b.at < e.at))
        from evidence as e join execution as x on x.id = t.execution_id
        where e.namespace = t.namespace and e.at between t.started_at and t.ended_at and e.target = x.target
            and e.effect = 'helped' and e.imported_at is null) as named
from attempt as t
where t.namespace = any (:namespaces::text[]) and t.success is not null and t.learnt_at > :since
    and t.imported_at is null
order by t.learnt_at desc, t.id desc limit :limit

-- name: attempt_failed_alike
-- Which agents failed at this class with this error since then, and have not succeeded at it after that?
select distinct t.agent from attempt as t
where t.namespace = any (:namespaces::text[]) and t.task_class = :task_class and t.fingerprint = :fingerprint
    and t.started_at >= :since and t.success = 0 and t.imported_at is null
    and not exists (select 1 from attempt as s where s.namespace = any (:namespaces::text[])
        and s.task_class = :task_class and s.agent = t.agent and s.success > 0 and s.imported_at is null
        and s.started_at > t.started_at)
