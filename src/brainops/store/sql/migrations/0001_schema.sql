-- The tables of a store, as both databases have them: ids and names, then times, in microseconds, and JSON as text.
-- `occurrence`, `operation` and the indexes of words and vectors stand with each database's own.

-- Facts about the store; memories with what belongs to them; receipts, the trail, archives.

create table setting (
    name text collate "C" primary key,
    value text not null
) without rowid;

insert into setting (name, value) values ('schema_line', '1'); -- schemas are numbered from here on

create table memory (
    key bigint generated always as identity primary key,
    id text collate "C" not null unique,
    namespace text collate "C" not null,
    type text collate "C" not null,
    title text not null,
    content text not null,
    content_format text not null check (content_format in ('text', 'json')),
    tags text not null,
    importance double precision not null,
    metadata text not null,
    trust text collate "C" not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    session_id text collate "C",
    operation_id text collate "C",
    run_id text collate "C",
    uri text,
    source_key text collate "C",
    subject text collate "C",
    content_hash text collate "C" not null,
    idempotency_key text collate "C",
    fingerprint text collate "C",
    message_fingerprint text collate "C",
    occurrences bigint not null default 1,
    state text not null default 'active' check (state in ('active', 'archived', 'forgotten')),
    created_at bigint not null,
    updated_at bigint not null,
    last_seen_at bigint not null,
    valid_from bigint not null,
    valid_to bigint,
    forgotten_at bigint,
    supersedes text collate "C",
    superseded_by text collate "C",
    feedback double precision not null default 0,
    flag text,
    retrieved_count bigint not null default 0,
    vector_model text collate "C"
);
create unique index memory_same on memory (namespace, content_hash) where state = 'active' and superseded_by is null;
create unique index memory_idempotency on memory (namespace, idempotency_key) where idempotency_key is not null;
create index memory_fingerprint on memory (namespace, fingerprint) where fingerprint is not null;
create index memory_message_fingerprint on memory (namespace, message_fingerprint)
    where message_fingerprint is not null;
create index memory_namespace_type on memory (namespace, type, created_at);
create index memory_session on memory (session_id, key) where session_id is not null;
create index memory_source on memory (namespace, source_key) where source_key is not null;
create index memory_subject on memory (subject) where subject is not null;
create index memory_vector_model on memory (vector_model, key);

create table memory_tag ( -- the key's columns come first: SQLite 3.40 misreads NOT NULL of others in integrity_check
    tag text collate "C" not null,
    memory_key bigint not null references memory (key) on delete cascade,
    namespace text collate "C" not null,
    primary key (tag, memory_key)
) without rowid;
create index memory_tag_memory on memory_tag (memory_key);

create table capture_key ( -- under which idempotency keys memories were captured, and what was said each time
    namespace text collate "C" not null,
    key_hash text collate "C" not null,
    memory_key bigint not null references memory (key) on delete cascade,
    said text not null,
    primary key (namespace, key_hash)
) without rowid;
create index capture_key_memory on capture_key (memory_key);

create table feedback (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    memory_id text collate "C" not null,
    verdict text not null check (verdict in ('helpful', 'wrong', 'outdated')),
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    at bigint not null,
    note text,
    correction_id text,
    undone_at bigint
);
create index feedback_memory on feedback (memory_id, at);

create table operation_count (
    namespace text collate "C" not null,
    name text collate "C" not null,
    day bigint not null,
    succeeded bigint not null default 0,
    failed bigint not null default 0,
    recorded bigint not null default 0,
    primary key (namespace, name, day)
) without rowid;

create table growth_policy (
    namespace text collate "C" not null,
    operation_name text collate "C" not null,
    mode text not null check (mode in ('full', 'sampled', 'counted')),
    rate double precision not null default 1,
    failures_per_fingerprint bigint not null,
    primary key (namespace, operation_name)
) without rowid;

