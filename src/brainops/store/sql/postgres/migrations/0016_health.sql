-- How often memory was asked, by minute and way of asking; receipts in the order in which they were given.

create table query_count (
    namespace text collate "C" not null,
    minute bigint not null,
    kind text collate "C" not null,
    queries bigint not null,
    primary key (namespace, minute, kind)
);

create index guidance_created on guidance (namespace, created_at);

select brainops_guard('query_count');
grant select, insert, update, delete on query_count to brainops_runtime;
