-- Runs, their steps, and the workers that advance them.

create table run (
    id text primary key,
    namespace text not null,
    procedure_id text not null,
    procedure_name text not null,
    procedure_hash text not null,
    mode text not null,
    target text,
    inputs text not null,
    state text not null check (state in (
        'queued', 'running', 'waiting', 'paused', 'compensating', 'succeeded', 'failed', 'cancelled')),
    epoch integer not null default 0,
    owner text,
    due_at integer, -- the lease's end while it is owned, else when it is to go on; null: only an answer brings it on
    requested text check (requested in ('pause', 'cancel', 'compensate')),
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    taken_over integer not null default 0,
    session_id text,
    operation_id text,
    parent_run_id text,
    parent_step_id text,
    depth integer not null default 0,
    concurrency_group text,
    holds_group integer not null default 0,
    idempotency_key text,
    outputs text,
    error text,
    fingerprint text,
    reason text,
    created_at integer not null,
    started_at integer,
    finished_at integer
);
create unique index run_active on run (namespace, concurrency_group) where holds_group = 1;
create unique index run_idempotency on run (namespace, idempotency_key) where idempotency_key is not null;
create index run_due on run (namespace, due_at) where due_at is not null;
create index run_queue on run (namespace, concurrency_group, created_at) where state = 'queued';
create index run_listed on run (namespace, created_at);
create index run_procedure on run (namespace, procedure_name, target, created_at);
create index run_ended on run (namespace, finished_at) where finished_at is not null;
create index run_open on run (namespace) where finished_at is null;
create index run_parent on run (parent_run_id) where parent_run_id is not null;

create table run_step (
    run_id text not null references run (id) on delete cascade,
    step_id text not null,
    role text not null check (role in ('do', 'undo')),
    namespace text not null,
    state text not null check (state in (
        'pending', 'running', 'waiting', 'succeeded', 'failed', 'skipped', 'cancelled', 'compensated')),
    stage text not null check (stage in ('act', 'verify')),
    epoch integer not null,
    attempts integer not null,
    failures integer not null,
    round integer not null,
    idempotency_key text not null,
    input text,
    output text,
    error text,
    waits_for text,
    waits_on text,
    detail text,
    wake_at integer,
    skipped_because text,
    evidence text,
    started_at integer,
    finished_at integer,
    completion integer,
    primary key (run_id, step_id, role)
) without rowid;
create unique index run_step_completion on run_step (run_id, completion) where completion is not null;
create index run_step_waiting on run_step (namespace, waits_for, waits_on) where state = 'waiting';

create table worker (
    id text not null,
    namespace text not null,
    host text not null,
    version text not null,
    started_at integer not null,
    seen_at integer not null,
    primary key (id, namespace)
) without rowid;