create table guidance (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    operation_name text collate "C" not null,
    target text collate "C",
    action_class text not null,
    actor_kind text not null,
    actor_id text not null,
    session_id text,
    created_at bigint not null,
    expires_at bigint not null,
    confidence double precision not null,
    raw_confidence double precision not null,
    failure_probability double precision,
    primary_id text collate "C",
    body text not null,
    used_at bigint,
    procedures text not null default '[]', -- NAME@HASH of those that were in view
    required text not null default '[]', -- memory ids that must be named back
    acknowledged text not null default '[]',
    imported_at bigint
);
create index guidance_of_session on guidance (namespace, session_id, created_at) where session_id is not null;
create index guidance_of_target on guidance (namespace, target, created_at) where session_id is null;
create index guidance_primary on guidance (namespace, primary_id, created_at) where primary_id is not null;
create index guidance_created on guidance (namespace, created_at);

create table audit (
    namespace text collate "C" not null,
    sequence bigint not null,
    at bigint not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    act text not null,
    subject text collate "C" not null,
    detail text not null,
    previous_hash text not null,
    hash text not null,
    primary key (namespace, sequence)
) without rowid;
create index audit_subject on audit (subject);

create table segment (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    kind text not null check (kind in ('memory', 'operation')),
    created_at bigint not null,
    first_at bigint not null,
    last_at bigint not null,
    row_count bigint not null,
    sha256 text not null,
    data bytea not null
);
create index segment_namespace on segment (namespace, kind, first_at);

create table backup (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    at bigint not null,
    path text not null,
    sha256 text not null
);

-- Procedures and their versions: a version never changes but in its state, and of each name one may be active.

create table procedure (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    name text collate "C" not null,
    number bigint not null,
    hash text collate "C" not null,
    body text not null,
    source text not null,
    path text,
    owner text not null check (owner in ('git', 'store')),
    trust text not null check (trust in ('verified', 'agent', 'external')),
    state text not null check (state in ('draft', 'active', 'retired')),
    created_at bigint not null,
    created_kind text not null,
    created_by text not null,
    created_proof text not null,
    activated_at bigint,
    activated_kind text,
    activated_by text,
    activated_proof text,
    retired_at bigint,
    reason text not null
) without rowid;
create unique index procedure_number on procedure (namespace, name, number);
create unique index procedure_hash on procedure (namespace, name, hash);
create unique index procedure_active on procedure (namespace, name) where state = 'active';

create table procedure_change (
    namespace text collate "C" primary key,
    counter bigint not null
) without rowid;

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
    finished_at bigint,
    imported_at bigint
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
) without rowid;
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
) without rowid;

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

-- Settings of a namespace, rules, decisions, bypasses; what a receipt covers and whether it was used.

create table namespace_setting (
    namespace text collate "C" not null,
    name text collate "C" not null,
    value text not null,
    at bigint not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    primary key (namespace, name)
) without rowid;

create table rule (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    name text collate "C" not null,
    body text not null,
    created_at bigint not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    removed_at bigint
);
create unique index rule_name on rule (namespace, name) where removed_at is null;

create table rule_mode ( -- what a person or the circuit breaker set in place of a rule's own mode
    namespace text collate "C" not null,
    rule_id text collate "C" not null,
    mode text not null check (mode in ('observe', 'warn', 'ask', 'deny')),
    stepped_down bigint not null,
    reason text not null,
    at bigint not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    primary key (namespace, rule_id)
) without rowid;

create table decision ( -- one line for each rule that was not simply met
    id text collate "C" primary key,
    namespace text collate "C" not null,
    at bigint not null,
    kind text not null check (kind in ('blocked', 'observed', 'warned', 'override', 'bypassed', 'alarm')),
    rule_id text collate "C" not null,
    rule_name text not null,
    rule_kind text not null,
    procedure text collate "C",
    verdict text not null check (verdict in ('allow', 'ask', 'deny')),
    would text not null check (would in ('allow', 'ask', 'deny')),
    mode text not null,
    enforcement text not null,
    reason text not null,
    way_out text not null,
    operation_id text collate "C",
    operation_name text collate "C" not null,
    target text collate "C",
    service text collate "C" not null,
    action_class text not null,
    receipt_id text collate "C",
    approval_id text collate "C",
    bypass_id text collate "C",
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    session_id text collate "C",
    judged text check (judged in ('right', 'false')),
    judged_at bigint,
    judged_by_kind text,
    judged_by_id text,
    judged_by_proof text,
    judged_note text,
    imported_at bigint
);
create index decision_at on decision (namespace, at);
create index decision_rule on decision (namespace, rule_id, kind, at);

