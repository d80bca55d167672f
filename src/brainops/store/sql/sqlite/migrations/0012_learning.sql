-- How far each learning cycle went, who is at it, its reports, and which operations were looked at.

create table cycle (
    namespace text not null,
    cycle text not null check (cycle in ('five_minutes', 'hourly', 'daily')),
    through_at integer,
    ran_at integer,
    epoch integer not null default 0,
    owner text,
    lease_until integer,
    primary key (namespace, cycle)
) without rowid;

create table cycle_report (
    namespace text not null,
    cycle text not null,
    to_at integer not null,
    from_at integer not null,
    ended_at integer not null,
    missed integer not null,
    body text not null,
    primary key (namespace, cycle, to_at)
) without rowid;

create table learning_told (
    namespace text not null,
    memory_id text not null,
    at integer not null,
    primary key (namespace, memory_id)
) without rowid;

create table set_aside ( -- what an improvement of memory archived (no data), or which occurrences it folded
    namespace text not null,
    improvement_id text not null,
    memory_id text not null,
    data blob,
    primary key (namespace, improvement_id, memory_id)
) without rowid;
create index set_aside_memory on set_aside (memory_id);

alter table operation add column learnt_at integer;
update operation set learnt_at = 0 where finished_at is not null;
create index operation_unlearnt on operation (namespace, finished_at) where learnt_at is null and finished_at is not null;
