-- What monitoring told: how each alert stands, which runs it began, and what has come in and is not worked on yet.

create table alert (
    namespace text collate "C" not null,
    key text collate "C" not null, -- by which its sender knows it, from firing to resolved
    event text not null,
    target text,
    severity text not null,
    labels text not null, -- a JSON object
    link text,
    group_key text collate "C", -- alerts of one group begin one run together
    identity text collate "C" not null, -- the error's fingerprint, else the event's name
    state text not null check (state in ('firing', 'resolved')),
    told bigint not null, -- how often it was told to fire
    fired_at bigint not null,
    changed_at bigint not null,
    seen_at bigint not null,
    said_at bigint, -- when it became so, by its sender's clock
    operation_id text collate "C" not null, -- of the log, when it fired last
    primary key (namespace, key)
) without rowid;
create index alert_state on alert (namespace, state, changed_at);
create told alert after insert on alert tells ('alert.' || new.state, new.key);
create told alert_state after update of state on alert when (old.state <> new.state)
    tells ('alert.' || new.state, new.key);

create table alert_run (
    namespace text collate "C" not null,
    run_id text collate "C" not null,
    key text collate "C" not null,
    primary key (namespace, run_id, key)
) without rowid;
create index alert_run_key on alert_run (namespace, key);

create table inbox (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    sender text collate "C" not null,
    body text not null, -- what it told, as JSON
    at bigint not null,
    attempts bigint not null,
    error text,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null
);
create index inbox_waiting on inbox (namespace, at, id) where error is null;
