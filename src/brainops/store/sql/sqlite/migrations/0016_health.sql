-- How often memory was asked, by minute and way of asking; receipts in the order in which they were given; which error
-- happened when, so that the first time of each is found at once.

create table query_count (
    namespace text not null,
    minute integer not null,
    kind text not null,
    queries integer not null,
    primary key (namespace, minute, kind)
) without rowid;

create index guidance_created on guidance (namespace, created_at);

drop index operation_fingerprint;
create index operation_fingerprint on operation (namespace, fingerprint, finished_at) where fingerprint is not null;
