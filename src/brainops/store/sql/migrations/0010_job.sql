-- Long work that goes on in the background: who has it in hand until when, how far it is, and what came of it.

create table job (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    kind text collate "C" not null,
    given text not null, -- a JSON object
    reads text collate "C" not null, -- a JSON list of namespaces
    state text not null check (state in ('waiting', 'running', 'succeeded', 'failed', 'cancelled')),
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    agreed_by_kind text collate "C",
    agreed_by_id text collate "C",
    agreed_by_proof text collate "C",
    created_at bigint not null,
    started_at bigint,
    finished_at bigint,
    attempts bigint not null,
    done bigint not null,
    total bigint,
    cancel_requested bigint not null,
    result text, -- JSON
    error text,
    owner text collate "C",
    lease_until bigint
);
create index job_created on job (namespace, created_at);
create index job_open on job (namespace, created_at) where finished_at is null;
create told job after insert on job tells ('job.' || new.state, new.id);
create told job_state after update of state on job when (old.state <> new.state) tells ('job.' || new.state, new.id);