create table guard_count ( -- how often each rule applied on a day, and how that went
    namespace text collate "C" not null,
    day bigint not null,
    rule_id text collate "C" not null,
    service text collate "C" not null,
    person text collate "C" not null, -- '' unless the namespace counts per person
    procedure text collate "C",
    followed bigint not null default 0,
    overridden bigint not null default 0,
    violated bigint not null default 0,
    bypassed bigint not null default 0,
    blocked bigint not null default 0,
    primary key (namespace, day, rule_id, service, person)
) without rowid;

create table bypass (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    opened_at bigint not null,
    until bigint not null,
    reason text not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    closed_at bigint
);
create index bypass_until on bypass (namespace, until);

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
    evidence text,
    imported_at bigint
);
create index fix_application_fix on fix_application (fix_id, created_at);
create index fix_application_fingerprint on fix_application (namespace, fingerprint, applied_at);
create index fix_application_state on fix_application (namespace, state, created_at);
create index fix_application_applied on fix_application (namespace, applied_at) where applied_at is not null;

-- Agents, the tasks that they were asked to carry out, and every attempt at one.

create table agent (
    namespace text collate "C" not null,
    name text collate "C" not null,
    adapter text not null,
    description text not null,
    capabilities text not null,
    settings text not null,
    limits text not null,
    cost double precision not null,
    memory text not null,
    enabled integer not null,
    created_at bigint not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    reason text not null,
    removed_at bigint,
    primary key (namespace, name)
) without rowid;

create table execution (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    task text not null,
    task_class text collate "C" not null,
    target text collate "C",
    context text not null,
    asked text not null,
    session_id text collate "C",
    state text not null check (state in ('running', 'succeeded', 'failed', 'waiting', 'refused', 'cancelled')),
    guidance_id text collate "C",
    operation_id text collate "C",
    approval_id text collate "C",
    plan text not null,
    reason text not null,
    run_id text collate "C",
    step_id text collate "C",
    idempotency_key text collate "C",
    owner text collate "C",
    lease_until bigint,
    requested text,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    created_at bigint not null,
    opened_at bigint not null,
    ended_at bigint,
    outcome text check (outcome in ('succeeded', 'failed')),
    result text,
    error text,
    duration_us bigint,
    cost double precision,
    evidence text,
    imported_at bigint
);
create index execution_created on execution (namespace, created_at);
create index execution_under_way on execution (namespace, lease_until) where state = 'running';
create unique index execution_idempotency on execution (namespace, idempotency_key) where idempotency_key is not null;

create table attempt (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    execution_id text collate "C" not null,
    agent text collate "C" not null,
    task_class text collate "C" not null,
    text text not null,
    choice text not null,
    operation_id text collate "C",
    started_at bigint not null,
    lease_until bigint,
    ended_at bigint,
    fingerprint text collate "C",
    learnt_at bigint,
    success double precision,
    verified integer,
    charged double precision not null,
    outcome text check (outcome in ('succeeded', 'failed')),
    result text,
    error text,
    duration_us bigint,
    cost double precision,
    evidence text,
    imported_at bigint
);
create index attempt_execution on attempt (execution_id, started_at);
create index attempt_agent on attempt (namespace, agent, started_at);
create index attempt_under_way on attempt (namespace, lease_until) where ended_at is null;
create index attempt_class on attempt (namespace, task_class, started_at);
create index attempt_learnt on attempt (namespace, learnt_at);
create index attempt_started on attempt (namespace, started_at);

-- Decided cases, from which new ones are decided; and what was learned of which operations fail when.

