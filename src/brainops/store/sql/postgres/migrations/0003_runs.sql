-- Runs, their steps, and the workers that advance them.

create table run (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    procedure_id text collate "C" not null,
    procedure_name text collate "C" not null,
    procedure_hash text collate "C" not null,
    mode text not null,
    target text collate "C",
    inputs text not null,
    state text collate "C" not null check (state in (
        'queued', 'running', 'waiting', 'paused', 'compensating', 'succeeded', 'failed', 'cancelled')),
    epoch bigint not null default 0,
    owner text collate "C",
    due_at bigint, -- the lease's end while it is owned, else when it is to go on; null: only an answer brings it on
    requested text check (requested in ('pause', 'cancel', 'compensate')),
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    taken_over bigint not null default 0,
    session_id text collate "C",
    operation_id text collate "C",
    parent_run_id text collate "C",
    parent_step_id text collate "C",
    depth bigint not null default 0,
    concurrency_group text collate "C",
    holds_group bigint not null default 0,
    idempotency_key text collate "C",
    outputs text,
    error text,
    fingerprint text collate "C",
    reason text,
    created_at bigint not null,
    started_at bigint,
    finished_at bigint
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
    run_id text collate "C" not null references run (id) on delete cascade,
    step_id text collate "C" not null,
    role text collate "C" not null check (role in ('do', 'undo')),
    namespace text collate "C" not null,
    state text collate "C" not null check (state in (
        'pending', 'running', 'waiting', 'succeeded', 'failed', 'skipped', 'cancelled', 'compensated')),
    stage text not null check (stage in ('act', 'verify')),
    epoch bigint not null,
    attempts bigint not null,
    failures bigint not null,
    round bigint not null,
    idempotency_key text collate "C" not null,
    input text,
    output text,
    error text,
    waits_for text collate "C",
    waits_on text collate "C",
    detail text,
    wake_at bigint,
    skipped_because text,
    evidence text,
    started_at bigint,
    finished_at bigint,
    completion bigint,
    primary key (run_id, step_id, role)
);
create unique index run_step_completion on run_step (run_id, completion) where completion is not null;
create index run_step_waiting on run_step (namespace, waits_for, waits_on) where state = 'waiting';

create table worker (
    id text collate "C" not null,
    namespace text collate "C" not null,
    host text not null,
    version text not null,
    started_at bigint not null,
    seen_at bigint not null,
    primary key (id, namespace)
);

do $$
declare
    guarded text;
begin
    foreach guarded in array array['run', 'run_step', 'worker'] loop
        perform brainops_guard(guarded::regclass);
    end loop;
end
$$;
grant select, insert, update, delete on run, run_step, worker to brainops_runtime;
