-- Approvals, who may give them, and the outbox of what somebody must be told.

create table approval (
    id text primary key,
    namespace text not null,
    kind text not null,
    subject text not null,
    run_id text,
    step_id text,
    question text not null,
    reason text not null,
    requested_by_kind text not null,
    requested_by_id text not null,
    requested_by_proof text not null,
    requested_at integer not null,
    expires_at integer not null,
    escalate_at integer,
    escalated_at integer,
    state text not null default 'pending' check (state in ('pending', 'granted', 'refused', 'expired', 'used')),
    decided_by_kind text,
    decided_by_id text,
    decided_by_proof text,
    decided_at integer,
    decision_reason text not null default '',
    used_at integer
);
create unique index approval_open on approval (namespace, kind, subject) where state in ('pending', 'granted');
create index approval_state on approval (namespace, state, expires_at);
create index approval_run on approval (run_id) where run_id is not null;

create table approver (
    id text primary key,
    namespace text not null,
    name text not null,
    kind text not null check (kind in ('passphrase', 'key')),
    secret_hash text not null,
    enrolled_at integer not null,
    enrolled_by_kind text not null,
    enrolled_by_id text not null,
    enrolled_by_proof text not null,
    first_use integer not null default 0,
    revoked_at integer,
    failures integer not null default 0,
    locked_until integer,
    used_at integer
);
create unique index approver_active on approver (namespace, name, kind) where revoked_at is null;

create table approval_setting (
    namespace text primary key,
    clients text not null -- the coding clients whose own dialog is accepted, as a JSON list
);

create table notice (
    id text primary key,
    namespace text not null,
    kind text not null,
    subject text not null,
    body text not null,
    created_at integer not null,
    attempts integer not null default 0,
    next_attempt_at integer not null,
    lease_until integer,
    delivered_to text not null default '[]',
    delivered_at integer,
    error text
);
create index notice_waiting on notice (namespace, next_attempt_at) where delivered_at is null;
create index notice_created on notice (namespace, created_at);

create table channel (
    id text primary key,
    namespace text not null,
    name text not null,
    kind text not null check (kind in ('command', 'webhook')),
    settings text not null,
    kinds text not null,
    created_at integer not null,
    created_by_kind text not null,
    created_by_id text not null,
    created_by_proof text not null
);
create unique index channel_name on channel (namespace, name);

create index audit_subject on audit (subject);
