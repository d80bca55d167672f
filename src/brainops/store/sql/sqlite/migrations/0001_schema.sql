-- What SQLite has of its own: the index of words by FTS5, vectors as bytes, and triggers that keep what never changes.

create table occurrence (
    memory_key integer not null references memory (key) on delete cascade,
    namespace text not null,
    at integer not null,
    actor_kind text not null,
    actor_id text not null,
    session_id text,
    operation_id text,
    uri text,
    detail text
);
create index occurrence_memory on occurrence (memory_key, at);

create virtual table memory_fts using fts5 (title, body, filters, tokenize = 'porter unicode61');

create table memory_vector (
    sequence integer primary key autoincrement,
    memory_key integer not null references memory (key) on delete cascade,
    namespace text not null,
    model_id text not null,
    passage integer not null,
    vector blob not null
);
create unique index memory_vector_passage on memory_vector (memory_key, model_id, passage);

create index memory_created on memory (created_at);
create index guidance_lookup on guidance (namespace, operation_name, target, expires_at);

create table operation (
    key integer primary key autoincrement,
    id text not null unique,
    namespace text not null,
    name text not null,
    target text,
    context text not null,
    action_class text not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    session_id text,
    parent_id text,
    guidance_id text,
    started_at integer not null,
    finished_at integer,
    outcome text check (outcome in ('succeeded', 'failed')),
    result text,
    error text,
    fingerprint text,
    error_memory_id text,
    duration_us integer,
    cost real,
    evidence text,
    followed_id text,
    contradicted_at integer,
    contradiction text,
    imported_at integer,
    learnt_at integer
);
create index operation_name on operation (namespace, name, target, started_at);
create index operation_started on operation (namespace, started_at);
create index operation_followed on operation (namespace, followed_id) where followed_id is not null;
create index operation_of_session on operation (namespace, session_id, started_at) where session_id is not null;
create index operation_target_failed on operation (namespace, target, finished_at) where outcome = 'failed';
create index operation_failed on operation (namespace, finished_at) where outcome = 'failed';
create index operation_unlearnt on operation (namespace, finished_at) where learnt_at is null and finished_at is not null;
create index operation_fingerprint on operation (namespace, fingerprint, finished_at) where fingerprint is not null;

create trigger audit_is_append_only_update before update on audit
begin select raise(abort, 'the audit trail is append-only'); end;
create trigger audit_is_append_only_delete before delete on audit
begin select raise(abort, 'the audit trail is append-only'); end;

create trigger procedure_is_immutable before update on procedure
when old.id is not new.id or old.namespace is not new.namespace or old.name is not new.name
    or old.number is not new.number or old.hash is not new.hash or old.body is not new.body
    or old.source is not new.source or old.trust is not new.trust
begin select raise(abort, 'a version of a procedure never changes'); end;
create trigger procedure_is_kept before delete on procedure
begin select raise(abort, 'a version of a procedure is never deleted'); end;
