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
);

create table cycle_report (
    namespace text collate "C" not null,
    cycle text collate "C" not null,
    to_at bigint not null,
    from_at bigint not null,
    ended_at bigint not null,
    missed bigint not null,
    body text not null,
    primary key (namespace, cycle, to_at)
);

create table learning_told (
    namespace text collate "C" not null,
    memory_id text collate "C" not null,
    at bigint not null,
    primary key (namespace, memory_id)
);

create table set_aside ( -- what an improvement of memory archived (no data), or which occurrences it folded
    namespace text collate "C" not null,
    improvement_id text collate "C" not null,
    memory_id text collate "C" not null,
    data bytea,
    primary key (namespace, improvement_id, memory_id)
);
create index set_aside_memory on set_aside (memory_id);

alter table operation add column learnt_at bigint;
update operation set learnt_at = 0 where finished_at is not null;
create index operation_unlearnt on operation (namespace, finished_at) where learnt_at is null and finished_at is not null;

select brainops_guard('cycle'), brainops_guard('cycle_report'), brainops_guard('learning_told'), brainops_guard('set_aside');
grant select, insert, update, delete on cycle, cycle_report, learning_told, set_aside to brainops_runtime;