create table decided_case (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    name text collate "C" not null,
    inputs text not null,
    outputs text not null,
    trust text not null,
    standing text not null check (standing in ('stands', 'open', 'replaced')),
    origin text not null,
    decided_at bigint not null,
    changed_at bigint not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    expected double precision,
    expected_right integer,
    source text collate "C",
    replaces text collate "C",
    run_id text collate "C",
    step_id text collate "C"
);
create index decided_case_name on decided_case (namespace, name, changed_at);
create unique index decided_case_source on decided_case (namespace, name, source) where source is not null;

create table failure_model (
    namespace text collate "C" not null,
    name text collate "C" not null,
    fitted_at bigint not null,
    body text not null,
    primary key (namespace, name)
) without rowid;

-- What logs and metrics say: templates with counts, series with points, and what was seen to precede failure.

create table signal_file (
    namespace text collate "C" not null,
    key text collate "C" not null,
    path text not null,
    head text collate "C" not null,
    head_bytes bigint not null,
    position bigint not null,
    tail text collate "C" not null,
    lines bigint not null,
    read_at bigint not null,
    primary key (namespace, key)
) without rowid;

create table log_template (
    namespace text collate "C" not null,
    source text collate "C" not null,
    id text collate "C" not null,
    tokens text not null,
    level text collate "C",
    error bigint not null,
    count bigint not null,
    first_at bigint not null,
    last_at bigint not null,
    exemplar text not null,
    latest text not null,
    fingerprint text collate "C",
    error_memory_id text collate "C",
    merged_into text collate "C",
    primary key (namespace, source, id)
) without rowid;
create index log_template_last on log_template (namespace, last_at);

create table log_count (
    namespace text collate "C" not null,
    source text collate "C" not null,
    template_id text collate "C" not null,
    bucket bigint not null,
    count bigint not null,
    primary key (namespace, source, template_id, bucket)
) without rowid;
create index log_count_bucket on log_count (namespace, bucket);

create table metric_series (
    namespace text collate "C" not null,
    id text collate "C" not null,
    source text collate "C" not null,
    name text collate "C" not null,
    labels text not null,
    component text collate "C" not null,
    counter bigint not null,
    first_at bigint not null,
    last_at bigint not null,
    primary key (namespace, id)
) without rowid;
create index metric_series_last on metric_series (namespace, last_at);

create table metric_point (
    namespace text collate "C" not null,
    series text collate "C" not null,
    bucket bigint not null,
    count bigint not null,
    total double precision not null,
    last double precision not null,
    last_at bigint not null,
    primary key (namespace, series, bucket)
) without rowid;
create index metric_point_bucket on metric_point (namespace, bucket);

create table precursor (
    namespace text collate "C" not null,
    id text collate "C" not null,
    events text not null,
    operation text collate "C" not null,
    probability double precision not null,
    base double precision not null,
    cases bigint not null,
    failed bigint not null,
    chance double precision not null,
    within_us bigint not null,
    learnt_at bigint not null,
    primary key (namespace, id)
) without rowid;

-- How far each learning cycle went, who is at it, its reports, and which operations were looked at.

create table cycle (
    namespace text collate "C" not null,
    cycle text collate "C" not null check (cycle in ('five_minutes', 'hourly', 'daily')),
    through_at bigint,
    ran_at bigint,
    epoch bigint not null default 0,
    owner text collate "C",
    lease_until bigint,
    primary key (namespace, cycle)
) without rowid;

create table cycle_report (
    namespace text collate "C" not null,
    cycle text collate "C" not null,
    to_at bigint not null,
    from_at bigint not null,
    ended_at bigint not null,
    missed bigint not null,
    body text not null,
    primary key (namespace, cycle, to_at)
) without rowid;

create table learning_told (
    namespace text collate "C" not null,
    memory_id text collate "C" not null,
    at bigint not null,
    primary key (namespace, memory_id)
) without rowid;

create table set_aside ( -- what an improvement of memory archived (no data), or which occurrences it folded
    namespace text collate "C" not null,
    improvement_id text collate "C" not null,
    memory_id text collate "C" not null,
    data bytea,
    primary key (namespace, improvement_id, memory_id)
) without rowid;
create index set_aside_memory on set_aside (memory_id);

