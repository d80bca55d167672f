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

create index operation_failed on operation (namespace, finished_at) where outcome = 'failed';

create table failure_model (
    namespace text collate "C" not null,
    name text collate "C" not null,
    fitted_at bigint not null,
    body text not null,
    primary key (namespace, name)
);

select brainops_guard('decided_case'), brainops_guard('failure_model');
grant select, insert, update, delete on decided_case, failure_model to brainops_runtime;
