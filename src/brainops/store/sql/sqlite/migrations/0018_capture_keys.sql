-- Under which idempotency keys memories were captured, and what was said each time. A key is kept as its hash.

create table capture_key (
    namespace text not null,
    key_hash text not null,
    memory_key integer not null references memory (key) on delete cascade,
    said text not null,
    primary key (namespace, key_hash)
) without rowid;
create index capture_key_memory on capture_key (memory_key);