-- What the system changes about itself, and which unit of work each trial gave to what is tried.

create table improvement (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    kind text not null,
    key text collate "C" not null,
    subject text collate "C" not null,
    title text not null,
    reason text not null,
    before text not null,
    after text not null,
    evidence text not null,
    state text not null check (state in (
        'proposed', 'planned', 'trial', 'applied', 'kept', 'rolled_back', 'undone', 'rejected')),
    probability_better double precision,
    trust text not null,
    by_itself integer not null,
    basis bigint not null,
    decided_basis bigint, -- what it rested on when it was last decided, by anybody
    proposed_at bigint not null,
    trial_at bigint,
    apply_at bigint,
    applied_at bigint,
    ended_at bigint,
    outcome text not null,
    imported_at bigint
);
create unique index improvement_open on improvement (namespace, key) where ended_at is null;
create index improvement_key on improvement (namespace, key, proposed_at);
create index improvement_subject on improvement (namespace, subject) where ended_at is null;
create index improvement_listed on improvement (namespace, proposed_at);

create table improvement_trial (
    improvement_id text collate "C" not null,
    unit text collate "C" not null,
    namespace text collate "C" not null,
    challenger integer not null,
    share bigint not null, -- of a hundred, that the challenger was given at that time
    at bigint not null,
    primary key (improvement_id, unit)
) without rowid;

-- Learnings that are shared between instances: whom one listens to, which bundles came, and what became of each item.

create table share_peer (
    namespace text collate "C" not null,
    key text collate "C" not null,
    name text not null,
    source text,
    added_at bigint not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    revoked_at bigint,
    reason text not null default '',
    primary key (namespace, key)
) without rowid;

create table share_bundle (
    namespace text collate "C" not null,
    id text collate "C" not null,
    key text collate "C" not null,
    direction text not null check (direction in ('out', 'in')),
    at bigint not null,
    created_at bigint not null,
    items integer not null,
    path text,
    revoked_at bigint,
    reason text not null default '',
    primary key (namespace, id, direction)
) without rowid;

create table share_item (
    namespace text collate "C" not null,
    key text collate "C" not null,
    kind text not null check (kind in ('insight', 'procedure', 'fix')),
    origin_id text collate "C" not null,
    bundle_id text collate "C" not null,
    local_id text collate "C",
    hash text collate "C" not null,
    at bigint not null,
    verified integer not null default 0,
    contradicted integer not null default 0,
    withdrawn_at bigint,
    primary key (namespace, key, kind, origin_id)
) without rowid;
create index share_item_bundle on share_item (namespace, bundle_id);
create index share_item_local on share_item (namespace, local_id) where local_id is not null;

-- What language models took: by day what is spent or set aside, by day, purpose and model what was used.

create table language_day (
    namespace text collate "C" not null,
    day bigint not null,
    tokens bigint not null,
    cost double precision not null,
    primary key (namespace, day)
) without rowid;

create table language_use (
    namespace text collate "C" not null,
    day bigint not null,
    purpose text collate "C" not null,
    model text collate "C" not null,
    calls bigint not null,
    input_tokens bigint not null,
    output_tokens bigint not null,
    cost double precision not null,
    primary key (namespace, day, purpose, model)
) without rowid;

-- How often memory was asked, by minute and way of asking.

create table query_count (
    namespace text collate "C" not null,
    minute bigint not null,
    kind text collate "C" not null,
    queries bigint not null,
    primary key (namespace, minute, kind)
) without rowid;

-- Patches of code that improvements brought into a repository, and what became of each there.

create table code_patch (
    id text collate "C" primary key, -- of its improvement
    namespace text collate "C" not null,
    repository text not null,
    commit_id text not null,
    stands integer not null default 0, -- whether the improvement holds it for applied
    left_because text not null default '', -- why what was to be brought in, or taken back, is only a branch so far
    changed_at bigint not null
);
