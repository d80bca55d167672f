-- Fixes bound to fingerprints, and every application of them.

create table fix (
    id text primary key,
    namespace text not null,
    fingerprint text not null,
    title text not null,
    kind text not null,
    mode text not null check (mode in ('suggest', 'shadow', 'auto')),
    procedure text,
    action text,
    advice text not null,
    verify text,
    rollback text,
    context text not null,
    limits text not null,
    trust text not null,
    created_at integer not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    demoted_at integer,
    detached_at integer,
    reason text not null
);
create index fix_fingerprint on fix (namespace, fingerprint) where detached_at is null;

create table fix_application (
    id text primary key,
    namespace text not null,
    fix_id text not null,
    fingerprint text not null,
    operation_id text,
    target text,
    mode text not null,
    automatic integer not null,
    state text not null,
    run_id text,
    reason text not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    created_at integer not null,
    applied_at integer,
    decided_at integer,
    verified_by text,
    evidence text
);
create index fix_application_fix on fix_application (fix_id, created_at);
create index fix_application_fingerprint on fix_application (namespace, fingerprint, applied_at);
create index fix_application_state on fix_application (namespace, state, created_at);
create index fix_application_applied on fix_application (namespace, applied_at) where applied_at is not null;
