-- Approvals, who may give them, and the outbox of what somebody must be told.

create table approval (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    kind text collate "C" not null,
    subject text collate "C" not null,
    run_id text collate "C",
    step_id text collate "C",
    question text not null,
    reason text not null,
    requested_by_kind text not null,
    requested_by_id text collate "C" not null,
    requested_by_proof text not null,
    requested_at bigint not null,
    expires_at bigint not null,
    escalate_at bigint,
    escalated_at bigint,
    state text not null default 'pending' check (state in ('pending', 'granted', 'refused', 'expired', 'used')),
    decided_by_kind text,
    decided_by_id text collate "C",
    decided_by_proof text,
    decided_at bigint,
    decision_reason text not null default '',
    used_at bigint
);
create unique index approval_open on approval (namespace, kind, subject) where state in ('pending', 'granted');
create index approval_state on approval (namespace, state, expires_at);
create index approval_run on approval (run_id) where run_id is not null;

create table approver (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    name text collate "C" not null,
    kind text not null check (kind in ('passphrase', 'key')),
    secret_hash text not null,
    enrolled_at bigint not null,
    enrolled_by_kind text not null,
    enrolled_by_id text not null,
    enrolled_by_proof text not null,
    first_use bigint not null default 0,
    revoked_at bigint,
    failures bigint not null default 0,
    locked_until bigint,
    used_at bigint
);
create unique index approver_active on approver (namespace, name, kind) where revoked_at is null;

create table approval_setting (
    namespace text collate "C" primary key,
    clients text not null -- the coding clients whose own dialog is accepted, as a JSON list
);

create table notice (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    kind text collate "C" not null,
    subject text collate "C" not null,
    body text not null,
    created_at bigint not null,
    attempts bigint not null default 0,
    next_attempt_at bigint not null,
    lease_until bigint,
    delivered_to text not null default '[]',
    delivered_at bigint,
    error text
);
create index notice_waiting on notice (namespace, next_attempt_at) where delivered_at is null;
create index notice_created on notice (namespace, created_at);

create table channel (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    name text collate "C" not null,
    kind text not null check (kind in ('command', 'webhook')),
    settings text not null,
    kinds text not null,
    created_at bigint not null,
    created_by_kind text not null,
    created_by_id text not null,
    created_by_proof text not null
);
create unique index channel_name on channel (namespace, name);

do $$
declare
    guarded text;
begin
    foreach guarded in array array['approval', 'approver', 'approval_setting', 'notice', 'channel']
    loop
        perform brainops_guard(guarded::regclass);
    end loop;
end
$$;
grant select, insert, update, delete on approval, approver, approval_setting, notice, channel to brainops_runtime;
