-- Decided cases, from which new ones are decided; and what was learned of which operations fail when.

create table decided_case (
    id text primary key,
    namespace text not null,
    name text not null,
    inputs text not null,
    outputs text not null,
    trust text not null,
    standing text not null check (standing in ('stands', 'open', 'replaced')),
    origin text not null,
    decided_at integer not null,
    changed_at integer not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    expected real,
    expected_right integer,
    source text,
    replaces text,
    run_id text,
    step_id text
);
create index decided_case_name on decided_case (namespace, name, changed_at);
create unique index decided_case_source on decided_case (namespace, name, source) where source is not null;

create index operation_failed on operation (namespace, finished_at) where outcome = 'failed';

create table failure_model (
    namespace text not null,
    name text not null,
    fitted_at integer not null,
    body text not null,
    primary key (namespace, name)
) without rowid;
