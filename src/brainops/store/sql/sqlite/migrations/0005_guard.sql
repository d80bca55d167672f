-- Settings of a namespace, rules, decisions, bypasses; what a receipt covers and whether it was used.

create table namespace_setting (
    namespace text not null,
    name text not null,
    value text not null,
    at integer not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    primary key (namespace, name)
) without rowid;

create table rule (
    id text primary key,
    namespace text not null,
    name text not null,
    body text not null,
    created_at integer not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    removed_at integer
);
create unique index rule_name on rule (namespace, name) where removed_at is null;

create table rule_mode ( -- what a person or the circuit breaker set in place of a rule's own mode
    namespace text not null,
    rule_id text not null,
    mode text not null check (mode in ('observe', 'warn', 'ask', 'deny')),
    stepped_down integer not null,
    reason text not null,
    at integer not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    primary key (namespace, rule_id)
) without rowid;

create table decision ( -- one line for each rule that was not simply met
    id text primary key,
    namespace text not null,
    at integer not null,
    kind text not null check (kind in ('blocked', 'observed', 'warned', 'override', 'bypassed', 'alarm')),
    rule_id text not null,
    rule_name text not null,
    rule_kind text not null,
    procedure text,
    verdict text not null check (verdict in ('allow', 'ask', 'deny')),
    would text not null check (would in ('allow', 'ask', 'deny')),
    mode text not null,
    enforcement text not null,
    reason text not null,
    way_out text not null,
    operation_id text,
    operation_name text not null,
    target text,
    service text not null,
    action_class text not null,
    receipt_id text,
    approval_id text,
    bypass_id text,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    session_id text,
    judged text check (judged in ('right', 'false')),
    judged_at integer,
    judged_by_kind text,
    judged_by_id text,
    judged_by_proof text,
    judged_note text
);
create index decision_at on decision (namespace, at);
create index decision_rule on decision (namespace, rule_id, kind, at);

create table guard_count ( -- how often each rule applied on a day, and how that went
    namespace text not null,
    day integer not null,
    rule_id text not null,
    service text not null,
    person text not null, -- '' unless the namespace counts per person
    procedure text,
    followed integer not null default 0,
    overridden integer not null default 0,
    violated integer not null default 0,
    bypassed integer not null default 0,
    blocked integer not null default 0,
    primary key (namespace, day, rule_id, service, person)
) without rowid;

create table bypass (
    id text primary key,
    namespace text not null,
    opened_at integer not null,
    until integer not null,
    reason text not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    closed_at integer
);
create index bypass_until on bypass (namespace, until);

alter table guidance add column used_at integer;
alter table guidance add column procedures text not null default '[]'; -- NAME@HASH of those that were in view
alter table guidance add column required text not null default '[]'; -- memory ids that must be named back
alter table guidance add column acknowledged text not null default '[]';
create index guidance_of_session on guidance (namespace, session_id, created_at) where session_id is not null;
create index guidance_of_target on guidance (namespace, target, created_at) where session_id is null;
create index operation_of_session on operation (namespace, session_id, started_at) where session_id is not null;
create index operation_target_failed on operation (namespace, target, finished_at) where outcome = 'failed';
