-- Fixes bound to fingerprints, and every application of them.

create table fix (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    fingerprint text collate "C" not null,
    title text not null,
    kind text not null,
    mode text not null check (mode in ('suggest', 'shadow', 'auto')),
    procedure text collate "C",
    action text,
    advice text not null,
    verify text,
    rollback text,
    context text not null,
    limits text not null,
    trust text not null,
    created_at bigint not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    demoted_at bigint,
    detached_at bigint,
    reason text not null
);
create index fix_fingerprint on fix (namespace, fingerprint) where detached_at is null;

create table fix_application (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    fix_id text collate "C" not null,
    fingerprint text collate "C" not null,
    operation_id text collate "C",
    target text collate "C",
    mode text not null,
    automatic integer not null,
    state text not null,
    run_id text collate "C",
    reason text not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    created_at bigint not null,
    applied_at bigint,
    decided_at bigint,
    verified_by text,
    evidence text
);
create index fix_application_fix on fix_application (fix_id, created_at);
create index fix_application_fingerprint on fix_application (namespace, fingerprint, applied_at);
create index fix_application_state on fix_application (namespace, state, created_at);
create index fix_application_applied on fix_application (namespace, applied_at) where applied_at is not null;

select brainops_guard('fix'), brainops_guard('fix_application');
grant select, insert, update on fix, fix_application to brainops_runtime;
