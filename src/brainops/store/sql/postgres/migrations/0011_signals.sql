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
);

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
);
create index log_template_last on log_template (namespace, last_at);

create table log_count (
    namespace text collate "C" not null,
    source text collate "C" not null,
    template_id text collate "C" not null,
    bucket bigint not null,
    count bigint not null,
    primary key (namespace, source, template_id, bucket)
);
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
);
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
);
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
);

select brainops_guard('signal_file'), brainops_guard('log_template'), brainops_guard('log_count'), brainops_guard('metric_series'), brainops_guard('metric_point'), brainops_guard('precursor');
grant select, insert, update, delete on signal_file, log_template, log_count, metric_series, metric_point, precursor to brainops_runtime;
