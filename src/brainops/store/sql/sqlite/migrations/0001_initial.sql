-- The first schema: facts about the store, memories with their indexes, the operation log, receipts, the trail, archives.

create table setting (
    name text primary key,
    value text not null
) without rowid;

create table memory (
    key integer primary key autoincrement,
    id text not null unique,
    namespace text not null,
    type text not null,
    title text not null,
    content text not null,
    content_format text not null check (content_format in ('text', 'json')),
    tags text not null,
    importance real not null,
    metadata text not null,
    trust text not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    session_id text,
    operation_id text,
    run_id text,
    uri text,
    source_key text,
    subject text,
    content_hash text not null,
    idempotency_key text,
    fingerprint text,
    message_fingerprint text,
    occurrences integer not null default 1,
    state text not null default 'active' check (state in ('active', 'archived', 'forgotten')),
    created_at integer not null,
    updated_at integer not null,
    last_seen_at integer not null,
    valid_from integer not null,
    valid_to integer,
    forgotten_at integer,
    supersedes text,
    superseded_by text,
    feedback real not null default 0,
    flag text,
    retrieved_count integer not null default 0,
    segment_id text,
    vector_model text
);
create unique index memory_same on memory (namespace, content_hash) where state = 'active' and superseded_by is null;
create unique index memory_idempotency on memory (namespace, idempotency_key) where idempotency_key is not null;
create index memory_fingerprint on memory (namespace, fingerprint) where fingerprint is not null;
create index memory_message_fingerprint on memory (namespace, message_fingerprint) where message_fingerprint is not null;
create index memory_namespace_type on memory (namespace, type, created_at);
create index memory_session on memory (session_id, key) where session_id is not null;
create index memory_source on memory (namespace, source_key) where source_key is not null;
create index memory_subject on memory (subject) where subject is not null;
create index memory_created on memory (created_at);
create index memory_vector_model on memory (vector_model, key);

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

create table memory_tag ( -- the key's columns come first: SQLite 3.40 misreads NOT NULL of others in integrity_check
    tag text not null,
    memory_key integer not null references memory (key) on delete cascade,
    namespace text not null,
    primary key (tag, memory_key)
) without rowid;
create index memory_tag_memory on memory_tag (memory_key);

create table memory_vector (
    sequence integer primary key autoincrement,
    memory_key integer not null references memory (key) on delete cascade,
    namespace text not null,
    model_id text not null,
    passage integer not null,
    vector blob not null
);
create unique index memory_vector_passage on memory_vector (memory_key, model_id, passage);

create table feedback (
    id text primary key,
    namespace text not null,
    memory_id text not null,
    verdict text not null check (verdict in ('helpful', 'wrong', 'outdated')),
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    at integer not null,
    note text,
    correction_id text,
    undone_at integer
);
create index feedback_memory on feedback (memory_id, at);

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
    contradiction text
);
create index operation_name on operation (namespace, name, target, started_at);
create index operation_started on operation (namespace, started_at);
create index operation_fingerprint on operation (namespace, fingerprint) where fingerprint is not null;
create index operation_followed on operation (namespace, followed_id) where followed_id is not null;

create table operation_count (
    namespace text not null,
    name text not null,
    day integer not null,
    succeeded integer not null default 0,
    failed integer not null default 0,
    recorded integer not null default 0,
    primary key (namespace, name, day)
) without rowid;

create table growth_policy (
    namespace text not null,
    operation_name text not null,
    mode text not null check (mode in ('full', 'sampled', 'counted')),
    rate real not null default 1,
    failures_per_fingerprint integer not null,
    primary key (namespace, operation_name)
) without rowid;

create table guidance (
    id text primary key,
    namespace text not null,
    operation_name text not null,
    target text,
    action_class text not null,
    actor_kind text not null,
    actor_id text not null,
    session_id text,
    created_at integer not null,
    expires_at integer not null,
    confidence real not null,
    raw_confidence real not null,
    failure_probability real,
    primary_id text,
    body text not null
);
create index guidance_lookup on guidance (namespace, operation_name, target, expires_at);

create table audit (
    namespace text not null,
    sequence integer not null,
    at integer not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    act text not null,
    subject text not null,
    detail text not null,
    previous_hash text not null,
    hash text not null,
    primary key (namespace, sequence)
) without rowid;
create trigger audit_is_append_only_update before update on audit begin select raise(abort, 'the audit trail is append-only'); end;
create trigger audit_is_append_only_delete before delete on audit begin select raise(abort, 'the audit trail is append-only'); end;

create table segment (
    id text primary key,
    namespace text not null,
    kind text not null check (kind in ('memory', 'operation')),
    created_at integer not null,
    first_at integer not null,
    last_at integer not null,
    row_count integer not null,
    sha256 text not null,
    data blob not null
);
create index segment_namespace on segment (namespace, kind, first_at);

create table backup (
    id text primary key,
    namespace text not null,
    at integer not null,
    path text not null,
    sha256 text not null
);
