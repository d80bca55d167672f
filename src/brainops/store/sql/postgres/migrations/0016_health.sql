-- How often memory was asked, by minute and way of asking; receipts in the order in which they were given; which error
-- happened when, so that the first time of each is found at once.

create table query_count (
    namespace text collate "C" not null,
    minute bigint not null,
    kind text collate "C" not null,
    queries bigint not null,
    primary key (namespace, minute, kind)
);

create index guidance_created on guidance (namespace, created_at);

drop index operation_fingerprint;
create index operation_fingerprint on operation (namespace, fingerprint, finished_at) where fingerprint is not null;

select brainops_guard('query_count');
grant select, insert, update, delete on query_count to brainops_runtime;
