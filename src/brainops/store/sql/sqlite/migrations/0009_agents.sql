-- Agents, the tasks that they were asked to carry out, and every attempt at one.

create table agent (
    namespace text not null,
    name text not null,
    adapter text not null,
    description text not null,
    capabilities text not null,
    settings text not null,
    limits text not null,
    cost real not null,
    memory text not null,
    enabled integer not null,
    created_at integer not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    reason text not null,
    removed_at integer,
    primary key (namespace, name)
) without rowid;

create table execution (
    id text primary key,
    namespace text not null,
    task text not null,
    task_class text not null,
    target text,
    context text not null,
    asked text not null,
    session_id text,
    state text not null check (state in ('running', 'succeeded', 'failed', 'waiting', 'refused', 'cancelled')),
    guidance_id text,
    operation_id text,
    approval_id text,
    plan text not null,
    reason text not null,
    run_id text,
    step_id text,
    idempotency_key text,
    owner text,
    lease_until integer,
    requested text,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    created_at integer not null,
    opened_at integer not null,
    ended_at integer,
    outcome text check (outcome in ('succeeded', 'failed')),
    result text,
    error text,
    duration_us integer,
    cost real,
    evidence text,
    imported_at integer
);
create index execution_created on execution (namespace, created_at);
create index execution_under_way on execution (namespace, lease_until) where state = 'running';
create unique index execution_idempotency on execution (namespace, idempotency_key) where idempotency_key is not null;

create table attempt (
    id text primary key,
    namespace text not null,
    execution_id text not null,
    agent text not null,
    task_class text not null,
    text text not null,
    choice text not null,
    operation_id text,
    started_at integer not null,
    lease_until integer,
    ended_at integer,
    fingerprint text,
    learnt_at integer,
    success real,
    verified integer,
    charged real not null,
    outcome text check (outcome in ('succeeded', 'failed')),
    result text,
    error text,
    duration_us integer,
    cost real,
    evidence text,
    imported_at integer
);
create index attempt_execution on attempt (execution_id, started_at);
create index attempt_agent on attempt (namespace, agent, started_at);
create index attempt_under_way on attempt (namespace, lease_until) where ended_at is null;
create index attempt_class on attempt (namespace, task_class, started_at);
create index attempt_learnt on attempt (namespace, learnt_at);
create index attempt_started on attempt (namespace, started_at);
