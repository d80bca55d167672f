
-- SQLite changes no check of a table that is there.
alter table channel rename to channel_before;
create table channel (
    id text primary key,
    namespace text not null,
    name text not null,
    kind text not null check (kind in ('command', 'webhook', 'email', 'slack')),
    settings text not null,
    kinds text not null,
    created_at integer not null,
    created_by_kind text not null,
    created_by_id text not null,
    created_by_proof text not null
);
insert into channel (id, namespace, name, kind, settings, kinds, created_at, created_by_kind, created_by_id, created_by_proof)
select id, namespace, name, kind, settings, kinds, created_at, created_by_kind, created_by_id, created_by_proof
from channel_before;
drop table channel_before;
create unique index channel_name on channel (namespace, name);
