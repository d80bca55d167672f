-- What logs and metrics say: templates with counts, series with points, and what was seen to precede failure.

create table signal_file (
    namespace text not null,
    key text not null,
    path text not null,
    head text not null,
    head_bytes integer not null,
    position integer not null,
    tail text not null,
    lines integer not null,
    read_at integer not null,
    primary key (namespace, key)
) without rowid;

create table log_template (
    namespace text not null,
    source text not null,
    id text not null,
    tokens text not null,
    level text,
    error integer not null,
    count integer not null,
    first_at integer not null,
    last_at integer not null,
    exemplar text not null,
    latest text not null,
    fingerprint text,
    error_memory_id text,
    merged_into text,
    primary key (namespace, source, id)
) without rowid;
create index log_template_last on log_template (namespace, last_at);

create table log_count (
    namespace text not null,
    source text not null,
    template_id text not null,
    bucket integer not null,
    count integer not null,
    primary key (namespace, source, template_id, bucket)
) without rowid;
create index log_count_bucket on log_count (namespace, bucket);

create table metric_series (
    namespace text not null,
    id text not null,
    source text not null,
    name text not null,
    labels text not null,
    component text not null,
    counter integer not null,
    first_at integer not null,
    last_at integer not null,
    primary key (namespace, id)
) without rowid;
create index metric_series_last on metric_series (namespace, last_at);

create table metric_point (
    namespace text not null,
    series text not null,
    bucket integer not null,
    count integer not null,
    total real not null,
    last real not null,
    last_at integer not null,
    primary key (namespace, series, bucket)
) without rowid;
create index metric_point_bucket on metric_point (namespace, bucket);

create table precursor (
    namespace text not null,
    id text not null,
    events text not null,
    operation text not null,
    probability real not null,
    base real not null,
    cases integer not null,
    failed integer not null,
    chance real not null,
    within_us integer not null,
    learnt_at integer not null,
    primary key (namespace, id)
) without rowid;
