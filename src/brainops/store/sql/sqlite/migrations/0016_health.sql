-- How often memory was asked, by minute and way of asking; receipts in the order in which they were given.

create table query_count (
    namespace text not null,
    minute integer not null,
    kind text not null,
    queries integer not null,
    primary key (namespace, minute, kind)
) without rowid;

create index guidance_created on guidance (namespace, created_at);
