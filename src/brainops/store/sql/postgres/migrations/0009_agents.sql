-- Agents, the tasks that they were asked to carry out, and every attempt at one.

create table agent (
    namespace text collate "C" not null,
    name text collate "C" not null,
    adapter text not null,
    description text not null,
    capabilities text not null,
    settings text not null,
    limits text not null,
    cost double precision not null,
    memory text not null,
    enabled integer not null,
    created_at bigint not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    reason text not null,
    removed_at bigint,
    primary key (namespace, name)
);

create table execution (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    task text not null,
    task_class text collate "C" not null,
    target text collate "C",
    context text not null,
    asked text not null,
    session_id text collate "C",
    state text not null check (state in ('running', 'succeeded', 'failed', 'waiting', 'refused', 'cancelled')),
    guidance_id text collate "C",
    operation_id text collate "C",
    approval_id text collate "C",
    plan text not null,
    reason text not null,
    run_id text collate "C",
    step_id text collate "C",
    idempotency_key text collate "C",
    owner text collate "C",
    lease_until bigint,
    requested text,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    created_at bigint not null,
    opened_at bigint not null,
    ended_at bigint,
    outcome text check (outcome in ('succeeded', 'failed')),
    result text,
    error text,
    duration_us bigint,
    cost double precision,
    evidence text,
    imported_at bigint
);
create index execution_created on execution (namespace, created_at);
create index execution_under_way on execution (namespace, lease_until) where state = 'running';
create unique index execution_idempotency on execution (namespace, idempotency_key) where idempotency_key is not null;

create table attempt (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    execution_id text collate "C" not null,
    agent text collate "C" not null,
    task_class text collate "C" not null,
    text text not null,
    choice text not null,
    operation_id text collate "C",
    started_at bigint not null,
    lease_until bigint,
    ended_at bigint,
    fingerprint text collate "C",
    learnt_at bigint,
    success double precision,
    verified integer,
    charged double precision not null,
    outcome text check (outcome in ('succeeded', 'failed')),
    result text,
    error text,
    duration_us bigint,
    cost double precision,
    evidence text,
    imported_at bigint
);
create index attempt_execution on attempt (execution_id, started_at);
create index attempt_agent on attempt (namespace, agent, started_at);
create index attempt_under_way on attempt (namespace, lease_until) where ended_at is null;
create index attempt_class on attempt (namespace, task_class, started_at);
create index attempt_learnt on attempt (namespace, learnt_at);
create index attempt_started on attempt (namespace, started_at);

select brainops_guard('agent'), brainops_guard('execution'), brainops_guard('attempt');
grant select, insert, update, delete on agent, execution, attempt to brainops_runtime;
